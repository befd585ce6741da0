"""Which layout a source has: the one asked for, or the one that its files show."""

from __future__ import annotations

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
from ecgan.data.layouts.source import Listing, ListOptions
from ecgan.data.layouts.tree import Tree, open_tree
from ecgan.data.layouts.yale import YALE
from ecgan.errors import UsageError

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
    """One source, listed."""

    name: str
    layout: Layout
    why: str
    """How its layout was found."""
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


def list_source(root: Path, layout: str = AUTO, options: ListOptions | None = None) -> Source:
    """Images of a folder or zip; `auto` takes the first layout that recognises it, else folders.

    Raises:
        UsageError: no such layout, or a rule about people for one that knows them by name.
        DataError: the source cannot be read, or cannot be of this layout.
    """
    options = options or ListOptions()
    asked = None if layout == AUTO else find_layout(layout)
    if asked not in (None, FOLDERS) and options.subjects is not None:
        raise UsageError(
            f"the files of layout {layout} say who they show; the subject pattern and the "
            "subjects csv go with --layout folders"
        )
    with open_tree(root) as tree:
        chosen, why = (asked, "as asked") if asked is not None else _recognised(tree, options)
        listing = chosen.read(tree, options)
        rejected = (*tree.rejected, *listing.rejected)
    return Source(tree.source, chosen, why, Listing(listing.images, rejected))


def _recognised(tree: Tree, options: ListOptions) -> tuple[Layout, str]:
    if options.subjects is not None:
        return FOLDERS, "a rule is given for who is on its files"
    for layout in _TRIED:
        why = layout.recognise(tree)
        if why is not None:
            return layout, why
    return FOLDERS, "its files fit no other layout"
