"""The eyeball behind the lids: the photo's own pixels, completed where lids hide it at rest."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import Floats

IRIS_RADIUS = 0.098
"""Of the distance between the eye centres: 11.8 mm across, 60 to 64 mm apart."""


@dataclass(frozen=True)
class Iris:
    """A disc in pixels."""

    x: float
    y: float
    radius: float


def find_iris(image: Floats, opening: Floats, expected: Iris) -> Iris:
    """The darkest disc of the expected size within an eye opening (size, size) of [0, 1]."""
    gray = image.mean(axis=2)
    height, width = gray.shape
    rows, columns = np.mgrid[:height, :width]
    best, found = np.inf, expected
    steps = np.linspace(-0.9, 0.9, 13) * expected.radius
    for shift_y in steps:
        for shift_x in steps:
            x, y = expected.x + shift_x, expected.y + shift_y
            squared = (columns - x) ** 2 + (rows - y) ** 2
            disc = opening * (squared <= expected.radius**2)
            ring = opening * (squared > expected.radius**2) * (squared <= 2.2 * expected.radius**2)
            if disc.sum() < 4:
                continue
            inner = float((gray * disc).sum() / disc.sum())
            outer = float((gray * ring).sum() / max(ring.sum(), 1e-6)) if ring.sum() > 2 else inner
            cost = inner - outer + 0.02 * float(shift_x**2 + shift_y**2) / expected.radius**2
            if cost < best:
                best, found = cost, Iris(x, y, expected.radius)
    return found


def white_of(image: Floats, opening: Floats, iris: Iris) -> Floats:
    """(3,): colour of the sclera in an opening, from the brighter half of its pixels."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    beside = (columns - iris.x) ** 2 + (rows - iris.y) ** 2 > (1.15 * iris.radius) ** 2
    pixels = image[(opening > 0.9) & beside]
    if len(pixels) < 3:
        pixels = image[opening > 0.5]
    if not len(pixels):
        return np.full(3, 0.7, np.float32)
    brightness = pixels.mean(axis=1)
    chosen = pixels[brightness >= np.quantile(brightness, 0.6)]
    return np.asarray(chosen.mean(axis=0), dtype=np.float32)


def complete_eye(image: Floats, opening: Floats, iris: Iris) -> Floats:
    """The picture of the bare eyeball, (size, size, 3).

    Within the opening it is the photo. Beyond, the iris is mirrored at its centre where the other
    side shows, and the white goes on from the nearest pixel, a little darker.
    """
    height, width = opening.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    core = cv2.erode((opening > 0.95).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if core.sum() < 6:
        core = opening > 0.5
    if not core.any():
        return image.copy()
    radius = np.hypot(columns - iris.x, rows - iris.y)
    in_iris = radius <= iris.radius
    white = _spread(image, core & ~(radius <= 1.1 * iris.radius), opening)
    mirrored = [
        _sampled(np.dstack([image, core.astype(np.float32)]), x, y)
        for x, y in (
            (columns, 2 * iris.y - rows),
            (2 * iris.x - columns, rows),
            (2 * iris.x - columns, 2 * iris.y - rows),
        )
    ]
    dark = image[core & in_iris]
    fallback = dark.mean(axis=0) if len(dark) else image[core].min(axis=0)
    coloured = np.broadcast_to(fallback, image.shape).astype(np.float32)
    for one in reversed(mirrored):
        coloured = np.where(one[..., 3:] > 0.9, one[..., :3], coloured)
    edge = np.clip(iris.radius + 0.5 - radius, 0, 1)[..., None]
    made = coloured * edge + white * (1 - edge)
    made = cv2.GaussianBlur(made.astype(np.float32), (0, 0), 0.6)
    soft = cv2.GaussianBlur(core.astype(np.float32), (0, 0), 0.7)[..., None]
    return np.asarray(
        np.where(core[..., None], image, made * (1 - soft) + image * soft), np.float32
    )


def _sampled(values: Floats, x: Floats, y: Floats) -> Floats:
    maps = x.astype(np.float32), y.astype(np.float32)
    return np.asarray(cv2.remap(values, *maps, cv2.INTER_LINEAR), dtype=np.float32)


def _spread(image: Floats, known: NDArray[np.bool_], opening: Floats) -> Floats:
    if known.sum() < 3:
        level = image[opening > 0.5].max(axis=0) if (opening > 0.5).any() else image.max((0, 1))
        return np.broadcast_to(level * 0.9, image.shape).astype(np.float32)
    weight = known.astype(np.float32)
    sigma = max(2.0, 0.12 * np.sqrt(float((opening > 0.5).sum())))
    near = cv2.GaussianBlur(image * weight[..., None], (0, 0), 3 * sigma)
    total = cv2.GaussianBlur(weight, (0, 0), 3 * sigma)[..., None]
    average = image[known].mean(axis=0)
    return np.asarray((near + 1e-3 * average) / (total + 1e-3) * 0.95, dtype=np.float32)
