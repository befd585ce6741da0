"""All sources of one `prepare`: checked, listed, and what of them goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.journal import JOURNAL_NAME
from ecgan.data.layouts import (
    Entry,
    ListOptions,
    Rejection,
    Selection,
    Source,
    SourceImage,
    parse_variants,
    read_source,
    source_name,
)
from ecgan.errors import UsageError

_OLD_JOURNAL_NAME = ".prepare.jsonl"


@dataclass(frozen=True)
class Gathered:
    """What is known of all sources beside the images that are to be prepared."""

    sources: tuple[Source, ...]
    rejected: tuple[Rejection, ...]
    left_out: dict[str, int]
    """Counts of images that the options leave out, by what for."""


def gather(
    sources: Sequence[Path],
    layout: str,
    options: ListOptions,
    *,
    variants: str,
    only_basic: bool,
    take: Callable[[SourceImage], object],
    announce: Callable[[Source], None] | None = None,
) -> Gathered:
    """Hand each image that is to be prepared to `take`; `announce` hears of each source.

    Raises:
        UsageError: an option that does not fit.
        DataError: a source that cannot be read, or cannot be of this layout.
    """
    if options.peak_frames < 1:
        raise UsageError(f"the peak frames take a number from 1, got {options.peak_frames}")
    selection = Selection(variants=parse_variants(variants), only_basic=only_basic)
    rejected: list[Rejection] = []

    def sort_out(entry: Entry) -> None:
        if isinstance(entry, Rejection):
            rejected.append(entry)
        elif selection.takes(entry):
            take(entry)

    listed = []
    for root in sources:
        listed.append(read_source(root, sort_out, layout, options))
        if announce is not None:
            announce(listed[-1])
    selection.check()
    return Gathered(tuple(listed), tuple(rejected), selection.left_out)


def check_folders(sources: Sequence[Path], out: Path) -> None:
    """Raises UsageError where the sources share a name, or `out` cannot take prepared data."""
    if not sources:
        raise UsageError("expected at least one source folder or zip")
    names = [source_name(source) for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two sources are named {name!r}, expected distinct last parts; rename one"
            )
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
