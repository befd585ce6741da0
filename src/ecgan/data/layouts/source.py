"""What every layout gives back: labelled source images, and files that it cannot label."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ecgan.errors import DataError, UsageError

IMAGE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".pgm", ".ppm")
)


def source_name(folder: Path) -> str:
    """The last part of a source folder's path; a link keeps its own name."""
    return Path(os.path.abspath(folder)).name  # noqa: PTH100  resolve() would follow the link


@dataclass(frozen=True)
class SourceImage:
    """One file with its labels."""

    path: Path
    name: str
    """Path below the source folder, with forward slashes."""
    source: str
    subject: str
    expression: str
    intensity: float | None = None
    landmarks: tuple[tuple[float, float], ...] | None = None
    """68 points in pixels of the source image, where a labels file gives them."""
    pair: str | None = None
    """Images with the same key are of one person and match pixel for pixel."""


@dataclass(frozen=True)
class Rejection:
    """A file left out: a short code for counting and a sentence for reading."""

    file: str
    reason: str
    message: str


@dataclass(frozen=True)
class Listing:
    images: tuple[SourceImage, ...]
    rejected: tuple[Rejection, ...] = ()


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
