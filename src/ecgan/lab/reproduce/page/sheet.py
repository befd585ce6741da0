"""Rows and columns of small pictures; what a model made bears a mark in its corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ecgan.inference.grid import BACKGROUND, INK, QUIET_INK, fitted, write_line

Pixels = NDArray[np.uint8]

SYNTHETIC = "synthetic"
_EMPTY = (236, 236, 236)
_SHOWN_PX = 1100
"""Width at which a page shows a sheet: the letters of wider ones grow with them."""


@dataclass(frozen=True)
class Cell:
    """One picture; none where there is none to show."""

    pixels: Pixels | None
    """(height, width, 3), RGB."""
    synthetic: bool = False
    why_empty: str = ""


@dataclass(frozen=True)
class Group:
    """Columns that stand together under one title."""

    title: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A row of all groups' columns; with a `title` it begins a new block."""

    label: str
    cells: tuple[Cell, ...]
    title: str = ""


def picture_sheet(
    groups: Sequence[Group], rows: Sequence[Row], *, tile_px: int, footer: str
) -> Pixels:
    """Lay out the rows, each cell fitted into a square of `tile_px`.

    Raises:
        ValueError: no rows, or one with another number of cells than there are columns.
    """
    columns = [name for group in groups for name in group.columns]
    if not rows or any(len(row.cells) != len(columns) for row in rows):
        raise ValueError(f"expected rows of {len(columns)} cells, got {len(rows)} rows")
    return _Sheet(groups, rows, tile_px).drawn(footer)


class _Sheet:
    """A sheet and how large everything on it is, in pixels."""

    def __init__(self, groups: Sequence[Group], rows: Sequence[Row], tile_px: int) -> None:
        self._groups, self._rows, self._tile = groups, rows, tile_px
        columns = [name for group in groups for name in group.columns]
        scale = max(1.0, len(columns) * tile_px / _SHOWN_PX)
        self._size = round(16 * scale)
        self._line = round(1.2 * self._size)
        self._gap = 4
        self._apart = round(26 * scale)
        self._labels = round(5.6 * self._size)
        self._mark_size = round(11 * min(scale, 1.3))
        self._lefts = self._column_places()
        self._heads = [self._wrapped(name, tile_px) for name in columns]
        self._title = round(1.5 * self._size) + self._gap
        self._top = self._gap + self._title * any(group.title for group in groups)
        self._body = self._top + self._line * max(map(len, self._heads)) + 2 * self._gap
        height = self._body + self._line + 2 * self._gap
        height += sum(tile_px + self._gap + self._title * bool(row.title) for row in rows)
        self._image = Image.new("RGB", (self._lefts[-1] + tile_px + self._gap, height), BACKGROUND)
        self._draw = ImageDraw.Draw(self._image)

    def drawn(self, footer: str) -> Pixels:
        """Headings, rows and a line at the bottom."""
        self._headings()
        top = self._body
        for row in self._rows:
            if row.title:
                width = self._image.width - self._labels
                self._write((self._labels, top), row.title, width, size_px=round(1.1 * self._size))
                top += self._title
            lines = self._wrapped(row.label, self._labels - 2 * self._gap)
            middle = top + (self._tile - self._line * len(lines)) // 2
            self._write_lines((self._gap, middle), lines, self._labels - 2 * self._gap)
            for left, cell in zip(self._lefts, row.cells, strict=True):
                self._place((left, top), cell)
            top += self._tile + self._gap
        width = self._image.width - 2 * self._gap
        self._write((self._gap, top + self._gap), footer, width, ink=QUIET_INK)
        return np.asarray(self._image, dtype=np.uint8)

    def _column_places(self) -> list[int]:
        """Where each column begins."""
        lefts = []
        left = self._labels
        for group in self._groups:
            for _ in group.columns:
                lefts.append(left)
                left += self._tile + self._gap
            left += self._apart
        return lefts

    def _headings(self) -> None:
        first = 0
        for group in self._groups:
            last = first + len(group.columns) - 1
            width = self._lefts[last] + self._tile - self._lefts[first]
            place = (self._lefts[first], self._gap)
            self._write(place, group.title, width, size_px=round(1.2 * self._size))
            first = last + 1
        for left, lines in zip(self._lefts, self._heads, strict=True):
            top = self._body - self._gap - self._line * len(lines)
            self._write_lines((left, top), lines, self._tile)

    def _place(self, place: tuple[int, int], cell: Cell) -> None:
        left, top = place
        if cell.pixels is None:
            if cell.why_empty:
                box = (left, top, left + self._tile - 1, top + self._tile - 1)
                self._draw.rectangle(box, fill=_EMPTY)
                middle = (left + 8, top + (self._tile - self._line) // 2)
                self._write(middle, cell.why_empty, self._tile - 16, ink=QUIET_INK)
            return
        picture = fitted(cell.pixels, self._tile)
        x = left + (self._tile - picture.width) // 2
        y = top + (self._tile - picture.height) // 2
        self._image.paste(picture, (x, y))
        if cell.synthetic:
            self._mark((x + picture.width, y + picture.height))

    def _mark(self, corner: tuple[int, int]) -> None:
        """The word in the lower right corner, on the picture itself, so that a crop keeps it."""
        font = ImageFont.load_default(self._mark_size)
        x, y = corner
        width = round(self._draw.textlength(SYNTHETIC, font=font)) + 6
        top = y - self._mark_size - 3
        self._draw.rectangle((x - width, top, x - 1, y - 1), fill=INK)
        self._draw.text((x - width + 3, top), SYNTHETIC, fill=(255, 255, 255), font=font)

    def _wrapped(self, label: str, width: int) -> list[str]:
        """A label in as many lines as it takes."""
        font = ImageFont.load_default(self._size)
        lines = [""]
        for word in label.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and font.getlength(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def _write_lines(self, place: tuple[int, int], lines: Sequence[str], width: int) -> None:
        for number, line in enumerate(lines):
            self._write((place[0], place[1] + number * self._line), line, width)

    def _write(
        self,
        place: tuple[int, int],
        words: str,
        width: int,
        *,
        size_px: int | None = None,
        ink: tuple[int, int, int] = INK,
    ) -> None:
        size = size_px or self._size
        write_line(self._draw, place, words, size_px=size, ink=ink, width=width)
