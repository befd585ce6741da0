"""Who a file shows, as the user says it: a csv, a pattern."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ecgan.data.layouts.words import is_nobody
from ecgan.errors import DataError, UsageError

_COLUMNS = ("file", "subject")
_SEPARATORS = (",", ";", "\t", "|")


class SubjectRule:
    """Who a file shows: from a csv, else from a pattern, else the name up to its first `_`."""

    def __init__(self, pattern: str | None = None, table: Path | None = None) -> None:
        """Raises UsageError for a pattern without group `subject`, DataError for a bad csv."""
        self._pattern = _compiled(pattern) if pattern is not None else None
        self._table = _Table(table) if table is not None else None

    def subject(self, name: str, source: str) -> str | None:
        """The person of a file by its path below the source folder; None where no rule fits."""
        if self._table is not None:
            found = self._table.subject(name, source)
            if found is not None:
                return found
            if self._pattern is None:
                return None
        if self._pattern is not None:
            match = self._pattern.search(name)
            return (match["subject"] or None) if match else None
        stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        first = stem.split("_", 1)[0]
        return (stem if is_nobody(first) else first) or None

    def unused(self) -> list[str]:
        """Files that the csv names and no source had, so far."""
        return [] if self._table is None else self._table.unused()


class _Row(NamedTuple):
    path: tuple[str, ...]
    subject: str
    number: int


class _Table:
    """A csv of files; each by its path, of which the source may know the end alone."""

    def __init__(self, path: Path) -> None:
        self._rows: dict[str, list[_Row]] = defaultdict(list)
        self._used: set[int] = set()
        for row in _read_table(path):
            for other in self._rows[row.path[-1]]:
                if other.path == row.path and other.subject != row.subject:
                    raise DataError(
                        f"{path} names {'/'.join(row.path)} twice, as {other.subject} (row "
                        f"{other.number}) and as {row.subject} (row {row.number}); expected one "
                        "person a file: add the folder to the name, or remove one"
                    )
            self._rows[row.path[-1]].append(row)

    def subject(self, name: str, source: str) -> str | None:
        whole = _parts(f"{source}/{name}")
        fitting = [row for row in self._rows.get(whole[-1], ()) if _fits(row.path, whole)]
        if not fitting:
            return None
        best = max(fitting, key=lambda row: min(len(row.path), len(whole)))
        self._used.add(best.number)
        return best.subject

    def unused(self) -> list[str]:
        rows = (row for found in self._rows.values() for row in found)
        return ["/".join(row.path) for row in rows if row.number not in self._used]


def _fits(listed: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Whether one path ends like the other; a listed one may lie below a source of another name."""
    short = min(len(listed), len(whole))
    return listed[-short:] == whole[-short:] or listed[-len(whole) + 1 :] == whole[1:]


def _parts(path: str) -> tuple[str, ...]:
    """The parts of a path as any system writes it, without root, drive and `.`."""
    flat = unicodedata.normalize("NFC", path.strip()).replace("\\", "/")
    return tuple(
        part
        for part in PurePosixPath(flat).parts
        if part not in ("/", "//", ".", "..") and not re.fullmatch("[A-Za-z]:", part)
    )


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


def _read_table(path: Path) -> list[_Row]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            separator = delimiter_of(file.readline(), _COLUMNS)
            file.seek(0)
            lines = csv.reader(file, delimiter=separator, skipinitialspace=True)
            names = [name.strip().lower() for name in next(lines, [])]
            if not set(_COLUMNS) <= set(names):
                raise DataError(
                    f"{path}: expected the columns file and subject, "
                    f"got {', '.join(names) or 'none'}"
                )
            rows = []
            for number, values in enumerate(lines, start=2):
                row = dict(zip(names, (value.strip() for value in values), strict=False))
                parts = _parts(row.get("file", ""))
                if parts and row.get("subject"):
                    rows.append(_Row(parts, row["subject"], number))
            return rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read the subjects of {path}: {error}") from None


def delimiter_of(line: str, columns: Sequence[str] = ()) -> str:
    """What separates the values of a header: the sign that shows all of `columns`, else the first
    of `,`, `;`, tab and `|` that stands in it."""
    for sign in _SEPARATORS:
        names = {value.strip().strip('"').lower() for value in line.split(sign)}
        if columns and set(columns) <= names:
            return sign
    return next((sign for sign in _SEPARATORS if sign in line), ",")
