"""The change of an aligned face, and how it is applied to the photo itself.

Outside the face the photo stays exactly as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.alignment import CANONICAL_SIZE, Alignment

FEATHER = 14.0
"""Width of the soft border in canonical pixels, inside the mask."""
_TILE_PIXELS = 1 << 16
"""Of the photo are worked on at once: few, so that all of them stay in the processor's cache."""
_TILE_WIDTH = 4096
"""At most: OpenCV samples pictures of up to 32,766 px a side, and they get twice as wide."""
_REACH = 6
"""Pixels that sampling takes on each side."""
_BETWEEN = np.sinc(np.arange(-3.5, 4)) * np.sinc(np.arange(-3.5, 4) / 4)
_BETWEEN /= _BETWEEN.sum()
"""Lanczos weights of the eight neighbours of the middle between two pixels."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class FaceChange:
    """What becomes of the pixels of an aligned face: gate * (the pixel at + motion) + offset."""

    motion: Floats
    """(height, width, 2): x, y in pixels of the aligned image."""
    gate: Floats
    """(height, width), 1 where the pixels only move."""
    offset: Floats
    """(height, width, 3) in levels of 255."""
    corner: tuple[int, int] = (0, 0)
    """Column and row of the aligned image where these begin; around them nothing changes."""

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of the aligned image that they are of."""
        (left, top), (height, width) = self.corner, self.gate.shape
        return slice(top, top + height), slice(left, left + width)

    def limited(self, weight: Floats | float) -> FaceChange:
        """The change with its weight, (height, width) or one for all: 0 leaves the face as it is.
        A motion that fades shows nothing twice."""
        weight = np.broadcast_to(np.asarray(weight, np.float32), self.gate.shape)
        each = weight[..., None]
        gate = 1 - (1 - self.gate) * weight
        return FaceChange(self.motion * each, gate, self.offset * each, self.corner)

    def after(self, first: FaceChange) -> FaceChange:
        """This change of what `first` has made, as one change of what `first` changes; both are of
        the same part."""
        places = self.motion + _grid(self.gate.shape)
        fields = np.dstack([first.motion, first.gate])
        fields, offset = (
            sampled(field, places, cv2.INTER_LINEAR) for field in (fields, first.offset)
        )
        motion, gate = self.motion + fields[..., :2], self.gate * fields[..., 2]
        return FaceChange(motion, gate, times(offset, self.gate) + self.offset, self.corner)

    def of(self, crop: Pixels | Floats) -> Floats:
        """The changed aligned image, in levels of 255 that are not rounded."""
        changed = crop.astype(np.float32)
        places = self.motion + (_grid(self.gate.shape) + np.array(self.corner, np.float32))
        moved = sampled(changed, places, cv2.INTER_CUBIC)
        changed[self.part] = np.clip(times(moved, self.gate) + self.offset, 0, 255)
        return changed


def sampled(
    image: NDArray[Any], places: Floats, kind: int, border: int = cv2.BORDER_REPLICATE
) -> NDArray[Any]:
    """An image (height, width, ...) at places (height, width, 2), x and y in its pixels."""
    return cv2.remap(image, places, None, kind, borderMode=border)  # type: ignore[call-overload, no-any-return]


def times(image: Floats, weight: Floats) -> Floats:
    """An image (height, width, 3) with a weight (height, width) at each pixel."""
    return np.asarray(cv2.multiply(image, cv2.merge([weight] * 3)), np.float32)


def _grid(shape: tuple[int, ...]) -> Floats:
    """(height, width, 2): x and y of each pixel."""
    grid = np.empty((*shape, 2), np.float32)
    grid[..., 0], grid[..., 1] = np.arange(shape[1]), np.arange(shape[0])[:, None]
    return grid


