"""Ways to spoil a picture of a face so that nobody can read its expression, drawn at random.

Each takes the picture, its 68 landmarks in pixels and a generator of random numbers, and gives the
picture spoiled. Lengths are in eye distances, so that it looks alike at any size. What names in
`HELD_OUT` is shown to no training and to no choice of thresholds.
"""

from __future__ import annotations

import cv2
import numpy as np
from covers import (
    Image,
    Points,
    Random,
    Spoil,
    axes_of,
    bar_eyes,
    bar_mouth,
    blob_mouth,
    cloth_eyes,
    fill,
    hand_eyes,
    hand_mouth,
    lay,
    masked,
    mirror_glasses,
    mosaic,
    mosaic_eyes,
    mosaic_mouth,
    rough_outline,
    scarf,
    skin_mouth,
    sunglasses,
    to_bytes,
    unit_of,
)
from numpy.typing import NDArray


def _dark(image: Image, _points: Points, random: Random) -> Image:
    return to_bytes(image * random.uniform(0.04, 0.12))


def _dark_noise(image: Image, _points: Points, random: Random) -> Image:
    """As a sensor sees it: shot and read noise, before eight bits."""
    light = image * random.uniform(0.04, 0.12)
    noise = random.normal(0, 1, image.shape) * np.sqrt(random.uniform(1, 6) + 0.15 * light)
    return to_bytes(light + noise)


def _bright(image: Image, _points: Points, random: Random) -> Image:
    """Burnt out."""
    return to_bytes(image * random.uniform(5, 9) + random.uniform(60, 120))


def _gaussian(image: Image, points: Points, random: Random) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.14, 0.3) * unit_of(points)))


def _kernel(image: Image, kernel: NDArray[np.floating]) -> Image:
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT))


def _defocus(image: Image, points: Points, random: Random) -> Image:
    radius = max(1.0, random.uniform(0.26, 0.5) * unit_of(points))
    side = int(np.ceil(radius)) * 2 + 1
    y, x = np.mgrid[:side, :side] - side // 2
    return _kernel(image, (np.hypot(x, y) <= radius).astype(np.float32))


