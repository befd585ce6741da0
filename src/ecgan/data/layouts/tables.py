"""Lists of what images show: tables of values with a header, and `labels.jsonl`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from ecgan.data.disk import DiskDict
from ecgan.data.layouts.tree import Tree
from ecgan.data.points import NUM_LANDMARKS
from ecgan.errors import DataError

MAX_ROW_BYTES = 1 << 16
"""Longer lines count as several rows; one of FER2013 has at most 9,300 bytes."""
LABELS_NAME = "labels.jsonl"
_MAX_LABELS_LINE = 1 << 20
_MAX_TABLES = 16
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Row:
    """One row that is not the header."""

    number: int
    """From 0."""
    offset: int
    """Of its first byte in the file."""
    values: dict[str, str]
    """By column name in lower case; a value that the row lacks is missing here too."""


def rows(tree: Tree, name: str, columns: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of a csv whose rows are single lines.

    `columns`: names in lower case where the first line may be no header; it is one if the first
    of these names stands in it.

    Raises:
        DataError: the file cannot be read.
    """
    tree.use(name)
    lines: Iterator[tuple[int, str]] = tree.lines(name, MAX_ROW_BYTES)
    try:
        first = next(lines, (0, ""))
        names, separator = read_header(first[1])
        if columns and columns[0] not in names:
            names, lines = list(columns), chain([first], lines)
        yield from read_rows(lines, names, separator)
    except csv.Error as error:
        message = f"{tree.root}/{name} is damaged: expected a csv ({error})"
        raise DataError(message) from None


def read_header(line: str, columns: Sequence[str] = ()) -> tuple[list[str], str]:
    """The names of a header in lower case, and what separates them: the sign that shows all of
    `columns`, else the first of `,`, `;`, tab and `|` that stands in it."""
    given = [sign for sign in _SEPARATORS if sign in line] or [","]
    for sign in given:
        names = [value.lower() for value in _values(line, sign)]
        if columns and set(columns) <= set(names):
            return names, sign
    return [value.lower() for value in _values(line, given[0])], given[0]


def read_rows(
    lines: Iterable[tuple[int, str]], names: Sequence[str], separator: str
) -> Iterator[Row]:
    """The rows of lines with the place of each; empty lines do not count."""
    found = ((offset, _values(line, separator)) for offset, line in lines)
    for number, (offset, values) in enumerate(row for row in found if row[1]):
        yield Row(number, offset, dict(zip(names, values, strict=False)))


def _values(line: str, separator: str) -> list[str]:
    for values in csv.reader([line.rstrip("\r\n")], delimiter=separator, skipinitialspace=True):
        return [value.strip() for value in values]
    return []


def header(tree: Tree, name: str) -> list[str]:
    """The first line's values in lower case; none where it is empty or cannot be read."""
    try:
        _, line = next(tree.lines(name, MAX_ROW_BYTES), (0, ""))
        return read_header(line)[0]
    except (DataError, csv.Error):
        return []


def tables_with(tree: Tree, columns: set[str]) -> list[str]:
    """Names of the csv files nearest to the top whose header has all these columns."""
    csvs = sorted(
        (name for name in tree.names if name.lower().endswith(".csv")),
        key=lambda name: (name.count("/"), name),
    )
    return [name for name in csvs[:_MAX_TABLES] if columns <= set(header(tree, name))]


class LabelLine(BaseModel):
    """What a line of `labels.jsonl` says of its file. All files of one person match pixel for
    pixel; `pair` names a smaller group, and null says that this file does not match."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True, cache_strings="keys")

    file: str = Field(min_length=1)
    """Path below the folder of the `labels.jsonl`."""
    subject: str | None = None
    expression: str | None = None
    """As written."""
    intensity: FiniteFloat | None = Field(None, ge=0)
    landmarks: (
        Annotated[
            tuple[tuple[FiniteFloat, FiniteFloat], ...],
            Field(min_length=NUM_LANDMARKS, max_length=NUM_LANDMARKS),
        ]
        | None
    ) = None
    """x, y in source pixels."""
    pair: str | None = None
    mask: str | None = None
    """Path of an image that is no photo, so it is not listed."""
    recipe: (
        Annotated[str, AfterValidator(lambda text: text.strip().lower().replace(":", "-"))] | None
    ) = None
    """Which of several ways of showing the expression."""


class LabelsFiles:
    """The lines of all labels files of a tree by the file that each labels; all are sound."""

    def __init__(self, tree: Tree, base: str) -> None:
        """`base`: a folder that file names leave out. Raises DataError for a damaged line."""
        self._lines, self.masks = DiskDict(), DiskDict()
        for name in labels_files(tree):
            tree.use(name)
            self._read(tree, name, name.removesuffix(LABELS_NAME).removeprefix(base))

    def of(self, name: str) -> LabelLine:
        """An empty one where no line names the file."""
        line = self._lines.get(name)
        return LabelLine(file=name) if line is None else LabelLine.model_validate_json(line)

    def done(self, name: str) -> None:
        """The file is there, so that `left` does not name it."""
        self._lines.pop(name, None)

    def left(self) -> list[str]:
        return sorted(self._lines)

    def _read(self, tree: Tree, file: str, folder: str) -> None:
        for number, (_, text) in enumerate(tree.lines(file, _MAX_LABELS_LINE), start=1):
            if not text.strip():
                continue
            where = f"{tree.root}/{file}:{number}"
            try:
                line = LabelLine.model_validate_json(text)
            except ValidationError as error:
                first = error.errors()[0]
                at = ".".join(map(str, first["loc"]))
                raise DataError(
                    f"{where} is damaged ({f'{at}: ' if at else ''}{first['msg']}); expected a "
                    "JSON object with file, subject, expression, intensity and 68 landmarks"
                ) from None
            name = folder + line.file
            if name in self._lines:
                raise DataError(f"{where} names {name} a second time, expected one line a file")
            self._lines[name] = text
            if line.mask:
                self.masks[folder + line.mask] = ""


def labels_files(tree: Tree) -> list[str]:
    """Names of the labels files, at any depth."""
    return [n for n in tree.names if n == LABELS_NAME or n.endswith(f"/{LABELS_NAME}")]
