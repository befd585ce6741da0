"""Data sets with lists: FER2013, one csv (`emotion,pixels,Usage`) whose rows are images of 48 x 48
gray pixels; FER+, ten people's votes (`fer2013new.csv`) for these rows; AffectNet
(`Manually_Annotated_file_lists/{training,validation}.csv`) and RAF-DB
(`EmoLabel/list_patition_label.txt`), whose lists name image files. Nobody knows who is on their
images, so each counts as a person of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import NamedTuple

from ecgan.data.disk import DiskDict
from ecgan.data.layouts.entries import Entry, Rejection, SourceImage
from ecgan.data.layouts.layout import Layout, ListOptions, UnfitError, about, labelled
from ecgan.data.layouts.tables import MAX_ROW_BYTES, Row, header, rows, tables_with
from ecgan.data.layouts.tree import Tree
from ecgan.data.layouts.words import ORDERS, read_expression
from ecgan.errors import DataError
from ecgan.expressions import canonical_expression

SIDE = 48
"""Pixels of a row's image along each side."""
_USAGES = {usage.casefold(): usage for usage in ("Training", "PublicTest", "PrivateTest")}
_VOTES = {"neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"}
_NO_VOTES = {"unknown": "the expression is unknown", "nf": "there is no face"}
"""Columns of FER+ beside `_VOTES`, and what they say."""


def _pixel_tables(tree: Tree) -> list[str]:
    return tables_with(tree, {"emotion", "pixels"})


def _recognise_fer2013(tree: Tree) -> str | None:
    tables = _pixel_tables(tree)
    return f"{tables[0]} has the columns {', '.join(header(tree, tables[0]))}" if tables else None


