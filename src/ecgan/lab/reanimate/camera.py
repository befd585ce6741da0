"""What a camera does to a picture: exposure, white balance, saturation, vignette, blur, noise."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.looks import Camera

GAMMA = 2.2
_LINEAR = ((np.arange(256) / 255) ** GAMMA).astype(np.float32)
_KNEE = 0.8
"""Linear level from which highlights are compressed instead of clipped."""
_GREY = np.array([0.2126, 0.7152, 0.0722], np.float32)


def take(pixels: NDArray[np.uint8], camera: Camera, seed: int) -> NDArray[np.uint8]:
    """The (size, size, 3) picture as this camera would take it; the noise follows the seed."""
    size = pixels.shape[0]
    gains = 2**camera.exposure * np.array(camera.gains)
    light = _LINEAR[pixels] * gains.astype(np.float32)
    light = light * _vignette(size, camera.vignette)[..., None]
    grey = (light @ _GREY)[..., None]
    light = np.maximum(grey + np.float32(camera.saturation) * (light - grey), 0)
    over = np.maximum(light - _KNEE, 0)
    light = np.minimum(light, _KNEE) + (1 - _KNEE) * (1 - np.exp(-over / (1 - _KNEE)))
    picture = light ** np.float32(camera.gamma / GAMMA)
    sigma = camera.blur * size / 1000
    if sigma > 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    picture = picture + camera.noise * _grain(size, seed) * np.sqrt(0.4 + 1.2 * picture)
    made = np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)
    coded = cv2.imencode(".jpg", made[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


@lru_cache(maxsize=2)
def _grain(size: int, seed: int) -> Floats:
    """(size, size, 3) of unit variance in grey, weaker in colour, softened as cameras do."""
    random = np.random.default_rng(seed)
    grain = random.normal(size=(size, size, 1)) + 0.5 * random.normal(size=(size, size, 3))
    soft = cv2.GaussianBlur(grain.astype(np.float32), (0, 0), 0.55)
    return np.asarray(soft / max(float(soft.std()), 1e-6), dtype=np.float32)


@lru_cache(maxsize=2)
def _vignette(size: int, lost: float) -> Floats:
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    return np.asarray(1 - lost * ((rows**2 + columns**2) / 2) ** 1.5, dtype=np.float32)