def soft_mask(mask: NDArray[np.uint8]) -> Floats:
    """Mask that rises from 0 at the mask's edge to 1 at `FEATHER` inside it, smoothly.

    Args:
        mask: (size, size), 0 outside.
    """
    width = FEATHER * mask.shape[0] / CANONICAL_SIZE
    left, top, columns, rows = cv2.boundingRect(mask)
    part = slice(top, top + rows), slice(left, left + columns)
    framed = cv2.copyMakeBorder(np.where(mask[part] > 127, 255, 0).astype(np.uint8), 1, 1, 1, 1, 0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.clip((distance - 1) / np.float32(width), 0, 1)
    soft = np.zeros(mask.shape, np.float32)
    np.multiply(ramp * ramp, 3 - 2 * ramp, out=soft[part])
    return soft


def photo_mask(shape: tuple[int, ...], alignment: Alignment, mask: NDArray[np.uint8]) -> Floats:
    """Share of the change that each photo pixel gets, (height, width) in [0, 1]."""
    weight = np.zeros(shape[:2], np.float32)
    left, top, right, bottom = _region(shape, alignment, mask)
    if left < right and top < bottom:
        size = (right - left, bottom - top)
        part = _to_photo(soft_mask(mask), alignment, (left, top), size)
        weight[top:bottom, left:right] = part
    return weight


def change_face(
    pixels: NDArray[np.uint8], change: FaceChange, alignment: Alignment, mask: NDArray[np.uint8]
) -> None:
    """Change one face of a photo in place.

    Each pixel is sampled once, from the photo itself (Lanczos, 8 x 8). The change fades in from
    the mask's edge: a motion that fades shows no face twice, as two faded pictures do.

    Args:
        pixels: (height, width, 3), the whole photo.
        change: of the aligned image of side `size`.
        alignment: photo -> aligned, of the same size.
        mask: (size, size), above 127 where pixels may change.
    """
    left, top, right, bottom = _region(pixels.shape, alignment, mask)
    if left >= right or top >= bottom:
        return
    motion, offset, painted, soft = change.motion, change.offset, 1 - change.gate, soft_mask(mask)
    if alignment.scale > 1.1:  # the photo is coarser than the crop: smooth before sampling
        sigma = 0.3 * alignment.scale  # passes as much noise as the mean over a photo pixel
        offset, painted = (
            np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
            for field in (offset, painted)
        )
    turn = np.linalg.inv(alignment.matrix[:, :2]).astype(np.float32)
    far = _REACH + math.ceil(1.5 * float(np.abs(motion).max()) / alignment.scale)
    y0, x0 = max(0, top - far), max(0, left - far)
    source = pixels[y0 : bottom + far, x0 : right + far].copy()
    width = min(_TILE_WIDTH, right - left)
    height = max(16, _TILE_PIXELS // width)
    for y in range(top, bottom, height):
        for x in range(left, right, width):
            size = (min(width, right - x), min(height, bottom - y))

            at_pixels = partial(_to_photo, alignment=alignment, corner=(x, y), size=size)
            weight = at_pixels(soft)
            kept = 1 - at_pixels(painted, begin=change.corner) * weight
            moves = cv2.multiply(
                cv2.transform(at_pixels(motion, begin=change.corner), turn), cv2.merge([weight] * 2)
            )
            places = moves + (_grid(kept.shape) + np.array((x - x0, y - y0), np.float32))
            moved = cv2.multiply(_moved(source, places), cv2.merge([kept] * 3), dtype=cv2.CV_32F)
            made = cv2.add(
                moved, times(at_pixels(offset, begin=change.corner), weight), dtype=cv2.CV_8U
            )
            pixels[y : y + size[1], x : x + size[0]] = made


def _moved(source: Pixels, places: Floats) -> Pixels:
    """`source` at places (height, width, 2): cubic interpolation of the pixels and of what Lanczos
    weights give in their middles, which is within a level or two of Lanczos interpolation and takes
    less than half of its time."""
    xs, ys = (
        _reached(places[..., axis], length)
        for axis, length in ((0, source.shape[1]), (1, source.shape[0]))
    )
    part = source[ys, xs]
    across, (height, width) = _between(part, 1), part.shape[:2]
    finer = np.empty((height, 2, width, 6), np.uint8)
    finer[:, 0] = cv2.merge([part, across])
    finer[:, 1] = cv2.merge([_between(part, 0), _between(across, 0)])
    whole = finer.reshape(2 * height, 2 * width, 3)
    corner = np.array((xs.start, ys.start), np.float32)
    return sampled(whole, 2 * (places - corner), cv2.INTER_CUBIC, cv2.BORDER_REFLECT_101)


def _reached(places: Floats, length: int) -> slice:
    """Of a row of pixels, those that sampling at places takes."""
    start = min(max(0, math.floor(float(places.min())) - _REACH), length - 1)
    return slice(start, max(1, math.ceil(float(places.max())) + _REACH + 1))


def _between(pixels: Pixels, axis: int) -> Pixels:
    """The middles between neighbours along an axis."""
    weights = _BETWEEN.reshape((1, 8) if axis else (8, 1))
    anchor = (3, 0) if axis else (0, 3)
    found = cv2.filter2D(pixels, -1, weights, anchor=anchor, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(found, np.uint8)


def _to_photo(
    fields: Floats,
    alignment: Alignment,
    corner: tuple[int, int],
    size: tuple[int, int],
    begin: tuple[int, int] = (0, 0),
) -> Floats:
    """Fields of the aligned image (height, width, ...), which begin at its column and row `begin`,
    at the `size` (width, height) photo pixels from `corner`; 0 beyond them."""
    matrix = alignment.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ corner - begin
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(fields, matrix, size, flags=flags, borderValue=0), np.float32)


def _region(
    shape: tuple[int, ...], alignment: Alignment, mask: NDArray[np.uint8]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the photo around the mask."""
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return (0, 0, 0, 0)
    xs, ys = (left - 1, left + width), (top - 1, top + height)
    corners = alignment.to_photo(np.array([(x, y) for x in xs for y in ys], dtype=np.float64))
    (x0, y0), (x1, y1) = np.floor(corners.min(0)), np.ceil(corners.max(0)) + 1
    bottom_right = (min(shape[1], int(x1)), min(shape[0], int(y1)))
    return (max(0, int(x0)), max(0, int(y0)), *bottom_right)
