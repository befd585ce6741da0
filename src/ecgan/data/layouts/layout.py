"""What a data set's layout is, and what every one gives back: labelled images, and files that it
cannot label."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import yaml

from ecgan.data.layouts.label_map import LabelMap
from ecgan.data.layouts.subjects import SubjectRule
from ecgan.data.points import Points
from ecgan.image_names import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from ecgan.data.layouts.tree import Tree

IMAGE_ENDING = r"\.(?:jpe?g|png|bmp|tiff?|gif|webp|p[gp]m)"
"""Of a file name, in a pattern that ignores case: copies of a set are often saved anew."""
Form = Literal["photo", "planes", "row"]
"""An image file, AR's raw colour planes, or a row of FER2013's table."""


def source_name(source: Path) -> str:
    """The last part of a source's path, without `.zip`; a link keeps its own name."""
    path = Path(os.path.abspath(source))  # noqa: PTH100  resolve() would follow the link
    return path.stem if path.suffix.lower() == ".zip" and not path.is_dir() else path.name


def is_image_name(name: str) -> bool:
    """Whether a file's name ends like one of an image."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


@dataclass(frozen=True)
class Place:
    """Where the bytes of one image lie."""

    path: Path
    """The file itself, or the zip that holds it."""
    member: str | None = None
    """Name inside the zip."""
    offset: int | None = None
    """First byte of the image's row, where the file is a table."""
    form: Form = "photo"

    @property
    def is_file(self) -> bool:
        """Whether the file at `path` is the image, and nothing else is in it."""
        return self.member is None and self.offset is None


@dataclass(frozen=True)
class SourceImage:
    """One image with its labels."""

    place: Place
    name: str
    """Path below the source, with forward slashes; for a row: the table's, then the row's name."""
    source: str
    subject: str
    expression: str
    intensity: float | None = None
    landmarks: Points | None = None
    """68 points in pixels of the source image, where a labels file gives them."""
    pair: str | None = None
    """Images with the same key are of one person and match pixel for pixel."""
    session: str | None = None
    """Which of several sittings of a person, or which of several sequences."""
    variant: str | None = None
    """What differs from a plain frontal photo, joined by `+`: `glasses+left-light`."""
    partition: str | None = None
    """The part of the published partition that the image belongs to."""
    recipe: str | None = None
    """Which of several ways of showing the expression, where a labels file gives it."""
    stem: str | None = None
    """Name of the outputs; None: the path inside its class folder."""
    alone: bool = False
    """Nobody says who it shows, so that it counts as a person of its own."""


@dataclass(frozen=True)
class Rejection:
    """A file left out: a short code for counting and a sentence for reading."""

    file: str
    reason: str
    message: str


@dataclass(frozen=True)
class Remark:
    """What a user must know of how a source was read."""

    kind: Literal["note", "warning", "left-out"]
    """`left-out`: one image that the options leave out; `text` says what for."""
    text: str


Entry = SourceImage | Rejection | Remark
"""What a layout gives for a file, or says of all."""


@dataclass(frozen=True)
class Listing:
    """All entries of a source of moderate size."""

    images: tuple[SourceImage, ...]
    rejected: tuple[Rejection, ...] = ()
    remarks: tuple[Remark, ...] = ()


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
    """One data set's layout: how to recognise it, how to list it, whose it is."""

    name: str
    recognise: Callable[[Tree], str | None]
    """Why a tree is of this layout; None where it is not."""
    read: Callable[[Tree, ListOptions], Iterator[Entry]]
    """Gives all images and rejections in a fixed order, one by one: there may be more than fit into
    memory. Raises DataError where a tree cannot be of this layout."""

    @property
    def title(self) -> str:
        return about(self.name)["title"]

    @property
    def naming(self) -> str:
        """What its files are called, with an example."""
        return about(self.name)["naming"]

    @property
    def citation(self) -> str | None:
        """None where it is no data set but any user's folders."""
        return about(self.name).get("citation")

    @property
    def terms(self) -> str | None:
        """What its owners allow, in a few words."""
        return about(self.name).get("terms")


def about(layout: str) -> Mapping[str, str]:
    """What `data_sets.yaml` says of a layout: `title` and `naming`; `citation` and `terms` where it
    is a data set's."""
    return _data_sets()[layout]


@cache
def _data_sets() -> dict[str, dict[str, str]]:
    text = files("ecgan.data.layouts").joinpath("data_sets.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.load(text, Loader=yaml.BaseLoader)
    return found


@dataclass(frozen=True)
class Label:
    """What a file name or a line of a list says, see `SourceImage`."""

    subject: str
    expression: str
    intensity: float | None = None
    session: str | None = None
    variant: str | None = None
    partition: str | None = None
    stem: str | None = None
    """Name of the outputs; None: that of the file."""
    alone: bool = False


class UnfitError(ValueError):
    """A file or row that does not fit its layout: the message tells what is wrong with it."""

    def __init__(self, message: str, reason: str = "row") -> None:
        super().__init__(message)
        self.reason = reason


def labelled(tree: Tree, file: str, label: Label, form: Form = "photo") -> SourceImage:
    """An image file of a tree with what is known of it."""
    path = PurePosixPath(file)
    stem = path.stem if is_image_name(file) or form == "planes" else path.name
    said = {**vars(label), "stem": label.stem or stem}
    return SourceImage(tree.place(file, form=form), name=file, source=tree.source, **said)


def counted(files: Iterable[str], fits: Callable[[str], object]) -> tuple[int, int]:
    """How many files fit, and how many there are."""
    fitting = total = 0
    for file in files:
        total += 1
        fitting += bool(fits(file))
    return fitting, total
