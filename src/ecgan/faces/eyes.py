"""An eyeball stays as it is while the lids slide over it.

A generator moves what lies around the eyes and, with it, what lies between the lids. Here the lids
keep their motion; between them the photo's own eyeball shows, where it was. What a raised lid lays
bare is taken from the other half of the iris, mirrored at its centre, or from the nearest white.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.change import FaceChange, Floats, Pixels, sampled

IRIS_RADIUS = 0.098
"""Of the distance between the eyes: 11.8 mm across of 60."""
_LIDS = (slice(36, 42), slice(42, 48))
SHADE = 0.75
"""Light of the white far up that a lid lays bare, over that below: it lies in the lid's shadow."""
_SEARCHED_PX = 10.0
"""Radius at which an iris is looked for: the picture is made as small."""


@dataclass(frozen=True)
class Eye:
    """One eye of an aligned image."""

    lids: Floats
    """(6, 2) outline of what shows between the lids, in pixels."""
    iris: tuple[float, float]
    """Centre."""
    radius: float
    """Of the iris."""


def find_eyes(pixels: Pixels | Floats, points: NDArray[np.floating]) -> tuple[Eye, Eye]:
    """The eyes of an aligned image.

    Args:
        pixels: (side, side, 3) in levels of 255.
        points: (68, 2) landmarks in its pixels.
    """
    centres = [points[lids].mean(axis=0) for lids in _LIDS]
    radius = IRIS_RADIUS * float(np.linalg.norm(centres[0] - centres[1]))
    first, second = (_find_iris(pixels, points[lids], radius) for lids in _LIDS)
    return first, second


def _find_iris(pixels: Pixels | Floats, lids: NDArray[np.floating], radius: float) -> Eye:
    """The darkest disc of the expected size between the lids, then the radius within a third of it
    at which its border is sharpest (Daugman 1993)."""
    centre = lids.mean(axis=0)
    half, scale = 3.2 * radius, min(1.0, _SEARCHED_PX / radius)
    side = max(8, round(2 * half * scale))
    place = np.array([[scale, 0, 0], [0, scale, 0]], np.float32)
    place[:, 2] = side / 2 - scale * centre
    window = cv2.warpAffine(
        np.asarray(pixels, np.float32), place, (side, side), flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_REPLICATE,
    ).mean(axis=2)  # fmt: skip
    opening = _filled((side, side), lids * scale + place[:, 2])
    grid = np.mgrid[:side, :side].astype(np.float32)
    small, best, found = radius * scale, np.inf, (side / 2, side / 2)
    for down in np.linspace(-0.6, 0.6, 9) * small:
        for right in np.linspace(-0.9, 0.9, 13) * small:
            x, y = side / 2 + right, side / 2 + down
            squared = (grid[1] - x) ** 2 + (grid[0] - y) ** 2
            disc = opening * (squared <= small**2)
            ring = opening * ((squared > small**2) & (squared <= 2.2 * small**2))
            if disc.sum() < 4:
                continue
            inner = float((window * disc).sum() / disc.sum())
            outer = float((window * ring).sum() / ring.sum()) if ring.sum() > 2 else inner
            cost = (inner - outer) / 255 + 0.02 * float(right**2 + down**2) / small**2
            if cost < best:
                best, found = cost, (x, y)
    away = np.hypot(grid[1] - found[0], grid[0] - found[1])
    best, size = -np.inf, 1.0
    for factor in np.linspace(0.85, 1.3, 10):
        inner, outer = (
            opening * (abs(away - factor * small - side_of) <= 1) for side_of in (-1.0, 1.0)
        )
        if min(inner.sum(), outer.sum()) < 4:
            continue
        step = float((window * outer).sum() / outer.sum() - (window * inner).sum() / inner.sum())
        if step > best:
            best, size = step, float(factor)
    middle = (np.array(found, np.float32) - side / 2) / scale + centre
    return Eye(np.asarray(lids, np.float32), (float(middle[0]), float(middle[1])), size * radius)


def _filled(shape: tuple[int, int], lids: NDArray[np.floating]) -> Floats:
    """(height, width) share of each pixel between the lids, their six points joined by a smooth
    line."""
    ring = np.concatenate([lids[-2:], lids, lids[:2]])
    steps = np.arange(2, 8, 0.125)
    outline = np.stack([_smooth(ring[:, axis], steps) for axis in (0, 1)], axis=1)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.asarray(mask, np.float32) / np.float32(255)


def _smooth(values: NDArray[np.floating], at: NDArray[np.floating]) -> NDArray[np.floating]:
    """Catmull-Rom spline through values at 0, 1, 2 ..."""
    i, t = at.astype(int), at - at.astype(int)
    a, b, c, d = (values[(i + k) % len(values)] for k in (-1, 0, 1, 2))
    cubic = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
    return np.asarray((cubic + (3 * (b - c) + d - a) * t**3) / 2)


