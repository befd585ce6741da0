"""One data set's layout: how to recognise it, how to list it, whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ecgan.data.layouts.source import (
    Entry,
    Form,
    ListOptions,
    Rejection,
    SourceImage,
    is_image_name,
)
from ecgan.data.layouts.tree import Tree

IMAGE_ENDING = r"\.(?:jpe?g|png|bmp|tiff?|gif|webp|p[gp]m)"
"""Of a file name, in a pattern that ignores case: copies of a set are often saved anew."""


@dataclass(frozen=True)
class Layout:
    """One data set."""

    name: str
    title: str
    citation: str | None
    terms: str | None
    """What its owners allow, in a few words."""
    naming: str
    """What its files are called, with an example."""
    recognise: Callable[[Tree], str | None]
    """Why a tree is of this layout; None where it is not."""
    read: Callable[[Tree, ListOptions], Iterator[Entry]]
    """Gives all images and rejections in a fixed order, one by one: there may be more than fit into
    memory. Raises DataError where a tree cannot be of this layout."""


@dataclass(frozen=True)
class Label:
    """What a file name says."""

    subject: str
    expression: str
    intensity: float | None = None
    session: str | None = None
    variant: str | None = None
    alone: bool = False


class UnfitError(ValueError):
    """A file or row that does not fit its layout: the message tells what is wrong with it."""

    def __init__(self, message: str, reason: str = "row") -> None:
        super().__init__(message)
        self.reason = reason


def named_layout(
    *,
    name: str,
    title: str,
    citation: str,
    terms: str,
    naming: str,
    pattern: str,
    label: Callable[[re.Match[str]], Label],
    takes: Callable[[str], bool] = is_image_name,
    form: Callable[[str], Form] = lambda _: "photo",
) -> Layout:
    """A layout whose file names say everything.

    Args:
        pattern: of the path's end, from a `/` on or from the start; ignores case.
        label: what a matching name says; raises UnfitError where a part of it has no meaning.
        takes: whether a file is meant to be an image of the set.
    """
    compiled = re.compile(rf"(?:^|/){pattern}$", re.IGNORECASE | re.ASCII)

    def recognise(tree: Tree) -> str | None:
        fitting, files = counted(filter(takes, tree.names), compiled.search)
        return (
            f"{fitting} of {files} images are named like {naming}" if 2 * fitting > files else None
        )

    def read(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
        for file in filter(takes, tree.names):
            match = compiled.search(file)
            try:
                if match is None:
                    raise UnfitError("the name does not fit")
                said = label(match)
            except UnfitError as error:
                message = f"{error}; expected {naming}"
                yield Rejection(tree.shown(file), "naming", message)
            else:
                yield labelled(tree, file, said, form(file))

    return Layout(name, title, citation, terms, naming, recognise, read)


def labelled(tree: Tree, file: str, label: Label, form: Form = "photo") -> SourceImage:
    """An image file of a tree with what is known of it."""
    path = PurePosixPath(file)
    return SourceImage(
        place=tree.place(file, form=form),
        name=file,
        source=tree.source,
        subject=label.subject,
        expression=label.expression,
        intensity=label.intensity,
        session=label.session,
        variant=label.variant,
        alone=label.alone,
        stem=path.stem if is_image_name(file) or form == "planes" else path.name,
    )


def counted(files: Iterable[str], fits: Callable[[str], object]) -> tuple[int, int]:
    """How many files fit, and how many there are."""
    fitting = total = 0
    for file in files:
        total += 1
        fitting += bool(fits(file))
    return fitting, total
