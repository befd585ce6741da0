"""FER+: ten people's votes (`fer2013new.csv`) for the rows of FER2013, which lie beside them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from ecgan.data.layouts.fer2013 import image_of, pixel_tables, row_name
from ecgan.data.layouts.layout import Layout, UnfitError
from ecgan.data.layouts.source import Entry, ListOptions, Rejection, SourceImage
from ecgan.data.layouts.tables import Row, rows, tables_with
from ecgan.data.layouts.tree import Tree
from ecgan.errors import DataError

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
_NAMING = (
    "fer2013new.csv with the columns Usage, Image name, neutral, happiness, surprise, sadness, "
    "anger, disgust, fear, contempt, unknown, NF beside fer2013.csv"
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


def _recognise(tree: Tree) -> str | None:
    tables = _vote_tables(tree)
    return f"{tables[0]} has the columns of votes" if tables else None


def _read(tree: Tree, _options: ListOptions) -> Iterator[Entry]:
    votes, pixels = _vote_tables(tree), pixel_tables(tree)
    if not votes or not pixels:
        missing = "fer2013.csv (pixels)" if votes else "fer2013new.csv (votes)"
        raise DataError(f"{tree.root} has no {missing}; expected {_NAMING}")
    table = pixels[0]
    for row, vote in zip_longest(rows(tree, table), rows(tree, votes[0])):
        try:
            yield _image(tree, table, row, vote)
        except UnfitError as error:
            name = row_name(row or vote)
            yield Rejection(tree.shown(f"{table}/{name}"), error.reason, str(error))


def _image(tree: Tree, table: str, row: Row | None, vote: Row | None) -> SourceImage:
    if row is None or vote is None:
        raise UnfitError("the tables of pixels and of votes differ in length")
    usage = vote.values.get("usage", "")
    if row.values.get("usage", usage).casefold() != usage.casefold():
        raise UnfitError("the Usage differs between the tables of pixels and of votes")
    return image_of(tree, table, row, majority(vote))


FERPLUS = Layout(
    name="ferplus",
    title="FER+",
    citation=(
        "E. Barsoum, C. Zhang, C. Canton Ferrer and Z. Zhang, Training Deep Networks for Facial "
        "Expression Recognition with Crowd-Sourced Label Distribution, ICMI 2016"
    ),
    terms="labels MIT; the photos of FER2013 are from the web: research only",
    naming=_NAMING,
    recognise=_recognise,
    read=_read,
)
