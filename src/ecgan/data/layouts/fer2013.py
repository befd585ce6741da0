"""FER2013: one csv, `emotion,pixels,Usage`, whose rows are images of 48 x 48 gray pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.data.layouts.layout import Layout, UnfitError
from ecgan.data.layouts.source import Entry, ListOptions, Rejection, SourceImage
from ecgan.data.layouts.tables import Row, header, rows, tables_with
from ecgan.data.layouts.tree import Tree
from ecgan.data.layouts.words import read_expression
from ecgan.errors import ImageError

SIDE = 48
ENLARGED = 4
"""Times that a row's image is enlarged: at 48 pixels every face counts as too small."""
MARGIN = SIDE * ENLARGED // 2
"""Pixels of blurred border around it: the faces fill their rows, so that an aligned crop reaches
beyond them, where a mirrored border would show the eyes again."""
USAGES = ("Training", "PublicTest", "PrivateTest")
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""By code."""
_SEPARATED = re.compile(r'[,;|\t"]')
_USAGES = {usage.casefold(): usage for usage in USAGES}
_NAMING = (
    "a csv with the columns emotion (0 to 6, or a name), pixels (48 x 48 numbers 0 to 255) and "
    f"Usage ({', '.join(USAGES)})"
)


def row_pixels(line: bytes) -> NDArray[np.uint8]:
    """(384, 384, 3) gray as RGB: the longest value of a csv line, enlarged, with its margin.

    Raises:
        ImageError: it does not hold 48 x 48 whole numbers from 0 to 255.
    """
    try:
        values = _SEPARATED.split(line.decode("ascii").rstrip("\r\n"))
        pixels = np.array(max(values, key=len).split(), dtype=np.int64)
    except (ValueError, UnicodeDecodeError, OverflowError):
        pixels = np.empty(0, dtype=np.int64)
    if pixels.size != SIDE * SIDE or pixels.min() < 0 or pixels.max() > 255:
        raise ImageError(f"expected {SIDE} x {SIDE} whole numbers from 0 to 255 in the row")
    gray = pixels.astype(np.uint8).reshape(SIDE, SIDE)
    size = (ENLARGED * SIDE, ENLARGED * SIDE)
    large = cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC)
    wide = cv2.copyMakeBorder(large, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    wide = cv2.GaussianBlur(wide, (0, 0), MARGIN / 8)
    wide[MARGIN:-MARGIN, MARGIN:-MARGIN] = large
    return np.repeat(wide[..., None], 3, axis=2)


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
        return EMOTIONS[range(len(EMOTIONS)).index(float(given))]  # type: ignore[arg-type]
    except ValueError:
        reading = read_expression(given)
        if reading is None or reading.expression not in EMOTIONS:
            raise UnfitError(f"the emotion is {given!r}") from None
        return reading.expression


FER2013 = Layout(
    name="fer2013",
    title="FER2013",
    citation=(
        "I. J. Goodfellow et al., Challenges in Representation Learning: A report on three "
        "machine learning contests, ICONIP 2013"
    ),
    terms="photos found on the web, whose rights are their owners': research only",
    naming=_NAMING,
    recognise=_recognise,
    read=_read,
)
