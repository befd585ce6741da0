"""All sources of one `prepare`: checked, listed, and what of them goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.journal import JOURNAL_NAME
from ecgan.data.layouts import (
    ListOptions,
    Rejection,
    Source,
    SourceImage,
    list_source,
    parse_variants,
    select,
    source_name,
)
from ecgan.errors import UsageError


@dataclass(frozen=True)
class Gathered:
    """The images of all sources that are to be prepared, and what became of the others."""

    sources: tuple[Source, ...]
    images: tuple[SourceImage, ...]
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
    announce: Callable[[Source], None] | None = None,
) -> Gathered:
    """List all sources and select among their images; `announce` hears of each source.

    Raises:
        UsageError: an option that does not fit.
        DataError: a source that cannot be read, or cannot be of this layout.
    """
    if options.peak_frames < 1:
        raise UsageError(f"the peak frames take a number from 1, got {options.peak_frames}")
    wanted = parse_variants(variants)
    listed = []
    for root in sources:
        listed.append(list_source(root, layout, options))
        if announce is not None:
            announce(listed[-1])
    found = [image for source in listed for image in source.listing.images]
    selection = select(found, variants=wanted, only_basic=only_basic)
    rejected = tuple(rejection for source in listed for rejection in source.listing.rejected)
    return Gathered(tuple(listed), selection.images, rejected, selection.left_out)


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
    check_out(out, "prepare", begun=(out / JOURNAL_NAME).exists())


def check_out(out: Path, command: str, *, begun: bool) -> None:
    """Raises UsageError where `out` is neither new, nor empty, nor one that `command` has begun."""
    expected = f"expected a new folder or one of an earlier {command}"
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file, {expected}")
    if out.is_dir() and any(out.iterdir()) and not begun:
        raise UsageError(f"{out} holds other files, {expected}")
