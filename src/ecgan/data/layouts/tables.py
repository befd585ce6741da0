"""Tables inside a source, row by row: what each says, and where in the file it starts."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecgan.data.layouts.subjects import delimiter_of
from ecgan.data.layouts.tree import Tree
from ecgan.errors import DataError

MAX_ROW_BYTES = 1 << 16
"""Longer lines count as several rows; one of FER2013 has at most 9,300 bytes."""
_MAX_TABLES = 16


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
    names = [column.lower() for column in columns]
    first = True
    number = 0
    separator = ","
    tree.use(name)
    for offset, line in tree.lines(name, MAX_ROW_BYTES):
        if first:
            separator = delimiter_of(line)
        values = _split(line, f"{tree.root}/{name}", separator)
        if first:
            first = False
            given = [value.lower() for value in values]
            if not names or names[0] in given:
                names = given
                continue
        if values:
            yield Row(number, offset, dict(zip(names, values, strict=False)))
            number += 1


def header(tree: Tree, name: str) -> list[str]:
    """The first line's values in lower case; none where it is empty or cannot be read."""
    try:
        for _, line in tree.lines(name, MAX_ROW_BYTES):
            values = _split(line, f"{tree.root}/{name}", delimiter_of(line))
            return [value.lower() for value in values]
    except DataError:
        pass
    return []


def tables_with(tree: Tree, columns: set[str]) -> list[str]:
    """Names of the csv files nearest to the top whose header has all these columns."""
    csvs = sorted(
        (name for name in tree.names if name.lower().endswith(".csv")),
        key=lambda name: (name.count("/"), name),
    )
    return [name for name in csvs[:_MAX_TABLES] if columns <= set(header(tree, name))]


def _split(line: str, where: str, separator: str) -> list[str]:
    try:
        for values in csv.reader([line.rstrip("\r\n")], delimiter=separator):
            return [value.strip() for value in values]
    except csv.Error as error:
        raise DataError(f"{where} is damaged: expected a csv ({error})") from None
    return []
