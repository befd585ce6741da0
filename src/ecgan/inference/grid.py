"""A labelled contact sheet: the source and each expression, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ecgan.faces.alignment import Alignment

BACKGROUND = (250, 250, 250)
INK = (28, 28, 28)
QUIET_INK = (110, 110, 110)
FRAME = 1.5
"""Side of the square around a face, in sides of its aligned crop."""
_GAP_PX = 10
_LABEL_PX = 50
_FOOTER_PX = 30

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 are outside."""


@dataclass(frozen=True)
class Tile:
    """One picture of the sheet."""

    label: str
    pixels: NDArray[np.uint8]
    """(height, width, 3), RGB."""
    note: str = ""
    """A second, quieter line under the label."""


def contact_grid(
    tiles: Sequence[Tile], *, columns: int = 4, tile_px: int = 320, footer: str = ""
) -> NDArray[np.uint8]:
    """Lay tiles out in rows, each fitted into a square of `tile_px` with its label below.

    Raises:
        ValueError: no tiles, or sizes below 1.
    """
    if not tiles or columns < 1 or tile_px < 1:
        raise ValueError(f"expected tiles, columns, tile_px of at least 1, got {len(tiles)} tiles")
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    step_x, step_y = tile_px + _GAP_PX, tile_px + _LABEL_PX + _GAP_PX
    size = (_GAP_PX + columns * step_x, _GAP_PX + rows * step_y + (_FOOTER_PX if footer else 0))
    sheet = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for index, tile in enumerate(tiles):
        left = _GAP_PX + index % columns * step_x
        top = _GAP_PX + index // columns * step_y
        picture = fitted(tile.pixels, tile_px)
        sheet.paste(
            picture, (left + (tile_px - picture.width) // 2, top + tile_px - picture.height)
        )
        write_line(draw, (left, top + tile_px + 4), tile.label, size_px=20, ink=INK, width=tile_px)
        write_line(
            draw, (left, top + tile_px + 28), tile.note, size_px=14, ink=QUIET_INK, width=tile_px
        )
    if footer:
        place, width = (_GAP_PX, size[1] - _FOOTER_PX), size[0] - 2 * _GAP_PX
        write_line(draw, place, footer, size_px=14, ink=QUIET_INK, width=width)
    return np.asarray(sheet, dtype=np.uint8)


def square_around(centre: tuple[float, float], side: float, width: int, height: int) -> Box:
    """The square of `side` around `centre`, moved and if need be shrunk to lie in the photo."""
    side_px = max(1, min(round(side), width, height))
    left = min(max(round(centre[0] - side_px / 2), 0), width - side_px)
    top = min(max(round(centre[1] - side_px / 2), 0), height - side_px)
    return left, top, left + side_px, top + side_px


def square_of_face(alignment: Alignment, shape: tuple[int, ...]) -> Box:
    """The square of an (height, width, ...) photo that shows a face, with `FRAME` times the side of
    its crop."""
    centre = alignment.to_photo(np.array([[alignment.size / 2, alignment.size / 2]]))[0]
    side = FRAME * alignment.size / alignment.scale
    return square_around((float(centre[0]), float(centre[1])), side, shape[1], shape[0])


def fitted(pixels: NDArray[np.uint8], tile_px: int) -> Image.Image:
    """A picture whose longer side has `tile_px` pixels."""
    picture = Image.fromarray(pixels)
    scale = tile_px / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def write_line(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    *,
    size_px: int,
    ink: tuple[int, int, int],
    width: int,
) -> None:
    """One line of text, cut with an ellipsis where it is wider than `width` pixels."""
    font = ImageFont.load_default(size_px)
    if draw.textlength(text, font=font) > width:
        while text and draw.textlength(text + "…", font=font) > width:
            text = text[:-1]
        text += "…"
    draw.text(place, text, fill=ink, font=font)
