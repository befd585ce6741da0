"""Backgrounds of no place: walls, gradients, lights and rooms, mostly out of focus."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np

from ecgan.lab.reanimate.facekit import Floats

GAMMA = 2.2
Random = np.random.Generator


def backdrop(size: int, seed: int) -> Floats:
    """(size, size, 3) in [0, 1], a function of the seed."""
    random = np.random.default_rng(seed)
    kinds: tuple[Callable[[int, Random], Floats], ...] = (_plain, _wall, _lights, _room, _leaves)
    paint = kinds[int(random.choice(len(kinds), p=(0.2, 0.2, 0.2, 0.25, 0.15)))]
    picture = paint(size, random) * _falloff(size, random)[..., None]
    return np.asarray(np.clip(picture, 0, 1) ** (1 / GAMMA), dtype=np.float32)


def _plain(size: int, random: Random) -> Floats:
    """Paper or cloth that one lamp lights from behind or from the side."""
    low, high = _colour(random, 0.3), _colour(random, 0.3)
    high = low + 0.5 * (high - low)
    mix = _cloud(size, random, 1.5)[..., None]
    return low + mix * (high - low)


def _wall(size: int, random: Random) -> Floats:
    """Plaster, with the joints of bricks or boards on some."""
    colour = _colour(random, 0.4)
    rough = sum(_cloud(size, random, cells) / cells**0.7 for cells in (3, 12, 40)) - 0.3
    picture = colour * (0.85 + 0.35 * np.asarray(rough)[..., None])
    height = size / random.uniform(5, 14)
    rows, columns = (np.asarray(part, np.float32) for part in np.mgrid[:size, :size])
    kind = random.random()
    joint: Floats = np.full_like(rows, size)
    if kind < 0.35:
        shifted = columns + (np.floor(rows / height) % 2) * height * 1.2
        joint = np.minimum(rows % height, shifted % (2.4 * height)).astype(np.float32)
    elif kind < 0.6:
        joint = columns % (1.5 * height)
    depth = random.uniform(0.1, 0.4)
    picture = picture * (1 - depth * (joint < 0.09 * height))[..., None]
    return _soft(picture.astype(np.float32), random.uniform(0.004, 0.02))


def _lights(size: int, random: Random) -> Floats:
    """Discs of lamps far behind, before a dim gradient."""
    low, high = 0.25 * _colour(random, 0.35), 0.5 * _colour(random, 0.35)
    rows = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    picture = np.broadcast_to(low + rows * (high - low), (size, size, 3)).copy()
    typical = random.uniform(0.02, 0.06)
    for _ in range(int(random.integers(12, 50))):
        disc = np.zeros((size, size), np.float32)
        place = [int(16 * size * value) for value in random.random(2)]
        radius = int(16 * size * typical * random.uniform(0.6, 1.4))
        cv2.circle(disc, place, radius, 1.0, -1, cv2.LINE_8, 4)
        disc = np.asarray(cv2.GaussianBlur(disc, (0, 0), 0.12 * size * typical), np.float32)
        picture += disc[..., None] * _colour(random, 0.5) * random.uniform(0.1, 0.6)
    return _soft(picture, 0.004)


def _room(size: int, random: Random) -> Floats:
    """Wall, floor or shelves, a window: rectangles far out of focus."""
    picture = np.broadcast_to(_colour(random, 0.35), (size, size, 3)).copy()
    for _ in range(int(random.integers(5, 16))):
        x, y = random.uniform(-0.2, 1.0, 2)
        width, height = random.uniform(0.06, 0.5), random.uniform(0.1, 0.9)
        corners = [int(size * value) for value in (x, y, x + width, y + height)]
        bright = random.uniform(1.5, 2.5) if random.random() < 0.15 else random.uniform(0.3, 1.1)
        colour = [float(value) for value in bright * _colour(random, 0.45)]
        cv2.rectangle(picture, corners[:2], corners[2:], colour, -1)
    return _soft(picture, random.uniform(0.015, 0.05))


def _leaves(size: int, random: Random) -> Floats:
    """A park far behind: greens, with sky through them."""
    dark = np.array([0.03, 0.06, 0.02]) * random.uniform(0.6, 1.6)
    light = np.array([0.30, 0.42, 0.12]) * random.uniform(0.5, 1.2)
    mix = np.clip(0.5 * _cloud(size, random, 5) + 0.6 * _cloud(size, random, 18), 0, 1)[..., None]
    picture = dark + mix**1.5 * (light - dark)
    sky = np.clip(4 * (_cloud(size, random, 9) - 0.72), 0, 1)[..., None]
    rows = np.linspace(1, 0, size)[:, None, None]
    picture = picture + sky * rows * (np.array([0.75, 0.82, 0.9]) - picture)
    return _soft(picture, random.uniform(0.01, 0.03))


def _colour(random: Random, vivid: float) -> Floats:
    """(3,) in linear light: most are dull, few are dark."""
    hue, strong = random.random(), vivid * random.random() ** 1.5
    level = random.uniform(0.25, 0.95)
    return np.asarray(np.array(colorsys.hsv_to_rgb(hue, strong, level)) ** GAMMA, dtype=np.float32)


def _cloud(size: int, random: Random, cells: float) -> Floats:
    """(size, size) in [0, 1]: smooth noise with so many cells a side."""
    side = int(cells) + 3
    grid = random.random((side, side)).astype(np.float32)
    wide = int(np.ceil(size * side / max(cells, 1)))
    cloud = cv2.resize(grid, (wide, wide), interpolation=cv2.INTER_CUBIC)[:size, :size]
    return np.asarray(np.clip(cloud, 0, 1), dtype=np.float32)


def _soft(picture: Floats, share: float) -> Floats:
    size = picture.shape[0]
    return np.asarray(
        cv2.GaussianBlur(picture.astype(np.float32), (0, 0), max(0.5, share * size),
                         borderType=cv2.BORDER_REFLECT_101)
    )  # fmt: skip


def _falloff(size: int, random: Random) -> Floats:
    """Light that is stronger on one side."""
    across, along = random.uniform(-0.25, 0.25, 2)
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    return np.asarray(1 + across * columns + along * rows, dtype=np.float32)
