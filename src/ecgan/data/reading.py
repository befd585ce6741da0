"""Source images one at a time, from files, zips and tables as they are: their bytes, and the pixels
of those that are no image files."""

from __future__ import annotations

import re
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.data.layouts.entries import Place
from ecgan.data.layouts.listed import SIDE
from ecgan.data.layouts.tables import MAX_ROW_BYTES
from ecgan.data.layouts.tree import MAX_MEMBER_BYTES, ZIP_ERRORS
from ecgan.errors import ImageError

MAX_IMAGE_BYTES = 400_000_000
"""Of one image file: more than the largest picture that is taken has as raw pixels."""
WIDTH, HEIGHT = 768, 576
"""Of AR's raw files."""
PLANES_BYTES = 3 * WIDTH * HEIGHT
_ENLARGED = 4
"""Times that a row's image is enlarged: at 48 pixels every face counts as too small."""
_MARGIN = SIDE * _ENLARGED // 2
"""Pixels of blurred border around it: the faces fill their rows, so that an aligned crop reaches
beyond them, where a mirrored border would show the eyes again."""
_SEPARATED = re.compile(r'[,;|\t"]')


class SourceReader:
    """Reads places; keeps one zip and one table open, as one image after another asks for them.

    A table inside a zip is unpacked in passing from row to row: never whole, and from its start
    only where the rows do not come in order.
    """

    def __init__(self) -> None:
        self._archive = lru_cache(maxsize=1)(zipfile.ZipFile)
        self._table = lru_cache(maxsize=1)(self._open)

    def read(self, place: Place) -> bytes:
        """The bytes of an image file, or the line of a row.

        Raises:
            ImageError: it cannot be read, or is too large to be a photo.
        """
        shown = place.path if place.member is None else f"{place.path}: {place.member}"
        try:
            if place.offset is not None:
                table = self._table(place.path, place.member)
                table.seek(place.offset)
                return table.readline(MAX_ROW_BYTES)
            with self._open(place.path, place.member) as file:
                data = file.read(MAX_IMAGE_BYTES + 1)
        except ZIP_ERRORS as error:
            self._table.cache_clear()
            self._archive.cache_clear()
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ImageError(f"{shown} cannot be read: {reason}") from None
        if len(data) > MAX_IMAGE_BYTES:
            raise ImageError(f"{shown} has more than {MAX_IMAGE_BYTES} bytes: make it smaller")
        return data

    def _open(self, path: Path, member: str | None) -> BinaryIO:
        if member is None:
            return path.open("rb")
        archive = self._archive(path)
        if archive.getinfo(member).file_size > MAX_MEMBER_BYTES:
            raise ValueError(f"more than {MAX_MEMBER_BYTES} bytes unpacked")
        return cast(BinaryIO, archive.open(member))


def planes(data: bytes) -> NDArray[np.uint8]:
    """(576, 768, 3) RGB pixels of a raw file: the red plane, the green one, the blue one.

    Raises:
        ImageError: another number of bytes.
    """
    if len(data) != PLANES_BYTES:
        raise ImageError(
            f"expected raw planes of {WIDTH} x {HEIGHT} x 3 = {PLANES_BYTES} bytes, got {len(data)}"
        )
    pixels = np.frombuffer(data, np.uint8).reshape(3, HEIGHT, WIDTH)
    return np.ascontiguousarray(pixels.transpose(1, 2, 0))


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
    size = (_ENLARGED * SIDE, _ENLARGED * SIDE)
    large = cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC)
    wide = cv2.copyMakeBorder(large, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_REPLICATE)
    wide = cv2.GaussianBlur(wide, (0, 0), _MARGIN / 8)
    wide[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = large
    return np.repeat(wide[..., None], 3, axis=2)
