"""Rows and columns of small pictures; what a model made bears a mark in its corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ecgan.inference.grid import BACKGROUND, INK, QUIET_INK, fitted, write_line

Pixels = NDArray[np.uint8]
Group = tuple[str, Sequence[str]]
"""A title, and the columns that stand together under it."""

SYNTHETIC = "synthetic"
_EMPTY = (236, 236, 236)
_GAP = 4
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
class Row:
    """A row of all groups' columns; with a `title` it begins a new block."""

    label: str
    cells: Sequence[Cell]
    title: str = ""


def picture_sheet(
    groups: Sequence[Group], rows: Sequence[Row], *, tile_px: int, footer: str
) -> Pixels:
    """Lay out the rows, each cell fitted into a square of `tile_px`.

    Raises:
        ValueError: no rows, or one with another number of cells than there are columns.
    """
    heads = [name for _, columns in groups for name in columns]
    if not rows or any(len(row.cells) != len(heads) for row in rows):
        raise ValueError(f"expected rows of {len(heads)} cells, got {len(rows)} rows")
    scale = max(1.0, len(heads) * tile_px / _SHOWN_PX)
    size = round(16 * scale)
    line, label_px, title_px = round(1.2 * size), round(5.6 * size), round(1.5 * size) + _GAP
    step = tile_px + _GAP
    lefts: list[int] = []
    titles: list[tuple[str, int, int]] = []  # with left side and width
    left = label_px
    for title, columns in groups:
        lefts += [left + place * step for place in range(len(columns))]
        titles.append((title, left, lefts[-1] + tile_px - left))
        left = lefts[-1] + step + round(26 * scale)
    wrapped = [_wrapped(name, size, tile_px) for name in heads]
    top = _GAP + line * max(map(len, wrapped)) + 2 * _GAP
    top += title_px * any(title for title, _ in groups)
    height = top + line + 2 * _GAP + sum(step + title_px * bool(row.title) for row in rows)
    sheet = Image.new("RGB", (lefts[-1] + step, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)

    for title, left, width in titles:
        _write(draw, (left, _GAP), [title], round(1.2 * size), width)
    for left, lines in zip(lefts, wrapped, strict=True):
        _write(draw, (left, top - _GAP - line * len(lines)), lines, size, tile_px)
    for row in rows:
        if row.title:
            _write(draw, (label_px, top), [row.title], round(1.1 * size), sheet.width - label_px)
            top += title_px
        lines = _wrapped(row.label, size, label_px - 2 * _GAP)
        middle = top + (tile_px - line * len(lines)) // 2
        _write(draw, (_GAP, middle), lines, size, label_px - 2 * _GAP)
        for left, cell in zip(lefts, row.cells, strict=True):
            _place(sheet, (left, top), cell, tile_px, scale)
        top += step
    _write(draw, (_GAP, top + _GAP), [footer], size, sheet.width - 2 * _GAP, QUIET_INK)
    return np.asarray(sheet, dtype=np.uint8)


def _place(
    sheet: Image.Image, place: tuple[int, int], cell: Cell, tile_px: int, scale: float
) -> None:
    """A picture in the middle of its square, or the reason why there is none."""
    left, top = place
    draw = ImageDraw.Draw(sheet)
    if cell.pixels is not None:
        picture = fitted(cell.pixels, tile_px)
        x, y = left + (tile_px - picture.width) // 2, top + (tile_px - picture.height) // 2
        sheet.paste(picture, (x, y))
        if cell.synthetic:
            _mark(draw, (x + picture.width, y + picture.height), round(11 * min(scale, 1.3)))
    elif cell.why_empty:
        draw.rectangle((left, top, left + tile_px - 1, top + tile_px - 1), fill=_EMPTY)
        size = round(16 * scale)
        middle = (left + 8, top + (tile_px - round(1.2 * size)) // 2)
        _write(draw, middle, [cell.why_empty], size, tile_px - 16, QUIET_INK)


def _mark(draw: ImageDraw.ImageDraw, corner: tuple[int, int], size_px: int) -> None:
    """The word in the lower right corner, on the picture itself, so that a crop keeps it."""
    font = ImageFont.load_default(size_px)
    x, y = corner
    width = round(draw.textlength(SYNTHETIC, font=font)) + 6
    top = y - size_px - 3
    draw.rectangle((x - width, top, x - 1, y - 1), fill=INK)
    draw.text((x - width + 3, top), SYNTHETIC, fill=(255, 255, 255), font=font)


def _wrapped(label: str, size_px: int, width: int) -> list[str]:
    """A label in as many lines as it takes."""
    font = ImageFont.load_default(size_px)
    lines = [""]
    for word in label.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _write(  # noqa: PLR0917
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    lines: Sequence[str],
    size_px: int,
    width: int,
    ink: tuple[int, int, int] = INK,
) -> None:
    """Lines of text, one below the other."""
    left, top = place
    for number, line in enumerate(lines):
        below = (left, top + number * round(1.2 * size_px))
        write_line(draw, below, line, size_px=size_px, ink=ink, width=width)