def with_still_eyes(
    change: FaceChange, flow: Floats, eyes: Sequence[Eye], pixels: Pixels | Floats
) -> FaceChange:
    """A change whose eyeballs stay.

    Args:
        change: of a part of the aligned image.
        flow: (height, width, 2) the motion of lids and skin, as `change.motion`.
        eyes: in pixels of the aligned image.
        pixels: of this part, in levels of 255, before the change.
    """
    motion, gate, offset = change.motion.copy(), change.gate.copy(), change.offset.copy()
    size, corner = np.array(gate.shape[::-1]), np.array(change.corner, np.float32)
    for eye in eyes:
        middle = eye.lids.mean(axis=0) - corner
        left, top = np.clip(np.floor(middle - 3.5 * eye.radius), 0, size).astype(int)
        right, bottom = np.clip(np.ceil(middle + 3.5 * eye.radius), 0, size).astype(int)
        if min(right - left, bottom - top) < 4:
            continue
        box, begin = (
            (slice(top, bottom), slice(left, right)),
            corner + np.array((left, top), np.float32),
        )
        opening = _filled((bottom - top, right - left), eye.lids - begin)
        rows, columns = np.mgrid[: bottom - top, : right - left].astype(np.float32)
        lids = flow[box]
        places = lids + np.dstack([columns, rows])
        shown = sampled(opening, places, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
        kept, bare = _eyeball(
            np.asarray(pixels[box], np.float32),
            opening,
            np.asarray(eye.iris, np.float32) - begin,
            eye.radius,
        )
        each = shown[..., None]
        motion[box] = lids * (1 - each)
        gate[box] += shown * (kept - gate[box])
        offset[box] += each * ((1 - kept)[..., None] * bare - offset[box])
    return FaceChange(motion, gate, offset, change.corner)


def _eyeball(
    pixels: Floats, opening: Floats, centre: NDArray[np.floating], radius: float
) -> tuple[Floats, Floats]:
    """The picture of the bare eyeball: where it is the photo's own, (height, width), and
    (height, width, 3) what it is elsewhere."""
    rows, columns = np.mgrid[: opening.shape[0], : opening.shape[1]].astype(np.float32)
    core = cv2.erode((opening > 0.99).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if not core.any():
        return np.zeros_like(opening), pixels
    distance, light = np.hypot(columns - centre[0], rows - centre[1]), pixels.mean(axis=2)
    white = core & (distance > 1.2 * radius)
    if white.sum() > 2:
        white &= light >= np.quantile(light[white], 0.65)
    made = _spread(pixels, white if white.any() else core, radius)
    above = np.clip((rows - np.flatnonzero(core.any(axis=1))[0]) / (0.8 * radius), -1, 0)
    made *= (1 + (1 - SHADE) * above)[..., None]
    own = core & (distance < radius)
    if own.any():
        iris = np.full_like(pixels, np.median(pixels[own], axis=0))
        known = np.dstack([pixels, core.astype(np.float32)])
        over_x, over_y = 2 * np.float32(centre[0]) - columns, 2 * np.float32(centre[1]) - rows
        for x, y in ((over_x, over_y), (over_x, rows), (columns, over_y)):
            other = sampled(known, np.dstack([x, y]), cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
            np.copyto(iris, other[..., :3], where=other[..., 3:] > 0.9)
        # A reflection of light has no mirror image.
        most = float(np.quantile(light[own], 0.7))
        iris *= np.minimum(1, most / np.maximum(iris.mean(axis=2), 1))[..., None]
        inside = np.clip((radius - distance) / (0.12 * radius) + 0.5, 0, 1)[..., None]
        made += inside * (iris - made)
    made = np.asarray(cv2.GaussianBlur(made, (0, 0), max(0.6, 0.06 * radius)), np.float32)
    kept = cv2.GaussianBlur(core.astype(np.float32), (0, 0), max(0.7, 0.08 * radius))
    return np.asarray(np.minimum(kept, opening), np.float32), made


def _spread(pixels: Floats, known: NDArray[np.bool_], radius: float) -> Floats:
    """Known pixels, and beyond them their mean, the nearest counting most."""
    weight = known.astype(np.float32)
    total = np.full_like(pixels, 1e-6 * pixels[known].mean(axis=0))
    share = np.full_like(weight, 1e-6)
    for times_radius, power in ((0.5, 1.0), (1.5, 1e-2), (4.0, 1e-4)):
        blur = (0, 0), times_radius * radius
        total += power * cv2.GaussianBlur(pixels * weight[..., None], *blur)
        share += power * cv2.GaussianBlur(weight, *blur)
    return np.asarray(total / share[..., None], np.float32)
