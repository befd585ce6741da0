"""What every layout gives back: labelled source images, and files that it cannot label."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ecgan.data.points import Points
from ecgan.errors import DataError, UsageError

IMAGE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".pgm", ".ppm")
)


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


@dataclass(frozen=True)
class Rejection:
    """A file left out: a short code for counting and a sentence for reading."""

    file: str
    reason: str
    message: str


Entry = SourceImage | Rejection
"""What a layout gives for a file."""


@dataclass(frozen=True)
class Listing:
    """All entries of a source of moderate size."""

    images: tuple[SourceImage, ...]
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True)
class ListOptions:
    """What the user may say about how sources are listed."""

    subjects: SubjectRule | None = None
    """Who a file of class folders shows; None: the name up to its first `_`."""
    peak_frames: int = 3
    """Frames at the end of a sequence that show its expression."""


class SubjectRule:
    """Who a file shows: from a csv, else from a pattern, else the name up to its first `_`."""

    def __init__(self, pattern: str | None = None, table: Path | None = None) -> None:
        """Raises UsageError for a pattern without group `subject`, DataError for a bad csv."""
        self._pattern = _compiled(pattern) if pattern is not None else None
        self._table = _read_table(table) if table is not None else None

    def subject(self, name: str, source: str) -> str | None:
        """The person of a file by its path below the source folder; None where no rule fits."""
        file = name.rsplit("/", 1)[-1]
        if self._table is not None:
            for key in (f"{source}/{name}", name, file):
                if key in self._table:
                    return self._table[key]
            if self._pattern is None:
                return None
        if self._pattern is not None:
            match = self._pattern.search(name)
            return (match["subject"] or None) if match else None
        return file.rsplit(".", 1)[0].split("_", 1)[0] or None


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"the subject pattern {pattern!r} is not a regular expression: {error}"
        ) from None
    if "subject" not in compiled.groupindex:
        raise UsageError(
            f"the subject pattern {pattern!r} needs a group (?P<subject>...), "
            r"for example '(?P<subject>[A-Z]{2})\.' for JAFFE"
        )
    return compiled


def _read_table(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {"file", "subject"} <= set(rows.fieldnames or ()):
                raise DataError(
                    f"{path}: expected the columns file and subject, "
                    f"got {', '.join(rows.fieldnames or ()) or 'none'}"
                )
            return {row["file"].strip(): row["subject"].strip() for row in rows if row["subject"]}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read the subjects of {path}: {error}") from None
