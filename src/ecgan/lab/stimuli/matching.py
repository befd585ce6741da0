"""Luminance and contrast inside a face made equal, and faces in an oval on grey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import EcganError
from ecgan.faces.alignment import CANONICAL_SIZE
from ecgan.inference.recomposing import LUMA
from ecgan.seeding import numpy_generator

CENTRE, RADII = (128.0, 137.0), (64.0, 89.0)
"""x, y of the oval in canonical pixels: from the middle of the forehead to below a dropped chin."""
GREY = 128
"""Outside of the oval."""
TOLERANCE = 0.002
"""Of the goal that a matched picture may miss; 1 % is promised."""
_TRIES = 40

Pixels = NDArray[np.uint8]
Area = NDArray[np.bool_]


@dataclass(frozen=True)
class Luminance:
    """Of the grey levels (Rec. 601 luma) of an area, in levels of 255."""

    mean: float
    contrast: float
    """Standard deviation."""


def luminance(pixels: Pixels, area: Area) -> Luminance:
    """Of (height, width, 3) pixels where the area is true."""
    grey = pixels[area].astype(np.float32) @ LUMA
    return Luminance(float(grey.mean(dtype=np.float64)), float(grey.std(dtype=np.float64)))


def matched(pixels: Pixels, area: Area, goal: Luminance) -> Pixels:
    """The picture with the goal's luminance and contrast inside the area; all of it is brightened
    and stretched alike, so that no border shows. Rounding and clipping are made up for.

    Raises:
        EcganError: black and white are reached before the goal is.
    """
    start = luminance(pixels, area)
    height, width = pixels.shape[:2]
    # Without dither a gain near 1 moves all pixels by whole levels at once, past the goal.
    noise = numpy_generator(0, "dither").uniform(-0.5, 0.5, (256, 256, 3)).astype(np.float32)
    dither = np.tile(noise, (-(-height // 256), -(-width // 256), 1))[:height, :width]
    gain, centre = goal.contrast / max(start.contrast, 1e-3), goal.mean
    for _ in range(_TRIES):
        stretched = np.rint((pixels - np.float32(start.mean)) * gain + centre + dither)
        made: Pixels = np.clip(stretched, 0, 255).astype(np.uint8)
        now = luminance(made, area)
        if (
            abs(now.mean / goal.mean - 1) <= TOLERANCE
            and abs(now.contrast / goal.contrast - 1) <= TOLERANCE
        ):
            return made
        gain *= goal.contrast / max(now.contrast, 1e-3)
        centre += goal.mean - now.mean
    raise EcganError(
        f"the face cannot be brought to a mean luminance of {goal.mean:.0f} with a contrast of "
        f"{goal.contrast:.0f}, it has {start.mean:.0f} and {start.contrast:.0f}: "
        "leave the photo out"
    )


def oval(size: int) -> NDArray[np.float32]:
    """(size, size): 1 in the oval of an aligned face, 0 outside, soft over a pixel."""
    unit = size / CANONICAL_SIZE
    rows, columns = np.mgrid[:size, :size]
    x = (columns + 0.5 - CENTRE[0] * unit) / (RADII[0] * unit)
    y = (rows + 0.5 - CENTRE[1] * unit) / (RADII[1] * unit)
    edge = (1 - np.hypot(x, y)) * min(RADII) * unit
    return np.asarray(np.clip(edge + 0.5, 0, 1), np.float32)


def in_oval(pixels: Pixels) -> Pixels:
    """An aligned square with grey outside of the oval."""
    weight = oval(pixels.shape[0])[..., None]
    shown: Pixels = np.rint(pixels * weight + GREY * (1 - weight)).astype(np.uint8)
    return shown
