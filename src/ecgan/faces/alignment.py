"""A face upright in a square crop of its photo, and its mask.

The canonical crop is 256 px: eye centres at (98, 105) and (158, 105), so 60 px apart, which keeps
the whole face with hair and chin inside.
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
    left, top, width, height = cv2.boundingRect(mask)
    room = 3 * unit + 1
    part = mask[max(0, top - room) : top + height + room, max(0, left - room) : left + width + room]
    if part.size:
        closed = cv2.morphologyEx(part, cv2.MORPH_CLOSE, element)
        part[:] = cv2.dilate(closed, element)
    return mask


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
