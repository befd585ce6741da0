"""Similarity alignment of a face to the canonical crop.

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
from ecgan.faces.pixels import check_points

CANONICAL_SIZE = 256
EYE_DISTANCE = 60.0
"""Between the eye centres in the canonical crop, in pixels."""

STABLE_POINTS = (36, 39, 42, 45, 27, 28, 29)
"""Of the 68 points: eye corners and the bridge of the nose, which expressions hardly move."""
_TEMPLATE = np.array(
    [
        [85.4, 105.2],
        [112.3, 106.9],
        [143.8, 106.8],
        [170.7, 105.3],
        [128.0, 106.5],
        [128.0, 115.0],
        [128.0, 123.9],
    ]
)
"""Where they lie on average once the eye centres are at (98, 105) and (158, 105)."""
_WEIGHTS = np.array([4.0, 4.0, 4.0, 4.0, 1.0, 0.5, 0.25])


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

    @property
    def eye_distance_px(self) -> float:
        """Canonical eye distance in photo pixels."""
        return EYE_DISTANCE * self.size / CANONICAL_SIZE / self.scale

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
        stop = max(last, -first)
        slices.append(
            slice(
                min(length - 1, max(0, math.floor(start) - margin)),
                max(1, min(length, math.ceil(stop) + margin + 1)),
            )
        )
    return slices[0], slices[1]
