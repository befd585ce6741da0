"""A face upright in a square crop of its photo, its mask, and its change in the photo itself.

The canonical crop is 256 px: eye centres at (98, 105) and (158, 105), so 60 px apart, which keeps
the whole face with hair and chin inside. Outside the face the photo stays exactly as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.errors import FaceError
from ecgan.faces.face import check_points, eye_centres

CANONICAL_SIZE = 256
EYE_DISTANCE = 60.0
"""Between the eye centres in the canonical crop, in pixels."""

STABLE_POINTS = (36, 39, 42, 45, 27, 28, 29)
"""Of the 68 points: eye corners and the bridge of the nose, which expressions hardly move."""
_X = (85.4, 112.3, 143.8, 170.7, 128.0, 128.0, 128.0)
_Y = (105.2, 106.9, 106.8, 105.3, 106.5, 115.0, 123.9)
_TEMPLATE = np.stack([_X, _Y], axis=1)
"""Where they lie on average once the eye centres are at (98, 105) and (158, 105)."""
_WEIGHTS = np.array([4.0, 4.0, 4.0, 4.0, 1.0, 0.5, 0.25])

FOREHEAD_LIFT = 0.55
"""How far the brows are lifted, in brow-to-chin heights, to cover the forehead."""
JAW_ROOM = 0.25
"""How far below the jaw a translation may reach, in nose-root-to-chin heights: an opened mouth
lowers the chin by about half of that, and the paste needs a soft border around it."""
GLASSES_REACH = 0.45
"""How far below the eyes dark glasses reach, in eye distances."""

FEATHER = 14.0
"""Width of the soft border in canonical pixels, inside the mask."""
_TILE_PIXELS = 1 << 19
"""Of the photo are worked on at once."""
_REACH = 4
"""Pixels that sampling takes on each side."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Alignment:
    """A similarity from photo pixels to the pixels of an aligned square of side `size`."""

    matrix: NDArray[np.float64]
    """(2, 3), photo -> aligned."""
    size: int

    @property
    def scale(self) -> float:
        """Aligned pixels per photo pixel."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    def to_aligned(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, 2) photo points in aligned pixels."""
        return (points @ self.matrix[:, :2].T + self.matrix[:, 2]).astype(np.float32)

    def to_photo(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, 2) aligned points in photo pixels."""
        inverse = cv2.invertAffineTransform(self.matrix)
        return (points @ inverse[:, :2].T + inverse[:, 2]).astype(np.float32)

    def scaled(self, size: int) -> Alignment:
        """The same crop at another size; pixel edges coincide."""
        factor = size / self.size
        matrix = self.matrix * factor
        matrix[:, 2] += (factor - 1) / 2
        return Alignment(matrix, size)


def align(points: NDArray[np.floating], size: int = CANONICAL_SIZE) -> Alignment:
    """Least-squares similarity (Umeyama 1991) that takes 68 points to the canonical crop.

    Raises:
        TypeError, ValueError: something else than a (68, 2) array.
        FaceError: the points coincide or are not finite (`hidden`).
    """
    check_points(points)
    chosen = np.asarray(points, dtype=np.float64)[list(STABLE_POINTS)]
    weights = _WEIGHTS / _WEIGHTS.sum()
    centre, target = weights @ chosen, weights @ _TEMPLATE
    source = (chosen - centre) @ np.array([1, 1j])
    goal = (_TEMPLATE - target) @ np.array([1, 1j])
    power = float(weights @ np.abs(source) ** 2)
    if not np.isfinite(power) or power < 1e-6:
        raise FaceError("hidden", "the landmarks of the eyes coincide: give better landmarks")
    turn = complex((weights * np.conj(source)) @ goal) / power
    rotation = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    matrix = np.hstack([rotation, (target - rotation @ centre)[:, None]])
    return Alignment(matrix, CANONICAL_SIZE).scaled(size)


def crop(pixels: NDArray[np.uint8], alignment: Alignment) -> NDArray[np.uint8]:
    """The aligned (size, size, 3) square of a photo; its border is continued by reflection.

    A crop that shrinks the photo is smoothed first, so that it does not alias.
    """
    sigma = 0.5 * (1 / alignment.scale - 0.9)
    rows, columns = _around(pixels.shape, alignment, math.ceil(4 + 3 * max(0.0, sigma)))
    part, matrix = pixels[rows, columns], alignment.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ (columns.start, rows.start)
    if sigma > 0.2:
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), sigma), dtype=np.uint8)
    size = (alignment.size, alignment.size)
    warped = cv2.warpAffine(
        part, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(warped, dtype=np.uint8)


def _around(shape: tuple[int, ...], alignment: Alignment, margin: int) -> tuple[slice, slice]:
    """Rows and columns of a photo that its crop is made of, with what its border reflects."""
    end = alignment.size - 0.5
    corners = np.array([(x, y) for x in (-0.5, end) for y in (-0.5, end)])
    square = alignment.to_photo(corners)
    slices = []
    for axis, length in ((1, shape[0]), (0, shape[1])):
        first, last = float(square[:, axis].min()), float(square[:, axis].max())
        beyond = last - (length - 1)
        start = min(first, length - 1 - beyond) if beyond > 0 else first
        start_px = min(length - 1, max(0, math.floor(start) - margin))
        stop_px = max(1, min(length, math.ceil(max(last, -first)) + margin + 1))
        slices.append(slice(start_px, stop_px))
    return slices[0], slices[1]


def face_mask(points: NDArray[np.floating], size: int, jaw_room: float = 0.0) -> NDArray[np.uint8]:
    """Mask of one aligned face: 255 inside, 0 outside, shape (size, size).

    Args:
        points: (68, 2) landmarks in pixels of the aligned image.
        size: side of the aligned image.
        jaw_room: `JAW_ROOM` where a translated face is to be pasted; 0 for the face as it is.

    Raises:
        TypeError, ValueError: something else than a (68, 2) array of finite points.
    """
    check_points(points)
    if not np.isfinite(points).all():
        raise ValueError("expected finite landmarks, got NaN or infinity among them")
    points = np.asarray(points, dtype=np.float64)
    brows, chin = points[17:27], points[8]
    up = brows.mean(axis=0) - chin
    forehead = brows + FOREHEAD_LIFT * up
    lowered = points[3:14] + jaw_room * (chin - points[27])
    outline = np.concatenate([points, forehead, lowered])
    hull = cv2.convexHull(np.round(outline).astype(np.int32))
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, hull, 255)
    unit = max(1, round(size / 64))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * unit + 1, 2 * unit + 1))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, element)
    return np.asarray(cv2.dilate(closed, element), dtype=np.uint8)


def below_the_eyes(mask: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The part of an aligned face's mask that dark glasses leave free: from
    `GLASSES_REACH` below the eyes on."""
    left, right = eye_centres(np.asarray(points, dtype=np.float64))
    across = right - left
    down = np.array([-across[1], across[0]])
    edge = (left + right) / 2 + GLASSES_REACH * down
    far = 10 * mask.shape[0] / max(float(np.hypot(*across)), 1.0)
    above = np.array([edge - far * across, edge + far * across, edge + far * (across - down),
                      edge - far * (across + down)])  # fmt: skip
    free = mask.copy()
    cv2.fillPoly(free, [np.round(above).astype(np.int32)], 0)
    return free


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
        made = moved * (1 - other[..., 3:]) + other[..., :3]
        pixels[start : start + size[1], left:right] = np.clip(np.rint(made), 0, 255)


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
    bottom_right = (min(shape[1], int(right)), min(shape[0], int(bottom)))
    return (max(0, int(left)), max(0, int(top)), *bottom_right)
