"""An antialiased painter on a supersampled RGB canvas, with its shapes and colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
"""(n, 2) x, y."""
Pixels = NDArray[np.uint8]
Colour = NDArray[np.float32]
"""(3,) RGB, 0 to 255."""

_SHIFT = 4
_ACROSS = np.array([-0.5, 0.5])
_COARSE_BLUR_PX = 8.0
"""A stronger blur is done on a reduced mask, where it costs a fraction and looks the same."""


class Canvas:
    """`size` output pixels a side, `factor` canvas pixels to each. Shapes take canvas pixels."""

    def __init__(self, size: int, factor: int) -> None:
        self.size, self.factor = size, factor
        self.pixels: Pixels = np.zeros((size * factor, size * factor, 3), np.uint8)

    def fill(
        self,
        points: Points,
        colour: ArrayLike,
        *,
        alpha: float = 1.0,
        blur: float = 0.0,
        clip: Pixels | None = None,
    ) -> None:
        """A polygon; `blur` is the sigma of its edge, `clip` a mask (0 to 255) of the canvas."""
        fixed = _fixed(points)
        if alpha >= 1 and blur <= 0 and clip is None:
            shade = tuple(np.asarray(colour, np.float64).tolist())
            cv2.fillPoly(self.pixels, [fixed], shade, cv2.LINE_AA, _SHIFT)
            return
        if alpha <= 0.004:
            return
        box = self._box(fixed, 3 * blur + 2)
        if box is None:
            return
        x0, y0, x1, y1 = box
        mask = _soft_polygon(fixed - (x0 << _SHIFT, y0 << _SHIFT), (x1 - x0, y1 - y0), blur)
        if clip is not None:
            mask = within(mask, clip[y0:y1, x0:x1])
        self._blend(box, _plain(colour, mask.shape), mask, alpha)

    def fill_all(
        self,
        shapes: Sequence[Points],
        alphas: Sequence[float],
        colour: ArrayLike,
        *,
        blur: float = 0.0,
        clip: Pixels,
    ) -> None:
        """Polygons of one colour, each with its own `alpha`, blended in once: where they overlap
        the strongest counts."""
        order = sorted(range(len(shapes)), key=alphas.__getitem__)
        fixed = [_fixed(shapes[place]) for place in order]
        box = self._box(np.concatenate(fixed), 3 * blur + 2) if fixed else None
        if box is None:
            return
        x0, y0, x1, y1 = box
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for place, polygon in zip(order, fixed, strict=True):
            shifted = polygon - (x0 << _SHIFT, y0 << _SHIFT)
            cv2.fillPoly(mask, [shifted], 255 * alphas[place], cv2.LINE_AA, _SHIFT)
        mask = within(_blurred(mask, blur), clip[y0:y1, x0:x1])
        self._blend(box, _plain(colour, mask.shape), mask, 1.0)

    def paste(self, over: ArrayLike, mask: Pixels, alpha: float = 1.0) -> None:
        """Blend in a colour, or another canvas of the same size, where a mask (0 to 255) says."""
        x, y, width, height = cv2.boundingRect(mask)
        if width:
            where = slice(y, y + height), slice(x, x + width)
            pixels = np.asarray(over)
            shown = pixels[where] if pixels.ndim == 3 else _plain(over, mask[where].shape)
            self._blend((x, y, x + width, y + height), shown, mask[where], alpha)

    def mask(self, *polygons: Points) -> Pixels:
        """Mask of the union of polygons, in canvas pixels, 0 to 255."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        for points in polygons:
            cv2.fillPoly(mask, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
        return mask

    def reduced(self, layer: NDArray[Any]) -> NDArray[Any]:
        """An array of the canvas's size at `size` output pixels, of the same type."""
        side = (self.size, self.size)
        return np.asarray(cv2.resize(layer, side, interpolation=cv2.INTER_AREA))

    def _blend(
        self, box: tuple[int, int, int, int], over: Pixels, mask: Pixels, alpha: float
    ) -> None:
        x0, y0, x1, y1 = box
        region = self.pixels[y0:y1, x0:x1]
        weight = mask * np.float32(alpha / 255)
        region[...] = cv2.blendLinear(region, over, 1 - weight, weight)

    def _box(self, fixed: NDArray[np.int32], margin: float) -> tuple[int, int, int, int] | None:
        """Left, top, right and bottom of what points and a margin around them reach."""
        side, one = self.pixels.shape[0], 1 << _SHIFT
        x, y, width, height = cv2.boundingRect(fixed)
        x0, y0 = max(0, int(x / one - margin)), max(0, int(y / one - margin))
        x1 = min(side, int((x + width) / one + margin) + 2)
        y1 = min(side, int((y + height) / one + margin) + 2)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def closed_curve(control: ArrayLike, samples: int = 8) -> Points:
    """Catmull-Rom spline through (n, 2) points and back to the first, (n * samples, 2)."""
    points = np.asarray(control, np.float64)
    return np.asarray(_curve_basis(len(points), samples, True) @ points)


def open_curve(control: ArrayLike, samples: int = 6) -> Points:
    """Catmull-Rom spline through (..., n, 2) points, (..., (n - 1) * samples + 1, 2)."""
    points = np.asarray(control, np.float64)
    return np.asarray(_curve_basis(points.shape[-2], samples, False) @ points)


def ellipse(x: float, y: float, rx: float, ry: float, samples: int = 24) -> Points:
    """Polygon of an ellipse around (x, y)."""
    return np.asarray(_circle(samples) * (rx, ry) + (x, y))


def both(points: ArrayLike) -> tuple[Points, Points]:
    """Points of the right half, and their mirror image."""
    right = np.asarray(points, np.float64)
    return right, right * (-1, 1)


def resampled(points: Points, fractions: ArrayLike) -> Points:
    """Points at fractions (0 to 1) of the length of an open line."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.asarray(fractions) * along[-1]
    return np.stack([np.interp(wanted, along, points[:, axis]) for axis in (0, 1)], 1)


def symmetric(points: ArrayLike, samples: int = 6) -> Points:
    """A smooth closed shape from its right half, top to bottom."""
    right, left = both(points)
    inner = left[::-1]
    if abs(right[-1, 0]) < 1e-9:
        inner = inner[1:]
    if abs(right[0, 0]) < 1e-9:
        inner = inner[:-1]
    return closed_curve(np.concatenate([right, inner]), samples)


def band(first: Points, second: Points) -> Points:
    """The polygon between two lines that go the same way."""
    return np.concatenate([first, second[::-1]])


def within(mask: Pixels, other: Pixels) -> Pixels:
    """What two masks (0 to 255) have in common."""
    return np.asarray(cv2.multiply(mask, other, scale=1 / 255), np.uint8)


def without(mask: Pixels, other: Pixels) -> Pixels:
    """What the first mask has more than the second."""
    return np.asarray(cv2.subtract(mask, other), np.uint8)


def spread(mask: Pixels, width: float) -> Pixels:
    """A mask with an edge `width` pixels soft."""
    odd = 2 * int(width / 2) + 1
    return np.asarray(cv2.blur(mask, (odd, odd)), np.uint8)


def ribbon(points: Points, widths: ArrayLike) -> Points:
    """Outline of a stroke along (..., n, 2) points; `widths` (..., any) is full and goes from end
    to end."""
    widths, count = np.asarray(widths, np.float64), points.shape[-2]
    tangent = _differences(count) @ points
    length = np.maximum(np.hypot(tangent[..., 0], tangent[..., 1]), 1e-9)
    width = widths @ _between(widths.shape[-1], count) / length
    aside = tangent[..., ::-1] * (width[..., None] * _ACROSS)
    return np.concatenate([points + aside, (points - aside)[..., ::-1, :]], -2)


def mix(first: ArrayLike, second: ArrayLike, share: float) -> Colour:
    """A colour `share` of the way from the first to the second."""
    a, b = np.asarray(first, np.float32), np.asarray(second, np.float32)
    return np.asarray(a + (b - a) * np.float32(share))


def shadow(colour: ArrayLike, depth: float = 1.0) -> Colour:
    """A colour in shadow: darker and a little warmer."""
    factor = 1 - depth * np.array([0.17, 0.27, 0.27], np.float32)
    return np.asarray(np.asarray(colour, np.float32) * factor)


@lru_cache
def _curve_basis(count: int, samples: int, closed: bool) -> NDArray[np.float64]:
    """The matrix that takes `count` points to the spline through them, and back to the first."""
    eye = np.eye(count)
    if closed:
        padded = eye[np.arange(-1, count + 2) % count]
    else:
        padded = np.concatenate([2 * eye[:1] - eye[1:2], eye, 2 * eye[-1:] - eye[-2:-1]])
    t = np.arange(samples) / samples
    powers = np.stack([np.ones_like(t), t, t**2, t**3], 1)
    matrix = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    neighbours = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]], 1)
    curve = np.asarray(((powers @ matrix) @ neighbours).reshape(-1, count))
    return curve if closed else np.concatenate([curve, eye[-1:]])


@lru_cache
def _differences(count: int) -> NDArray[np.float64]:
    """The matrix that takes points along a line to its tangents."""
    return np.asarray(np.gradient(np.eye(count), axis=0))


@lru_cache
def _between(given: int, wanted: int) -> NDArray[np.float64]:
    """The matrix that interpolates `given` values at `wanted` equal steps."""
    at, steps = np.linspace(0, 1, wanted), np.linspace(0, 1, given)
    return np.stack([np.interp(at, steps, row) for row in np.eye(given)])


@lru_cache
def _circle(samples: int) -> Points:
    angles = np.linspace(0, 2 * np.pi, samples, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _plain(colour: ArrayLike, shape: tuple[int, ...]) -> Pixels:
    one = np.asarray(colour).astype(np.uint8).tobytes()
    return np.frombuffer(one * (shape[0] * shape[1]), np.uint8).reshape(*shape, 3)


def _blurred(mask: Pixels, sigma: float) -> Pixels:
    """Nearly Gaussian: two box filters of together that variance, a fifth of the time."""
    width = 2 * round((math.sqrt(6 * sigma**2 + 1) - 1) / 2) + 1
    if width < 3:
        return mask
    return np.asarray(cv2.blur(cv2.blur(mask, (width, width)), (width, width)), np.uint8)


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)


def _soft_polygon(fixed: NDArray[np.int32], size: tuple[int, int], blur: float) -> Pixels:
    width, height = size
    if blur < _COARSE_BLUR_PX:
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SHIFT)
        return _blurred(mask, blur)
    step = blur / 2.5
    small = max(2, round(width / step)), max(2, round(height / step))
    ratio = np.array(small) / size
    mask = np.zeros(small[::-1], np.uint8)
    points = (fixed / (1 << _SHIFT) + 0.5) * ratio - 0.5
    cv2.fillPoly(mask, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
    mask = _blurred(mask, 2.5)
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR), np.uint8)
