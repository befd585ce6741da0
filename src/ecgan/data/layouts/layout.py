"""What a data set's layout is: how to recognise it, how to list it, whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ecgan.data.layouts.classes import LabelMap
from ecgan.data.layouts.entries import Entry, Form, SourceImage, is_image_name
from ecgan.data.layouts.people import SubjectRule
from ecgan.data.layouts.tree import Tree
from ecgan.data.layouts.words import read_yaml


@dataclass(frozen=True)
class ListOptions:
    """What the user may say about how sources are listed."""

    subjects: SubjectRule | None = None
    """Who a file of class folders shows; None: found from folders and file names."""
    peak_frames: int = 3
    """Frames at the end of a sequence that show its expression."""
    labels: LabelMap | None = None
    """Expressions by the names of class folders."""
    group_later: bool = False
    """Images of which nothing says who is on them will be grouped by their faces."""


@dataclass(frozen=True)
class Layout:
    """One data set's layout."""

    name: str
    recognise: Callable[[Tree], str | None]
    """Why a tree is of this layout; None where it is not."""
    read: Callable[[Tree, ListOptions], Iterator[Entry]]
    """Gives all images and rejections in a fixed order, one by one: there may be more than fit into
    memory. Raises DataError where a tree cannot be of this layout."""
    title: str
    naming: str
    """What its files are called, with an example."""
    citation: str | None = None
    """None where it is no data set but any user's folders."""
    terms: str | None = None
    """What its owners allow, in a few words."""


def about(layout: str) -> dict[str, str]:
    """What `data_sets.yaml` says of a layout: `title` and `naming`; `citation` and `terms` where it
    is a data set's."""
    found: dict[str, str] = read_yaml("data_sets.yaml")[layout]
    return found


class UnfitError(ValueError):
    """A file or row that does not fit its layout: the message tells what is wrong with it."""

    def __init__(self, message: str, reason: str = "row") -> None:
        super().__init__(message)
        self.reason = reason


def labelled(tree: Tree, file: str, form: Form = "photo", **said: Any) -> SourceImage:
    """An image file of a tree with what is `said` of it, see `SourceImage`; the outputs are called
    like the file where no stem is said."""
    path = PurePosixPath(file)
    said.setdefault("stem", path.stem if is_image_name(file) or form == "planes" else path.name)
    return SourceImage(tree.place(file, form=form), name=file, source=tree.source, **said)


def mostly(files: Iterable[str], fits: Callable[[str], object], what: str) -> str | None:
    """`what` most of the files are, with the count; None where half or fewer fit."""
    fitting = total = 0
    for file in files:
        total += 1
        fitting += bool(fits(file))
    return f"{fitting} of {total} images {what}" if 2 * fitting > total else None
