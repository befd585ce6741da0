"""FER2013, one csv (`emotion,pixels,Usage`) whose rows are images of 48 x 48 gray pixels; and FER+,
ten people's votes (`fer2013new.csv`) for these rows, which lie beside them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from ecgan.data.layouts.label_map import ORDERS
from ecgan.data.layouts.layout import (
    Entry,
    Layout,
    ListOptions,
    Rejection,
    SourceImage,
    UnfitError,
    about,
)
from ecgan.data.layouts.tables import Row, header, rows, tables_with
from ecgan.data.layouts.tree import Tree
from ecgan.data.layouts.words import read_expression
from ecgan.errors import DataError

SIDE = 48
_EMOTIONS = ORDERS["fer2013"]
_USAGES = {usage.casefold(): usage for usage in ("Training", "PublicTest", "PrivateTest")}
_NAMING = about("fer2013")["naming"]
_VOTES = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "contempt",
    "unknown": None,
    "nf": None,
}
"""Expression by column; None: the voters saw none, or no face (NF)."""
_FERPLUS_NAMING = about("ferplus")["naming"]


def pixel_tables(tree: Tree) -> list[str]:
    """Names of the tables that hold pixels."""
    return tables_with(tree, {"emotion", "pixels"})


def image_of(tree: Tree, table: str, row: Row, expression: str) -> SourceImage:
    """A row as an image; who it shows is not known, so it counts as a person of its own.

    Raises:
        UnfitError: the row's pixels or its Usage cannot be.
    """
    count = row.values.get("pixels", "").count(" ") + 1
    if count != SIDE * SIDE:
        raise UnfitError(f"the row has {count} pixels")
    usage = row.values.get("usage")
    if usage is not None and usage.casefold() not in _USAGES:
        raise UnfitError(f"the Usage is {usage!r}")
    name = row_name(row)
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


def row_name(row: Row) -> str:
    """The name that the field gives a row: `fer0000012`."""
    return f"fer{row.number:07d}"


def _recognise(tree: Tree) -> str | None:
    tables = pixel_tables(tree)
    if not tables:
        return None
    return f"{tables[0]} has the columns {', '.join(header(tree, tables[0]))}"


def _read(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    for table in pixel_tables(tree)[:1]:
        for row in rows(tree, table):
            try:
                yield image_of(tree, table, row, _emotion(row))
            except UnfitError as error:
                message = f"{error}; expected {_NAMING}"
                shown = tree.shown(f"{table}/{row_name(row)}")
                yield Rejection(shown, "row", message)


def _emotion(row: Row) -> str:
    """Of a code, which may be written `3.0`, or of a name."""
    given = row.values.get("emotion", "")
    try:
        return _EMOTIONS[float(given)]  # type: ignore[index]
    except (ValueError, KeyError):
        reading = read_expression(given)
        expression = reading.expression if reading is not None else None
        if expression is None or expression not in _EMOTIONS.values():
            raise UnfitError(f"the emotion is {given!r}") from None
        return expression


FER2013 = Layout(
    name="fer2013",
    recognise=_recognise,
    read=_read,
)


def majority(row: Row) -> str:
    """The expression that more than half of the votes name; single votes are left out first
    (the majority rule of Barsoum et al., Sec. 3.2).

    Raises:
        UnfitError: no such majority, one for `unknown` or for no face, or no whole numbers.
    """
    try:
        votes = {column: int(row.values[column]) for column in _VOTES}
    except (KeyError, ValueError):
        raise UnfitError("the votes are no whole numbers") from None
    if not row.values.get("image name"):
        raise UnfitError("no image name, which says that there is no face", "no-face")
    counted = {column: count for column, count in votes.items() if count > 1}
    first = max(counted, key=counted.__getitem__, default="unknown")
    if 2 * counted.get(first, 0) <= sum(counted.values()):
        raise UnfitError("no expression has more than half of the votes", "no-label")
    expression = _VOTES[first]
    if expression is None:
        if first == "nf":
            raise UnfitError("most votes say that there is no face", "no-face")
        raise UnfitError("most votes say that the expression is unknown", "no-label")
    return expression


def _vote_tables(tree: Tree) -> list[str]:
    return tables_with(tree, {"image name", *_VOTES})


def _recognise_votes(tree: Tree) -> str | None:
    tables = _vote_tables(tree)
    return f"{tables[0]} has the columns of votes" if tables else None


def _read_votes(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    votes, pixels = _vote_tables(tree), pixel_tables(tree)
    if not votes or not pixels:
        missing = "fer2013.csv (pixels)" if votes else "fer2013new.csv (votes)"
        raise DataError(f"{tree.root} has no {missing}; expected {_FERPLUS_NAMING}")
    table = pixels[0]
    for row, vote in zip_longest(rows(tree, table), rows(tree, votes[0])):
        try:
            yield _voted(tree, table, row, vote)
        except UnfitError as error:
            name = row_name(row or vote)
            yield Rejection(tree.shown(f"{table}/{name}"), error.reason, str(error))


def _voted(tree: Tree, table: str, row: Row | None, vote: Row | None) -> SourceImage:
    if row is None or vote is None:
        raise UnfitError("the tables of pixels and of votes differ in length")
    usage = vote.values.get("usage", "")
    if row.values.get("usage", usage).casefold() != usage.casefold():
        raise UnfitError("the Usage differs between the tables of pixels and of votes")
    return image_of(tree, table, row, majority(vote))


FERPLUS = Layout(
    name="ferplus",
    recognise=_recognise_votes,
    read=_read_votes,
)
