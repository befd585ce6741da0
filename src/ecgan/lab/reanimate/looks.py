"""Looks: all that may change from one photo of a person to the next except the expression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.fit import NUM_MODES
from ecgan.lab.reanimate.shading import GAMMA
from ecgan.seeding import derive_seed, numpy_generator

YAW, PITCH, ROLL = 8.0, 5.0, 4.0
"""Largest turn of the head in degrees, either way."""
NEW_BACKDROP = 0.75
"""Share of the looks that get another background, where a person can be cut out."""
_LINEAR = ((np.arange(256) / 255) ** GAMMA).astype(np.float32)
_KNEE = 0.8
"""Linear level from which highlights are compressed instead of clipped."""
_GREY = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class KeyLight:
    """A soft lamp."""

    azimuth: float
    """Degrees to the right in the picture."""
    elevation: float
    """Degrees above the camera."""
    strength: float
    """0 leaves the photo's light; 1 is all of the light from the lamp."""
    warmth: float
    """-1 cool to 1 warm; what the lamp does not reach is the opposite, weaker."""


@dataclass(frozen=True)
class Camera:
    """What a camera and its software do to a picture."""

    exposure: float
    """Stops."""
    gamma: float
    """Exponent on the finished picture: below 1 lightens the shadows."""
    gains: tuple[float, float, float]
    """White balance of red, green and blue in linear light."""
    saturation: float
    """Factor on the distance from grey."""
    vignette: float
    """Share of the light that the corners lose."""
    blur: float
    """Standard deviation in thousandths of the side."""
    noise: float
    """Standard deviation at mid grey, of the full range."""
    jpeg: int
    """Quality."""


@dataclass(frozen=True)
class Look:
    """One sitting of one person; 0 is the photo as it is."""

    number: int
    turn: tuple[float, float, float]
    """Degrees: yaw (positive to the person's left), pitch (down), roll (clockwise in the picture),
    added to what the photo shows."""
    key: KeyLight
    camera: Camera
    backdrop: bool
    """Whether the background is replaced."""
    seed: int
    """Of noise and background."""
    shape: tuple[float, ...] = ()
    """Of the face: added to the coefficients of the model's identity modes, in standard deviations;
    empty: the person's own face."""


def look_of(subject: str, number: int, seed: int = 0, reshape: float = 0.0) -> Look:
    """Drawn from the person's name and the look's number, from 1; `reshape` is the standard
    deviation of `Look.shape` in those of the model."""
    random = numpy_generator(seed, "look", subject, number)
    yaw, pitch, roll = (float(random.uniform(-most, most)) for most in (YAW, PITCH, ROLL))
    key = KeyLight(
        azimuth=float(random.choice([-1, 1]) * random.uniform(15, 75)),
        elevation=float(random.uniform(5, 50)),
        strength=float(random.uniform(0.3, 1.0)),
        warmth=float(random.uniform(-1, 1)),
    )
    temperature, tint = np.clip(random.normal(0, [0.06, 0.02]), [-0.13, -0.04], [0.13, 0.04])
    camera = Camera(
        exposure=float(np.clip(random.normal(0, 0.22), -0.45, 0.4)),
        gamma=float(np.exp(random.uniform(-0.12, 0.12))),
        gains=(float(np.exp(temperature)), float(np.exp(tint)), float(np.exp(-temperature))),
        saturation=float(random.uniform(0.8, 1.2)),
        vignette=float(random.uniform(0, 0.22)),
        blur=float(random.uniform(0, 1.8)),
        noise=float(random.uniform(0, 0.011)),
        jpeg=int(random.integers(62, 96)),
    )
    backdrop = bool(random.random() < NEW_BACKDROP)
    shape = reshape * np.clip(random.normal(0, 1, NUM_MODES if reshape else 0), -2, 2)
    return Look(
        number,
        (round(yaw, 2), round(pitch, 2), round(roll, 2)),
        key,
        camera,
        backdrop,
        seed=derive_seed(seed, "look", subject, number, "pixels"),
        shape=tuple(round(float(value), 3) for value in shape),
    )


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