def _read_fer2013(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    for table in _pixel_tables(tree)[:1]:
        for row in rows(tree, table):
            try:
                yield _row_image(tree, table, row, _emotion(row))
            except UnfitError as error:
                message = f"{error}; expected {about('fer2013')['naming']}"
                yield tree.reject(f"{table}/{_row_name(row)}", "row", message)


def _emotion(row: Row) -> str:
    """Of a code, which may be written `3.0`, or of a name."""
    given, order = row.values.get("emotion", ""), ORDERS["fer2013"]
    try:
        return {float(code): name for code, name in order.items()}[float(given)]
    except (ValueError, KeyError):
        reading = read_expression(given)
        if reading is None or reading.expression not in order.values():
            raise UnfitError(f"the emotion is {given!r}") from None
        return str(reading.expression)


def _row_image(tree: Tree, table: str, row: Row, expression: str) -> SourceImage:
    """Raises UnfitError where the row's pixels or its Usage cannot be."""
    count = row.values.get("pixels", "").count(" ") + 1
    if count != SIDE * SIDE:
        raise UnfitError(f"the row has {count} pixels")
    usage = row.values.get("usage")
    if usage is not None and usage.casefold() not in _USAGES:
        raise UnfitError(f"the Usage is {usage!r}")
    name = _row_name(row)
    return SourceImage(
        place=tree.place(table, offset=row.offset, form="row"),
        name=f"{table}/{name}",
        source=tree.source,
        subject=f"fer2013-{name}",
        expression=expression,
        partition=None if usage is None else _USAGES[usage.casefold()],
        stem=name,
        alone=True,
    )


def _row_name(row: Row) -> str:
    """The name that the field gives a row: `fer0000012`."""
    return f"fer{row.number:07d}"


def _vote_tables(tree: Tree) -> list[str]:
    return tables_with(tree, {"image name", *_VOTES, *_NO_VOTES})


def _recognise_ferplus(tree: Tree) -> str | None:
    tables = _vote_tables(tree)
    return f"{tables[0]} has the columns of votes" if tables else None


def _read_ferplus(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    votes, pixels = _vote_tables(tree), _pixel_tables(tree)
    if not votes or not pixels:
        missing = "fer2013.csv (pixels)" if votes else "fer2013new.csv (votes)"
        raise DataError(f"{tree.root} has no {missing}; expected {about('ferplus')['naming']}")
    table = pixels[0]
    for row, vote in zip_longest(rows(tree, table), rows(tree, votes[0])):
        try:
            if row is None or vote is None:
                raise UnfitError("the tables of pixels and of votes differ in length")
            usage = vote.values.get("usage", "")
            if row.values.get("usage", usage).casefold() != usage.casefold():
                raise UnfitError("the Usage differs between the tables of pixels and of votes")
            yield _row_image(tree, table, row, _majority(vote))
        except UnfitError as error:
            yield tree.reject(f"{table}/{_row_name(row or vote)}", error.reason, str(error))


def _majority(row: Row) -> str:
    """The expression that more than half of the votes name; single votes are left out first
    (the majority rule of Barsoum et al., Sec. 3.2).

    Raises:
        UnfitError: no such majority, one for `unknown` or for no face, or no whole numbers.
    """
    try:
        votes = {column: int(row.values[column]) for column in (*_VOTES, *_NO_VOTES)}
    except (KeyError, ValueError):
        raise UnfitError("the votes are no whole numbers") from None
    if not row.values.get("image name"):
        raise UnfitError("no image name, which says that there is no face", "no-face")
    counted = {column: count for column, count in votes.items() if count > 1}
    first = max(counted, key=counted.__getitem__, default="unknown")
    if 2 * counted.get(first, 0) <= sum(counted.values()):
        raise UnfitError("no expression has more than half of the votes", "no-label")
    if first in _NO_VOTES:
        reason = "no-face" if first == "nf" else "no-label"
        raise UnfitError(f"most votes say that {_NO_VOTES[first]}", reason)
    return canonical_expression(first)


class _Line(NamedTuple):
    """A line of a list that names an image file."""

    key: str
    """By which the file is found."""
    shown: str
    """What reports call the line where there is no such file."""
    code: str
    partition: str


def _match(
    tree: Tree, layout: str, lines: Iterable[_Line | Rejection], files: DiskDict, hint: str = ""
) -> Iterator[Entry]:
    """Images by the lines of a list, and what is in one of them alone.

    `files`: image file by key; `hint`: the end of messages on these.
    """
    used = DiskDict()
    for line in lines:
        if isinstance(line, Rejection):
            yield line
            continue
        file, expression = files.get(line.key), ORDERS[layout].get(line.code)
        shown = file or line.shown
        if line.code in _UNLABELLED:
            yield tree.reject(shown, "no-label", f"labelled as {_UNLABELLED[line.code]}")
        elif expression is None:
            yield tree.reject(shown, "row", f"the expression is {line.code!r}, expected 0 to 10")
        elif file is None:
            message = f"the list names it, but there is no such image file{hint}"
            yield tree.reject(shown, "missing", message)
        elif line.key in used:
            yield tree.reject(shown, "row", "the lists name this image a second time")
        else:
            yield labelled(
                tree,
                file,
                subject=f"{layout}-{line.key}",
                expression=expression,
                partition=line.partition,
                stem="-".join(PurePosixPath(line.key).with_suffix("").parts),
                alone=True,
            )
        used[line.key] = ""
    for key, file in files.items():
        if key not in used:
            yield tree.reject(file, "no-label", f"no list names this image{hint}")


_AFFECTNET_COLUMNS = ("subdirectory_filepath", "x", "y", "width", "height", "points", "expression")
"""The first of a list; of these two are read."""
_UNLABELLED = {"8": "none of the expressions", "9": "uncertain", "10": "no face"}
"""Codes of AffectNet beside those of expressions."""


def _affectnet_lists(tree: Tree) -> list[str]:
    """The lists; in some releases the second has no header."""
    names = ("training.csv", "validation.csv")
    return [
        name
        for name in tree.names
        if PurePosixPath(name).name.lower() in names
        and (
            "manually_annotated_file_lists/" in name.lower()
            or _AFFECTNET_COLUMNS[0] in header(tree, name)
        )
    ]


def _rafdb_lists(tree: Tree) -> list[str]:
    """The release misspells it."""
    names = ("list_patition_label.txt", "list_partition_label.txt")
    return [name for name in tree.names if PurePosixPath(name).name in names]


def _recognise_affectnet(tree: Tree) -> str | None:
    return next((f"it has the list {name}" for name in _affectnet_lists(tree)), None)


def _recognise_rafdb(tree: Tree) -> str | None:
    return next((f"it has the list {name}" for name in _rafdb_lists(tree)), None)


def _read_affectnet(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    def end(name: str) -> str:
        """Folder and file, which tell the images apart wherever the set lies."""
        return "/".join(PurePosixPath(name).parts[-2:])

    def lines() -> Iterator[_Line]:
        for table in _affectnet_lists(tree):
            partition = PurePosixPath(table).stem.lower()
            for row in rows(tree, table, _AFFECTNET_COLUMNS):
                named = row.values.get(_AFFECTNET_COLUMNS[0], "")
                shown = f"{table}/row {row.number}: {named}"
                yield _Line(end(named), shown, row.values.get("expression", ""), partition)

    files = DiskDict()
    files.update((end(name), name) for name in tree.image_names)
    yield from _match(tree, "affectnet", lines(), files)


def _read_rafdb(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    pattern = re.compile(r"((train|test)_\d+)\.jpg\s+([1-7])", re.ASCII)
    expected = f"expected {about('rafdb')['naming']}"

    def lines() -> Iterator[_Line | Rejection]:
        for table in _rafdb_lists(tree)[:1]:
            tree.use(table)
            for offset, line in tree.lines(table, MAX_ROW_BYTES):
                if match := pattern.fullmatch(line.strip()):
                    yield _Line(match[1], f"{match[1]}.jpg", match[3], match[2])
                elif line.strip():
                    shown = f"{table}, byte {offset}: {line.strip()[:80]}"
                    yield tree.reject(shown, "row", expected)

    files = DiskDict()
    for name in tree.image_names:
        stem = PurePosixPath(name).stem
        plain = stem.removesuffix("_aligned")
        if stem != plain or plain not in files:  # the aligned one where both are there
            files[plain] = name
    yield from _match(tree, "rafdb", lines(), files, f"; {expected}")


FER2013 = Layout("fer2013", _recognise_fer2013, _read_fer2013, **about("fer2013"))
FERPLUS = Layout("ferplus", _recognise_ferplus, _read_ferplus, **about("ferplus"))
AFFECTNET = Layout("affectnet", _recognise_affectnet, _read_affectnet, **about("affectnet"))
RAFDB = Layout("rafdb", _recognise_rafdb, _read_rafdb, **about("rafdb"))
