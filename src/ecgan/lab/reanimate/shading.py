"""Light on moved skin: the ratio of shadings (Liu et al. 2001, expression ratio images)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import Floats

LIGHT = np.array([0.0, 0.45, 0.9], np.float32) / np.hypot(0.45, 0.9)
"""From above the camera, as faces are mostly lit: x right, y up, z to the camera."""
AMBIENT = 0.55
LOWEST, HIGHEST = 0.78, 1.12
"""Bounds of the ratio: cast shadows and highlights of the photo do not follow the normals."""


def relight(now: Floats, rest: Floats, known: NDArray[np.bool_]) -> Floats:
    """(size, size): shading with the moved normals over shading at rest, smoothed; 1 elsewhere."""
    ratio = _shade(now) / _shade(rest)
    ratio = np.where(known, np.clip(ratio, LOWEST, HIGHEST), 1).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(ratio, (0, 0), now.shape[0] / 200), dtype=np.float32)


def _shade(normals: Floats) -> Floats:
    return np.asarray(AMBIENT + (1 - AMBIENT) * np.clip(normals @ LIGHT, 0, 1), dtype=np.float32)
