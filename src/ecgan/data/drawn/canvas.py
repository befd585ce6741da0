"""An antialiased painter: smooth shapes on a supersampled RGB canvas, reduced at the end."""

from __future__ import annotations

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
_ACROSS = np.array([-1.0, 1.0])
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
        if alpha >= 1 and blur <= 0 and clip is None:
            shade = tuple(float(value) for value in np.asarray(colour, np.float64))
            cv2.fillPoly(self.pixels, [_fixed(points)], shade, cv2.LINE_AA, _SHIFT)
            return
        if alpha <= 0.004:
            return
        box = self._box(points, 3 * blur + 2)
        if box is None:
            return
        x0, y0, x1, y1 = box
        mask = _soft_polygon(points - (x0, y0), (x1 - x0, y1 - y0), blur)
        if clip is not None:
            mask = within(mask, clip[y0:y1, x0:x1])
        self._blend(box, _plain(colour, mask.shape), mask, alpha)

    def paste(self, painted: Pixels, mask: Pixels) -> None:
        """Blend in another canvas of the same size where a mask (0 to 255) says so."""
        x, y, width, height = cv2.boundingRect(mask)
        if width == 0:
            return
        box = x, y, x + width, y + height
        where = slice(y, y + height), slice(x, x + width)
        self._blend(box, painted[where], mask[where], 1.0)

    def tint(self, mask: Pixels, colour: ArrayLike, alpha: float, around: Points) -> None:
        """Blend a colour through a mask of the canvas, looking only at the box of `around`."""
        box = self._box(around, 2)
        if box is None:
            return
        x0, y0, x1, y1 = box
        inside = mask[y0:y1, x0:x1]
        self._blend(box, _plain(colour, inside.shape), inside, alpha)

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

    def _box(self, points: Points, margin: float) -> tuple[int, int, int, int] | None:
        side = self.pixels.shape[0]
        low, high = points.min(0).tolist(), points.max(0).tolist()
        x0, y0 = max(0, int(low[0] - margin)), max(0, int(low[1] - margin))
        x1, y1 = min(side, int(high[0] + margin) + 2), min(side, int(high[1] + margin) + 2)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def closed_curve(control: ArrayLike, samples: int = 8) -> Points:
    """Catmull-Rom spline through (n, 2) points and back to the first, (n * samples, 2)."""
    points = np.asarray(control, np.float64)
    return _spline(np.concatenate([points[-1:], points, points[:2]]), samples)


def open_curve(control: ArrayLike, samples: int = 6) -> Points:
    """Catmull-Rom spline through (n, 2) points, ((n - 1) * samples + 1, 2)."""
    points = np.asarray(control, np.float64)
    ends = 2 * points[:1] - points[1:2], 2 * points[-1:] - points[-2:-1]
    return np.concatenate(
        [_spline(np.concatenate([ends[0], points, ends[1]]), samples), points[-1:]]
    )


def ellipse(x: float, y: float, rx: float, ry: float, samples: int = 24) -> Points:
    """Polygon of an ellipse around (x, y)."""
    return np.asarray(_circle(samples) * (rx, ry) + (x, y))


def disc(centre: Points, rx: float, ry: float, samples: int = 24) -> Points:
    """The same around a point of shape (2,)."""
    return ellipse(float(centre[0]), float(centre[1]), rx, ry, samples)


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
    """Outline of a stroke along (n, 2) points; `widths` is full and goes from end to end."""
    widths = np.asarray(widths, np.float64)
    half = np.interp(_steps(len(points)), _steps(len(widths)), widths) / 2
    tangent = np.empty_like(points)
    tangent[1:-1] = points[2:] - points[:-2]
    tangent[0], tangent[-1] = points[1] - points[0], points[-1] - points[-2]
    half /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)
    aside = tangent[:, ::-1] * (half[:, None] * _ACROSS)
    return np.concatenate([points + aside, (points - aside)[::-1]])


def _spline(padded: Points, samples: int) -> Points:
    stacked = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]], 1)
    return np.asarray((_basis(samples) @ stacked).reshape(-1, 2))


@lru_cache
def _steps(count: int) -> NDArray[np.float64]:
    return np.linspace(0, 1, count)


@lru_cache
def _basis(samples: int) -> NDArray[np.float64]:
    t = np.arange(samples) / samples
    powers = np.stack([np.ones_like(t), t, t**2, t**3], 1)
    matrix = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    return np.asarray(powers @ matrix)


@lru_cache
def _circle(samples: int) -> Points:
    angles = np.linspace(0, 2 * np.pi, samples, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _plain(colour: ArrayLike, shape: tuple[int, ...]) -> Pixels:
    plain = np.empty((*shape, 3), np.uint8)
    plain[...] = colour
    return plain


def _blurred(mask: Pixels, sigma: float) -> Pixels:
    """Nearly Gaussian: two box filters of together that variance, a fifth of the time."""
    width = 2 * round((np.sqrt(6 * sigma**2 + 1) - 1) / 2) + 1
    if width < 3:
        return mask
    return np.asarray(cv2.blur(cv2.blur(mask, (width, width)), (width, width)), np.uint8)


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.round(points * (1 << _SHIFT)).astype(np.int32)


def _soft_polygon(points: Points, size: tuple[int, int], blur: float) -> Pixels:
    width, height = size
    if blur < _COARSE_BLUR_PX:
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
        return _blurred(mask, blur)
    step = blur / 2.5
    small = max(2, round(width / step)), max(2, round(height / step))
    ratio = np.array(small) / size
    mask = np.zeros(small[::-1], np.uint8)
    cv2.fillPoly(mask, [_fixed((points + 0.5) * ratio - 0.5)], 255, cv2.LINE_AA, _SHIFT)
    mask = _blurred(mask, 2.5)
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR), np.uint8)