def _motion(image: Image, points: Points, random: Random) -> Image:
    length = random.uniform(0.55, 1.2) * unit_of(points)
    side = int(np.ceil(length)) | 1
    kernel = np.zeros((side, side), np.float32)
    angle = random.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    middle = np.array([side // 2, side // 2])
    ends = [tuple(round(float(v)) for v in middle + sign * reach) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, max(1, round(0.03 * unit_of(points))), cv2.LINE_AA)
    return _kernel(image, kernel)


def _mosaic_face(image: Image, points: Points, random: Random) -> Image:
    return mosaic(image, unit_of(points) * random.uniform(0.35, 0.6))


def _noise(image: Image, points: Points, random: Random) -> Image:
    """Noise of a strength that stays when the face is made as small as the networks see it."""
    coarse = max(1.0, unit_of(points) / random.uniform(24, 60))
    shape = (max(2, round(image.shape[0] / coarse)), max(2, round(image.shape[1] / coarse)), 3)
    grain = random.normal(0, random.uniform(60, 120), shape).astype(np.float32)
    if random.random() < 0.3:
        grain = np.repeat(grain[..., :1], 3, axis=2)
    return to_bytes(image + cv2.resize(grain, image.shape[1::-1], interpolation=cv2.INTER_NEAREST))


def _fine_noise(image: Image, _points: Points, random: Random) -> Image:
    """Each pixel of the photo by itself."""
    return to_bytes(image + random.normal(0, random.uniform(70, 120), image.shape))


def _salt(image: Image, _points: Points, random: Random) -> Image:
    """Salt and pepper."""
    spots = random.random(image.shape[:2])
    share = random.uniform(0.3, 0.6)
    out = image.copy()
    out[spots < share / 2] = 0
    out[spots > 1 - share / 2] = 255
    return out


def _negative(image: Image, _points: Points, _random: Random) -> Image:
    return 255 - image


def _negative_grey(image: Image, _points: Points, _random: Random) -> Image:
    grey = cv2.cvtColor(255 - image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))


def _negative_light(image: Image, _points: Points, _random: Random) -> Image:
    """Light turned about, colours kept."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = 255 - lab[..., 0]
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def _upside_down(image: Image, _points: Points, _random: Random) -> Image:
    return np.ascontiguousarray(image[::-1, ::-1])


def _scribbles(image: Image, points: Points, random: Random) -> Image:
    right, down, unit = axes_of(points)
    out = image.copy()
    for _ in range(random.integers(4, 9)):
        tone = [float(v) for v in random.uniform(0, 255, 3)]
        places = points[27] + unit * (
            right * random.uniform(-1.1, 1.1, (8, 1)) + down * random.uniform(-0.7, 1.8, (8, 1))
        )
        thick = max(1, round(unit * random.uniform(0.1, 0.28)))
        cv2.polylines(out, [places.astype(np.int32)], False, tone, thick, cv2.LINE_AA)
    return out


def _daubs(image: Image, points: Points, random: Random) -> Image:
    """Blobs of paint over half of the face and more."""
    right, down, unit = axes_of(points)
    for _ in range(random.integers(7, 12)):
        centre = points[30] + unit * (right * random.uniform(-1, 1) + down * random.uniform(-1, 1))
        size = unit * random.uniform(0.3, 0.55)
        outline = rough_outline(centre, np.stack([right * size, down * size]), random, 0.3)
        image = lay(image, np.broadcast_to(random.uniform(0, 255, 3), image.shape),
                     fill(image, outline))  # fmt: skip
    return image


def _spray(image: Image, points: Points, random: Random) -> Image:
    """Clouds of fine drops."""
    right, down, unit = axes_of(points)
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(random.integers(3, 6)):
        tone = random.uniform(0, 255, 3)
        for along in np.linspace(0, 1, 6):
            start = points[30] + unit * (right * random.uniform(-0.9, 0.9)
                                         + down * random.uniform(-1, 0.9))  # fmt: skip
            end = start + unit * random.normal(0, 0.5, 2)
            centre = start * (1 - along) + end * along
            far = np.hypot(x - centre[0], y - centre[1]) / unit
            cloud = np.exp(-((far / random.uniform(0.25, 0.4)) ** 2))
            drops = np.clip(cloud * 1.5 + random.normal(0, 0.15, cloud.shape) * cloud, 0, 1)
            image = lay(image, np.broadcast_to(tone, image.shape), drops[..., None])
    return image


KINDS: dict[str, dict[str, Spoil]] = {
    "dark": {"dark": _dark, "dark with sensor noise": _dark_noise},
    "bright": {"burnt out": _bright},
    "blurred": {
        "Gaussian blur": _gaussian,
        "defocus": _defocus,
        "motion blur": _motion,
        "mosaic, whole face": _mosaic_face,
    },
    "noisy": {"noise": _noise, "fine noise": _fine_noise, "salt and pepper": _salt},
    "negative": {
        "negative": _negative,
        "grey negative": _negative_grey,
        "light turned about": _negative_light,
    },
    "upside down": {"upside down": _upside_down},
    "covered mouth": {
        "plain mask": masked("plain"),
        "mask with folds": masked("folds"),
        "pleated mask": masked("pleats"),
        "patterned mask": masked("pattern"),
        "scarf": scarf("folds"),
        "patterned scarf": scarf("pattern"),
        "blob over the mouth": blob_mouth,
        "skin over the mouth": skin_mouth,
        "hand over the mouth": hand_mouth,
        "bar over the mouth": bar_mouth,
        "mosaic over the mouth": mosaic_mouth,
    },
    "covered eyes": {
        "sunglasses": sunglasses,
        "mirror glasses": mirror_glasses,
        "bar over the eyes": bar_eyes,
        "mosaic over the eyes": mosaic_eyes,
        "cloth over the eyes": cloth_eyes,
        "hands over the eyes": hand_eyes,
    },
    "painted": {"scribbles": _scribbles, "daubs": _daubs, "spray": _spray},
}
"""By reason: ways that give it."""

HELD_OUT = (
    "defocus",
    "salt and pepper",
    "light turned about",
    "pleated mask",
    "patterned scarf",
    "mirror glasses",
    "spray",
)
