"""Which layout a source has: the one asked for, or the one that its files show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.layouts.affectnet import AFFECTNET
from ecgan.data.layouts.ar import AR
from ecgan.data.layouts.bu3dfe import BU3DFE
from ecgan.data.layouts.ckplus import CKPLUS
from ecgan.data.layouts.fer2013 import FER2013
from ecgan.data.layouts.ferg import FERG
from ecgan.data.layouts.ferplus import FERPLUS
from ecgan.data.layouts.folders import FOLDERS
from ecgan.data.layouts.jaffe import JAFFE
from ecgan.data.layouts.kdef import KDEF
from ecgan.data.layouts.layout import Layout
from ecgan.data.layouts.rafd import RAFD
from ecgan.data.layouts.rafdb import RAFDB
from ecgan.data.layouts.source import Entry, Listing, ListOptions, Rejection, Remark, SourceImage
from ecgan.data.layouts.tree import Tree, open_tree
from ecgan.data.layouts.yale import YALE
from ecgan.errors import DataError, UsageError

AUTO = "auto"
_TRIED = (
    FOLDERS,
    FERPLUS,  # has FER2013's table beside its own
    FER2013,
    AFFECTNET,
    RAFDB,
    CKPLUS,
    AR,
    YALE,
    JAFFE,
    FERG,
    BU3DFE,
    RAFD,
    KDEF,
)
"""Class folders come first: who sorted a data set's files into them wants these labels."""
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _TRIED}


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
    for layout in _TRIED:
        why = layout.recognise(tree)
        if why is not None:
            return layout, why
    return FOLDERS, "its files fit no other layout"
