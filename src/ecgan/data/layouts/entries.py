"""What every layout gives back: labelled images, files that it cannot label, and remarks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ecgan.data.points import Points
from ecgan.image_names import IMAGE_SUFFIXES

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
