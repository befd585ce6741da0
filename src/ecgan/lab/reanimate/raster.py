"""A z-buffer in NumPy: triangles of a size are tested together, the nearest is scattered last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import Floats, Ints

_SIDES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024)
_CHUNK = 1 << 22
"""Candidates (triangle and pixel) that are tested at once."""


@dataclass(frozen=True)
class Raster:
    """The visible surface at each pixel."""

    triangle: Ints
    """(height, width): row in the triangles that were drawn, -1 where there is none."""
    weights: Floats
    """(height, width, 3): barycentric."""

    @property
    def covered(self) -> NDArray[np.bool_]:
        return self.triangle >= 0

    def interpolate(self, values: Floats, triangles: Ints) -> Floats:
        """(height, width, channels) of (vertices, channels) values; 0 where nothing is."""
        out = np.zeros((*self.triangle.shape, values.shape[1]), np.float32)
        seen = self.covered
        corners = values[triangles[self.triangle[seen]]]
        out[seen] = np.einsum("pk,pkc->pc", self.weights[seen], corners)
        return out


def rasterise(points: Floats, triangles: Ints, width: int, height: int) -> Raster:
    """Draw triangles: x to the right and y down in pixels (the first pixel's centre at 0, 0),
    a larger third coordinate is nearer.

    points: (vertices, 3); triangles: (count, 3).
    """
    corners = points[triangles]
    low = np.maximum(np.ceil(corners[:, :, :2].min(axis=1)), 0).astype(np.int64)
    high = np.floor(corners[:, :, :2].max(axis=1)).astype(np.int64)
    high = np.minimum(high, [width - 1, height - 1])
    sides = (high - low + 1).max(axis=1)
    usable = ((high >= low).all(axis=1)) & np.isfinite(corners).all(axis=(1, 2))
    found: list[tuple[Ints, Floats, Ints, Floats]] = []
    smaller = 0
    for side in _SIDES:
        chosen = np.flatnonzero(usable & (sides > smaller) & (sides <= side))
        smaller = side
        step = max(1, _CHUNK // side**2)
        for start in range(0, len(chosen), step):
            some = chosen[start : start + step]
            pixel, depth, row, weights = _inside(corners[some], low[some], high[some], side, width)
            found.append((pixel, depth, some[row], weights))
    triangle = np.full(height * width, -1, np.int64)
    nearest = np.zeros((height * width, 3), np.float32)
    if found:
        pixel, depth, row, weights = (np.concatenate(some) for some in zip(*found, strict=True))
        order = np.argsort(depth, kind="stable")  # of equal indices the last one assigned stays
        triangle[pixel[order]] = row[order]
        nearest[pixel[order]] = weights[order]
    return Raster(triangle.reshape(height, width), nearest.reshape(height, width, 3))


def _inside(
    corners: Floats, low: Ints, high: Ints, side: int, width: int
) -> tuple[Ints, Floats, Ints, Floats]:
    """Pixel, depth, row and weights of each pixel centre that lies in a triangle."""
    offset = np.arange(side)
    x = low[:, 0, None, None] + offset[None, None, :]
    y = low[:, 1, None, None] + offset[None, :, None]
    a, b, c = (corners[:, k, :, None, None] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):  # triangles without area hold no pixel
        second = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (y - a[:, 1])) / area
        third = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (x - a[:, 0]) * (b[:, 1] - a[:, 1])) / area
        first = 1 - second - third
    within = (first >= -1e-6) & (second >= -1e-6) & (third >= -1e-6)
    within &= (x <= high[:, 0, None, None]) & (y <= high[:, 1, None, None])
    row, down, right = np.nonzero(within)
    weights = np.stack([part[within] for part in (first, second, third)], axis=1)
    depth = np.einsum("pk,pk->p", weights, corners[row, :, 2])
    pixel = (low[row, 1] + down) * width + low[row, 0] + right
    return pixel, depth.astype(np.float32), row, weights.astype(np.float32)


def vertex_normals(vertices: Floats, triangles: Ints) -> Floats:
    """(vertices, 3) unit normals, weighted by the area of the triangles."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.zeros((len(vertices), 3))
    for axis in range(3):
        for corner in range(3):
            normals[:, axis] += np.bincount(
                triangles[:, corner], weights=faces[:, axis], minlength=len(vertices)
            )
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(normals / np.maximum(lengths, 1e-12), dtype=np.float32)
