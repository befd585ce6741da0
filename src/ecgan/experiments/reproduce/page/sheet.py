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
_GAP_PX = 4
_APART_PX = 26
"""Between the columns of two groups."""
_LABEL_PX = 92
_LABEL_SIZE_PX = 17
_LINE_PX = 20
_TITLE_PX = 30
_FOOTER_PX = 30
_EMPTY = (236, 236, 236)


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
    lefts = _lefts(groups, tile_px)
    titled = any(group.title for group in groups)
    heads = [_wrapped(name, tile_px) for name in columns]
    head_px = 5 + _LINE_PX * max(map(len, heads))
    top = _GAP_PX + _TITLE_PX * titled
    height = top + head_px + _FOOTER_PX + _GAP_PX
    height += sum(tile_px + _GAP_PX + _TITLE_PX * bool(row.title) for row in rows)
    sheet = Image.new("RGB", (lefts[-1] + tile_px + _GAP_PX, height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    first = 0
    for group in groups:
        last = first + len(group.columns) - 1
        width = lefts[last] + tile_px - lefts[first]
        write_line(draw, (lefts[first], _GAP_PX), group.title, size_px=20, ink=INK, width=width)
        first = last + 1
    top += head_px
    for left, lines in zip(lefts, heads, strict=True):
        _write_lines(draw, (left, top - 3 - _LINE_PX * len(lines)), lines, tile_px)
    for row in rows:
        if row.title:
            place, width = (_LABEL_PX, top + 5), sheet.width - 2 * _GAP_PX
            write_line(draw, place, row.title, size_px=18, ink=INK, width=width)
            top += _TITLE_PX
        width = _LABEL_PX - 2 * _GAP_PX
        lines = _wrapped(row.label, width)
        _write_lines(draw, (_GAP_PX, top + (tile_px - _LINE_PX * len(lines)) // 2), lines, width)
        for left, cell in zip(lefts, row.cells, strict=True):
            _place(sheet, draw, (left, top), cell, tile_px)
        top += tile_px + _GAP_PX
    place, width = (_GAP_PX, sheet.height - _FOOTER_PX + 4), sheet.width - 2 * _GAP_PX
    write_line(draw, place, footer, size_px=15, ink=QUIET_INK, width=width)
    return np.asarray(sheet, dtype=np.uint8)


def _wrapped(label: str, width: int) -> list[str]:
    """A label in as many lines as it takes."""
    font = ImageFont.load_default(_LABEL_SIZE_PX)
    lines = [""]
    for word in label.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _write_lines(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], lines: Sequence[str], width: int
) -> None:
    for number, line in enumerate(lines):
        at = (place[0], place[1] + number * _LINE_PX)
        write_line(draw, at, line, size_px=_LABEL_SIZE_PX, ink=INK, width=width)


def _lefts(groups: Sequence[Group], tile_px: int) -> list[int]:
    """Where each column begins."""
    lefts = []
    left = _LABEL_PX
    for group in groups:
        for _ in group.columns:
            lefts.append(left)
            left += tile_px + _GAP_PX
        left += _APART_PX
    return lefts


def _place(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    cell: Cell,
    tile_px: int,
) -> None:
    left, top = place
    if cell.pixels is None:
        if cell.why_empty:
            box = (left, top, left + tile_px - 1, top + tile_px - 1)
            draw.rectangle(box, fill=_EMPTY)
            words = (left + 8, top + tile_px // 2 - 8)
            write_line(draw, words, cell.why_empty, size_px=13, ink=QUIET_INK, width=tile_px - 16)
        return
    picture = fitted(cell.pixels, tile_px)
    x = left + (tile_px - picture.width) // 2
    y = top + (tile_px - picture.height) // 2
    sheet.paste(picture, (x, y))
    if cell.synthetic:
        _mark(draw, (x + picture.width, y + picture.height))


def _mark(draw: ImageDraw.ImageDraw, corner: tuple[int, int]) -> None:
    """The word in the lower right corner, on the picture itself, so that a crop keeps it."""
    font = ImageFont.load_default(11)
    x, y = corner
    width = round(draw.textlength(SYNTHETIC, font=font)) + 6
    draw.rectangle((x - width, y - 14, x - 1, y - 1), fill=INK)
    draw.text((x - width + 3, y - 14), SYNTHETIC, fill=(255, 255, 255), font=font)
