"""Pictures as raters get them: one size, one encoding, one length of file; and broken ones."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.errors import DataError
from ecgan.faces.photo import read_photo
from ecgan.files import sha256_bytes
from ecgan.lab.study.sources import Picture

Pixels = NDArray[np.uint8]
Damage = Literal["scrambled", "warped"]
DAMAGES: tuple[Damage, ...] = ("scrambled", "warped")
JPEG_QUALITY = 95
_BLOCKS = 8
_NAME_DIGITS = 20


def read_square(picture: Picture) -> Pixels:
    """(side, side, 3) RGB.

    Raises:
        DataError: the picture is not square, so it is not aligned as prepared data are.
        ImageError: it cannot be read.
    """
    pixels = read_photo(picture.path).pixels
    height, width = pixels.shape[:2]
    if height != width:
        raise DataError(
            f"{picture.path} has {width} x {height} pixels, expected a square face as in prepared "
            "data: real and generated pictures must be cut alike"
        )
    return pixels


def resized(pixels: Pixels, size_px: int) -> Pixels:
    """The picture at another side; Lanczos, as where prepared data are reduced."""
    if pixels.shape[0] == size_px:
        return pixels
    image = Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8)


def encoded(pixels: Pixels) -> bytes:
    """A JPEG without any metadata and with full colour resolution."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def same_length(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files filled up to the longest with zeros behind the end of the image, where no decoder
    looks: generated pictures are smoother, and their files would be shorter."""
    longest = max(map(len, files.values()), default=0)
    return {name: data.ljust(longest, b"\0") for name, data in files.items()}


def opaque_name(data: bytes, seed: int) -> str:
    """Name of a picture that depends on its bytes alone, not on what it is."""
    return sha256_bytes(f"{seed}:".encode() + data)[:_NAME_DIGITS]


def broken(pixels: Pixels, damage: Damage, generator: np.random.Generator) -> Pixels:
    """A picture that nobody takes for real: its 8 x 8 blocks shuffled, or bent by steep waves."""
    if damage == "scrambled":
        return _scrambled(pixels, generator)
    return _warped(pixels, generator)


def _scrambled(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    side = pixels.shape[0] // _BLOCKS
    blocks = [
        pixels[row * side : (row + 1) * side, column * side : (column + 1) * side]
        for row in range(_BLOCKS)
        for column in range(_BLOCKS)
    ]
    shuffled = [blocks[int(i)] for i in generator.permutation(len(blocks))]
    rows = [np.hstack(shuffled[i : i + _BLOCKS]) for i in range(0, len(shuffled), _BLOCKS)]
    return resized(np.vstack(rows), pixels.shape[0])


def _warped(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    side = pixels.shape[0]
    phase_x, phase_y = generator.uniform(0, 2 * np.pi, 2)
    y, x = np.mgrid[0:side, 0:side].astype(np.float64) / side
    from_x = x + 0.14 * np.sin(2 * np.pi * 2.5 * y + phase_x)
    from_y = y + 0.14 * np.sin(2 * np.pi * 2.5 * x + phase_y)
    rows = np.clip(np.rint(from_y * side), 0, side - 1).astype(np.int64)
    columns = np.clip(np.rint(from_x * side), 0, side - 1).astype(np.int64)
    warped: Pixels = pixels[rows, columns]
    return warped
