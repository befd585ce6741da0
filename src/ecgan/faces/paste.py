"""Change a face in its photo; outside the face the photo stays exactly as it was."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.alignment import CANONICAL_SIZE, Alignment

FEATHER = 14.0
"""Width of the soft border in canonical pixels, inside the mask."""
_TILE_PIXELS = 1 << 19
"""Of the photo are worked on at once."""
_REACH = 4
"""Pixels that sampling takes on each side."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class FaceChange:
    """What becomes of the pixels of an aligned face: gate * (the pixel at + motion) + offset."""

    motion: Floats
    """(size, size, 2): x, y in pixels of the aligned image."""
    gate: Floats
    """(size, size), 1 where the pixels only move."""
    offset: Floats
    """(size, size, 3) in levels of 255."""


def soft_mask(mask: NDArray[np.uint8]) -> Floats:
    """Mask that rises from 0 at the mask's edge to 1 at `FEATHER` inside it, smoothly.

    Args:
        mask: (size, size), 0 outside.
    """
    width = FEATHER * mask.shape[0] / CANONICAL_SIZE
    framed = cv2.copyMakeBorder(np.where(mask > 127, 255, 0).astype(np.uint8), 1, 1, 1, 1, 0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.clip((distance - 1) / width, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float32)


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
    pixels: Pixels, change: FaceChange, alignment: Alignment, mask: NDArray[np.uint8]
) -> None:
    """Change one face of a photo in place.

    Each pixel is sampled once, from the photo itself (Lanczos, 8 x 8). The change fades in from
    the mask's edge: a motion that fades shows no face twice, as two faded pictures do.

    Args:
        pixels: (height, width, 3), the whole photo, of 8 or 16 bits.
        change: of the aligned image of side `size`.
        alignment: photo -> aligned, of the same size.
        mask: (size, size), above 127 where pixels may change.
    """
    left, top, right, bottom = _region(pixels.shape, alignment, mask)
    if left >= right or top >= bottom:
        return
    levels = 257 if pixels.dtype == np.uint16 else 1
    motion, rest = _faded(change, alignment, mask)
    far = _REACH + int(np.ceil(np.abs(motion).max()))
    x0, y0 = max(0, left - far), max(0, top - far)
    source = pixels[y0 : bottom + far, x0 : right + far].copy()
    columns = np.arange(left - x0, right - x0, dtype=np.float32)
    step = max(16, _TILE_PIXELS // (right - left))
    for start in range(top, bottom, step):
        size = (right - left, min(step, bottom - start))
        moves = _to_photo(motion, alignment, (left, start), size)
        rows = np.arange(start - y0, start - y0 + size[1], dtype=np.float32)
        moved = cv2.remap(
            source,
            moves[..., 0] + columns,
            moves[..., 1] + rows[:, None],
            cv2.INTER_LANCZOS4,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        other = _to_photo(rest, alignment, (left, start), size)
        made = moved * (1 - other[..., 3:]) + levels * other[..., :3]
        limits = np.iinfo(pixels.dtype)
        pixels[start : start + size[1], left:right] = np.clip(np.rint(made), 0, limits.max)


def _faded(
    change: FaceChange, alignment: Alignment, mask: NDArray[np.uint8]
) -> tuple[Floats, Floats]:
    """Within the mask: (size, size, 2), the motion in pixels of the photo; (size, size, 4), the
    offset and 1 - gate."""
    rest = np.dstack([change.offset, 1 - change.gate])
    if alignment.scale > 1.1:  # the photo is coarser than the crop: smooth before sampling
        sigma = 0.3 * alignment.scale  # passes as much noise as the mean over a photo pixel
        rest = cv2.GaussianBlur(rest, (0, 0), sigma)
    weight = soft_mask(mask)[..., None]
    turn = np.linalg.inv(alignment.matrix[:, :2]).T.astype(np.float32)
    return np.asarray(change.motion @ turn * weight), np.asarray(rest * weight)


def _to_photo(
    fields: Floats, alignment: Alignment, corner: tuple[int, int], size: tuple[int, int]
) -> Floats:
    """Fields of the aligned image (side, side, ...) at the `size` (width, height) photo pixels
    from `corner`; 0 beyond the aligned image."""
    matrix = alignment.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ corner
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(fields, matrix, size, flags=flags, borderValue=0), np.float32)


def _region(
    shape: tuple[int, ...], alignment: Alignment, mask: NDArray[np.uint8]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the photo around the mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return (0, 0, 0, 0)
    xs, ys = columns[[0, -1]] + (-1, 1), rows[[0, -1]] + (-1, 1)
    corners = alignment.to_photo(np.array([(x, y) for x in xs for y in ys], dtype=np.float64))
    (left, top), (right, bottom) = np.floor(corners.min(0)), np.ceil(corners.max(0)) + 1
    return (
        max(0, int(left)),
        max(0, int(top)),
        min(shape[1], int(right)),
        min(shape[0], int(bottom)),
    )
