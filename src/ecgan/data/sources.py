"""All sources of one `prepare`: checked, listed, and what of them goes on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ecgan.data.journal import JOURNAL_NAME
from ecgan.data.layouts import (
    Entry,
    ListOptions,
    Rejection,
    Remark,
    Source,
    SourceImage,
    part_of,
    read_source,
    source_name,
)
from ecgan.data.manifest import CARD_NAME
from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS

_OLD_JOURNAL_NAME = ".prepare.jsonl"
_SHOWN = 5
_ALL, _NONE = "all", "none"


@dataclass(frozen=True)
class Gathered:
    """What is known of all sources beside the images that are to be prepared."""

    sources: tuple[Source, ...]
    rejected: tuple[Rejection, ...]
    left_out: dict[str, int]
    """Counts of images that the options leave out, by what for."""
    remarks: tuple[Remark, ...]
    """Notes and warnings on how the sources were read."""

    passed_over: dict[str, list[str]]
    """Files that are neither images nor lists, by their suffix."""

    def plus(self, remarks: Iterable[Remark]) -> Gathered:
        """With more remarks."""
        return replace(self, remarks=(*self.remarks, *remarks))

    def texts(self, kind: str) -> tuple[str, ...]:
        """Of the remarks of one kind."""
        return tuple(remark.text for remark in self.remarks if remark.kind == kind)


def gather(
    sources: Sequence[Path],
    layout: str,
    options: ListOptions,
    *,
    variants: str,
    only_basic: bool,
    use_parts: bool = False,
    beside: Collection[str] = (),
    take: Callable[[SourceImage], object],
    announce: Callable[[Source], None] | None = None,
) -> Gathered:
    """Hand each image that is to be prepared to `take`; `announce` hears of each source.

    `use_parts`: images that are in no published part are rejected. `beside`: suffixes of files that
    are read beside images, so that they count as used.

    Raises:
        UsageError: an option that does not fit.
        DataError: a source that cannot be read, or cannot be of this layout.
    """
    if options.peak_frames < 1:
        raise UsageError(f"the peak frames take a number from 1, got {options.peak_frames}")
    kept_variants = parse_variants(variants)
    known_variants: set[str] = set()
    rejected: list[Rejection] = []
    remarks: list[Remark] = []
    left_out, not_selected = Counter[str](), Counter[str]()

    def sort_out(entry: Entry) -> None:
        if isinstance(entry, Rejection):
            rejected.append(entry)
        elif isinstance(entry, Remark):
            if entry.kind == "left-out":
                left_out[entry.text] += 1
            else:
                remarks.append(entry)
        elif use_parts and part_of(entry.partition or "") is None:
            message = "is in no folder or list called train, val or test, which --use-parts needs"
            rejected.append(Rejection(f"{entry.source}/{entry.name}", "no-part", message))
        else:
            known_variants.update(tags_of(entry))
            if reason := left_out_for(entry, kept_variants, only_basic):
                not_selected[reason] += 1
            else:
                take(entry)

    listed = []
    for root in sources:
        listed.append(read_source(root, sort_out, layout, options))
        if announce is not None:
            announce(listed[-1])
    check_variants(kept_variants, known_variants)
    remarks += [Remark("warning", text) for text in _unused(options)]
    left_out.update(dict(sorted(not_selected.items())))
    passed_over = _by_suffix(listed, {*beside})
    return Gathered(tuple(listed), tuple(rejected), dict(left_out), tuple(remarks), passed_over)


def _by_suffix(sources: Sequence[Source], beside: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        for file in source.passed_over:
            path = PurePosixPath(file)
            hidden = any(part.startswith(".") for part in path.parts)
            kind = "hidden" if hidden else path.suffix.lower() or "no suffix"
            if kind not in beside and file != f"{source.name}/{CARD_NAME}":
                found[kind].append(file)
    return {kind: found[kind] for kind in sorted(found)}


def _unused(options: ListOptions) -> Iterator[str]:
    """Lines of the user's tables that fitted nothing, which are slips of the pen."""
    if options.labels is not None:
        if options.labels.unused:
            yield (
                f"{options.labels.where} names {', '.join(options.labels.unused[:_SHOWN])}, but "
                "nothing is called so; compare with the names of the folders"
            )
        if hint := options.labels.hint():
            yield hint
    files = options.subjects.unused() if options.subjects is not None else []
    if files:
        yield (
            f"the subjects csv names {len(files)} files that no source has, such as "
            f"{', '.join(files[:_SHOWN])}; compare with their paths below the source"
        )


def check_folders(sources: Sequence[Path], out: Path | None) -> None:
    """Raises UsageError where the sources share a name, or `out` cannot take prepared data."""
    if not sources:
        raise UsageError("expected at least one source folder or zip")
    names = [source_name(source) for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two sources are named {name!r}, expected distinct last parts; rename one"
            )
    if out is None:
        return
    for source in sources:
        if out.resolve().is_relative_to(source.resolve()):
            raise UsageError(f"{out} lies inside the source {source}; choose a folder outside")
    begun = (out / JOURNAL_NAME).exists()
    if not begun and (out / _OLD_JOURNAL_NAME).exists():
        raise UsageError(
            f"{out} was prepared by an older ecgan, whose notes cannot be gone on from: its images "
            "can be used as before; to prepare them again, choose a new folder or delete this one"
        )
    check_out(out, "prepare", begun=begun)


def check_out(out: Path, command: str, *, begun: bool) -> None:
    """Raises UsageError where `out` is neither new, nor empty, nor one that `command` has begun."""
    expected = f"expected a new folder or one of an earlier {command}"
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file, {expected}")
    if out.is_dir() and any(out.iterdir()) and not begun:
        raise UsageError(f"{out} holds other files, {expected}")


def left_out_for(image: SourceImage, variants: frozenset[str] | None, only_basic: bool) -> str:
    """For what the options leave an image out: it has variants that are not named (None: all are),
    or its expression is none of the usual seven; empty where it goes on."""
    if variants is not None and not tags_of(image) <= variants:
        return f"variant {image.variant}"
    if only_basic and image.expression not in EXPRESSIONS:
        return f"expression {image.expression}"
    return ""


def tags_of(image: SourceImage) -> frozenset[str]:
    """The single variants of an image."""
    return frozenset(image.variant.split("+")) if image.variant else frozenset()


def check_variants(variants: frozenset[str] | None, known: Collection[str]) -> None:
    """Raises UsageError where a variant is named that is not known: none of the images had it."""
    unknown = sorted((variants or frozenset()).difference(known))
    if unknown:
        have = f"have {', '.join(sorted(known))}" if known else "have no variants"
        raise UsageError(f"unknown variant {unknown[0]!r}, the images {have}")


def parse_variants(text: str) -> frozenset[str] | None:
    """`none`, `all` (here None) or names such as `glasses,left-light`.

    Raises:
        UsageError: neither.
    """
    names = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    if names == {_ALL}:
        return None
    if names == {_NONE}:
        return frozenset()
    if not names or names & {_ALL, _NONE}:
        raise UsageError(
            f"the variants take 'all', 'none' or names such as glasses,left-light; got {text!r}"
        )
    return names
