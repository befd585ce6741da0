"""Data set layouts: each turns a source, a folder or a zip, into a list of labelled images. It
has the layout that is asked for, or the one that its files show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.layouts.classes import LabelMap, read_label_map
from ecgan.data.layouts.entries import Entry, Place, Rejection, Remark, SourceImage, source_name
from ecgan.data.layouts.folders import FOLDERS
from ecgan.data.layouts.layout import Layout, ListOptions
from ecgan.data.layouts.listed import AFFECTNET, FER2013, FERPLUS, RAFDB
from ecgan.data.layouts.named import BY_NAME, CKPLUS
from ecgan.data.layouts.people import SubjectRule
from ecgan.data.layouts.tables import LABELS_NAME
from ecgan.data.layouts.tree import Tree, open_tree
from ecgan.data.layouts.words import is_usual, nearest_expression, part_of, read_expression
from ecgan.errors import DataError, UsageError
from ecgan.image_names import IMAGE_SUFFIXES

__all__ = [
    "IMAGE_SUFFIXES",
    "LABELS_NAME",
    "LAYOUTS",
    "Entry",
    "LabelMap",
    "ListOptions",
    "ListedSource",
    "Listing",
    "Place",
    "Rejection",
    "Remark",
    "Source",
    "SourceImage",
    "SubjectRule",
    "find_layout",
    "is_usual",
    "list_source",
    "nearest_expression",
    "part_of",
    "read_expression",
    "read_label_map",
    "read_source",
    "source_name",
]

AUTO = "auto"
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (FOLDERS, FERPLUS, FER2013, AFFECTNET, RAFDB, CKPLUS, *BY_NAME)
}
"""As `auto` tries them. Class folders come first: who sorted a data set's files into them wants
these labels; FER+ has FER2013's table beside its own."""


@dataclass(frozen=True)
class Listing:
    """All entries of a source of moderate size."""

    images: tuple[SourceImage, ...]
    rejected: tuple[Rejection, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class Source:
    """What one source was taken for."""

    name: str
    layout: Layout
    why: str
    """How its layout was found."""
    passed_over: tuple[str, ...]
    """Files that are neither images nor lists of the layout, and hidden ones."""


@dataclass(frozen=True)
class ListedSource(Source):
    """A source with all its entries."""

    listing: Listing


def find_layout(name: str) -> Layout:
    """A layout by name.

    Raises:
        UsageError: no such layout.
    """
    if name not in LAYOUTS:
        known = ", ".join((AUTO, *sorted(LAYOUTS)))
        raise UsageError(f"unknown layout {name!r}, expected one of {known}")
    return LAYOUTS[name]


def list_source(root: Path, layout: str = AUTO, options: ListOptions | None = None) -> ListedSource:
    """As `read_source`, with the entries in memory."""
    entries: list[Entry] = []
    source = read_source(root, entries.append, layout, options)
    images = tuple(entry for entry in entries if isinstance(entry, SourceImage))
    rejected = tuple(entry for entry in entries if isinstance(entry, Rejection))
    remarks = tuple(entry for entry in entries if isinstance(entry, Remark))
    return ListedSource(**vars(source), listing=Listing(images, rejected, remarks))


def read_source(
    root: Path,
    take: Callable[[Entry], object],
    layout: str = AUTO,
    options: ListOptions | None = None,
) -> Source:
    """Hand each image and rejection of a folder or zip to `take`, one by one and in a fixed order.

    `auto` takes the first layout that recognises the source, else folders.

    Raises:
        UsageError: no such layout, or a rule about people for one that knows them by name.
        DataError: the source cannot be read, or cannot be of this layout.
    """
    options = options or ListOptions()
    asked = None if layout == AUTO else find_layout(layout)
    if asked not in (None, FOLDERS) and options.labels is not None:
        raise UsageError(
            f"the files of layout {layout} say their expressions; --labels goes with "
            "--layout folders"
        )
    if asked not in (None, FOLDERS) and options.subjects is not None:
        raise UsageError(
            f"the files of layout {layout} say who they show; the subject pattern and the "
            "subjects csv go with --layout folders"
        )
    with open_tree(root) as tree:
        chosen, why = (asked, "as asked") if asked is not None else _recognised(tree, options)
        for rejection in tree.rejected:
            take(rejection)
        count = 0
        for entry in chosen.read(tree, options):
            count += not isinstance(entry, Remark) or entry.kind == "left-out"
            take(entry)
        if not count:
            raise DataError(f"no images in {root}; expected {chosen.naming} in it")
        return Source(tree.source, chosen, why, tuple(map(tree.shown, tree.passed_over())))


def _recognised(tree: Tree, options: ListOptions) -> tuple[Layout, str]:
    if options.subjects is not None:
        return FOLDERS, "a rule is given for who is on its files"
    if options.labels is not None:
        return FOLDERS, "a table is given for its labels"
    for layout in LAYOUTS.values():
        why = layout.recognise(tree)
        if why is not None:
            return layout, why
    return FOLDERS, "its files fit no other layout"
