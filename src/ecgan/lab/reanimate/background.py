"""A person cut out of a photo, and backgrounds of no place to stand before."""

from __future__ import annotations

import colorsys
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.graphs import quiet
from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.flow import Mask
from ecgan.lab.reanimate.shading import GAMMA

SURE = 0.9
"""From this alpha (and below one minus it) a pixel is taken to be of the person (of the rest)."""
LEAST_FACE, LEAST_BEHIND, MOST_UNSURE = 0.97, 0.06, 0.1
"""A matte is used if the face is the person's by this much on average, if this share of the picture
is background, and if at most this share is neither."""
_COARSE = 8
"""Pixels a cell of the grid on which colours are carried beyond what is known."""
_SEED = 1
Random = np.random.Generator


@dataclass(frozen=True)
class Matte:
    """Premultiplied, so that it can be warped and shrunk."""

    alpha: Floats
    """(size, size) in [0, 1]."""
    coloured: Floats
    """(size, size, 3): the person's colour times alpha."""


class Cutter:
    """Finds people; not thread-safe: one a process. Without mediapipe it takes GrabCut."""

    def matte(self, image: Floats, face: Mask) -> Matte | None:
        """Cut the person out of an (size, size, 3) image of [0, 1]; None where that fails."""
        pixels = np.round(image * 255).astype(np.uint8)
        rough = self._rough(pixels, face)
        if rough is None:
            return None
        alpha, person = refine(image, rough, int(np.nonzero(face)[0].max(initial=0)))
        unsure = ((alpha > 1 - SURE) & (alpha < SURE)).mean()
        behind = (alpha < 1 - SURE).mean()
        usable = alpha[face].mean() >= LEAST_FACE and behind >= LEAST_BEHIND
        if not usable or unsure > MOST_UNSURE:
            return None
        return Matte(alpha, person * alpha[..., None])

    def _rough(self, pixels: NDArray[np.uint8], face: Mask) -> Floats | None:
        if self._segmenter is None:
            return grab_cut(pixels, face)
        with quiet():
            found = self._segmenter.process(np.ascontiguousarray(pixels)).segmentation_mask
        return np.asarray(found, dtype=np.float32)

    @cached_property
    def _segmenter(self) -> Any:
        """mediapipe's; none without it."""
        os.environ.setdefault("GLOG_minloglevel", "3")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            from mediapipe.python.solutions import selfie_segmentation
        except ImportError:
            return None
        with quiet():
            return selfie_segmentation.SelfieSegmentation(model_selection=0)


def grab_cut(pixels: NDArray[np.uint8], face: Mask) -> Floats | None:
    """GrabCut (Rother et al. 2004) that knows the face and takes the upper corners for background;
    None where one of the two is empty."""
    size = pixels.shape[0]
    small = 160
    shrunk = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
    seen = cv2.resize(face.astype(np.uint8), (small, small), interpolation=cv2.INTER_NEAREST) > 0
    if not seen.any() or seen.all():
        return None
    marks = np.full((small, small), cv2.GC_PR_BGD, np.uint8)
    near = cv2.dilate(seen.astype(np.uint8), np.ones((small // 4, small // 4), np.uint8)) > 0
    bottom = np.arange(small)[:, None] > np.nonzero(seen)[0].max()
    marks[near | np.broadcast_to(bottom, seen.shape)] = cv2.GC_PR_FGD
    marks[: small // 3, : small // 12] = marks[: small // 3, -(small // 12) :] = cv2.GC_BGD
    marks[seen] = cv2.GC_FGD
    cv2.setRNGSeed(_SEED)
    scratch = np.zeros((1, 65)), np.zeros((1, 65))
    whole = (0, 0, small, small)
    cv2.grabCut(shrunk, marks, whole, *scratch, 4, cv2.GC_INIT_WITH_MASK)
    person = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    return np.asarray(cv2.resize(person, (size, size)), dtype=np.float32)


def refine(image: Floats, rough: Floats, chin: int = 0) -> tuple[Floats, Floats]:
    """Alpha along the edge from the colours beside it, and the colours of the person.

    Where person and background differ, alpha is how far a pixel lies from the one to the other;
    where they do not, it follows the image's edges (guided filter, He et al. 2010). The colours
    are those of Forte (2021, blur fusion): what is seen, less the share of the background. Above
    the row of the chin, where clothes end, what looks like the background through the hair is it.
    """
    size = image.shape[0]
    reach = max(2, size // 40)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    person = cv2.erode((rough > SURE).astype(np.uint8), kernel) > 0
    behind = cv2.erode((rough < 1 - SURE).astype(np.uint8), kernel) > 0
    if not person.any() or not behind.any():
        return rough, image
    inner, outer = _around(image, person, reach), _around(image, behind, reach)
    apart = inner - outer
    squared = (apart**2).sum(axis=2)
    along = ((image - outer) * apart).sum(axis=2) / np.maximum(squared, 1e-4)
    guided = _guided(image, rough, max(2, size // 80))
    trust = np.clip(squared / 0.08, 0, 1)
    # Beyond what the rough matte says, only what is next to it may be the person.
    room = cv2.GaussianBlur(rough, (0, 0), reach / 2)
    free = np.clip(2.2 * room, 0, 1) * np.clip(along, 0, 1)
    free = np.maximum(free, np.clip(6 * (room - 0.8), 0, 1))
    alpha = np.clip(trust * free + (1 - trust) * guided, 0, 1)
    alpha = np.where(person, 1, np.where(behind, 0, alpha))
    alpha[:chin] *= 1 - _holes(image, outer, behind)[:chin] * trust[:chin]
    alpha = np.clip((alpha - 0.04) / 0.92, 0, 1).astype(np.float32)
    share = alpha[..., None]
    near, far = _means(image, share, reach), _means(image, 1 - share, reach)
    colours = near + share * (image - share * near - (1 - share) * far)
    return alpha, np.clip(colours, 0, 1).astype(np.float32)


def _holes(image: Floats, outer: Floats, behind: Mask) -> Floats:
    """How surely a pixel near the edge has the background's colour."""
    wide = image.shape[0] // 9
    near = cv2.dilate(behind.astype(np.uint8), np.ones((wide, wide), np.uint8))
    alike = np.clip((0.16 - np.linalg.norm(image - outer, axis=2)) / 0.08, 0, 1)
    return np.asarray(near * alike, dtype=np.float32)


def _means(image: Floats, weight: Floats, reach: int) -> Floats:
    total = cv2.GaussianBlur(weight, (0, 0), reach)[..., None]
    return np.asarray(cv2.GaussianBlur(image * weight, (0, 0), reach) / (total + 1e-4), np.float32)


def _around(image: Floats, known: Mask, reach: int) -> Floats:
    """Colours of the known pixels carried outwards, the nearest counting most."""
    size = image.shape[0]
    side = max(8, size // _COARSE)
    layers = np.dstack([image * known[..., None], known]).astype(np.float32)
    small = cv2.resize(layers, (side, side), interpolation=cv2.INTER_AREA)
    out = np.zeros_like(small[..., :3])
    left = np.ones((side, side, 1), np.float32)
    for wide in (1, 3, 12):
        blurred = cv2.GaussianBlur(small, (0, 0), wide * reach * side / size)
        total = blurred[..., 3:]
        share = left * np.clip(total / 0.02, 0, 1)
        out += share * blurred[..., :3] / np.maximum(total, 1e-6)
        left -= share
    out += left * image[known].mean(axis=0)
    return np.asarray(cv2.resize(out, (size, size)), dtype=np.float32)


def _guided(image: Floats, rough: Floats, radius: int) -> Floats:
    guide = image.mean(axis=2)
    box = (2 * radius + 1, 2 * radius + 1)
    mean, level = cv2.blur(guide, box), cv2.blur(rough, box)
    variance = cv2.blur(guide * guide, box) - mean * mean
    slope = (cv2.blur(guide * rough, box) - mean * level) / (variance + 1e-4)
    offset = level - slope * mean
    return np.asarray(np.clip(cv2.blur(slope, box) * guide + cv2.blur(offset, box), 0, 1))


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
    sigma = max(0.5, share * picture.shape[0])
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), sigma))


def _falloff(size: int, random: Random) -> Floats:
    """Light that is stronger on one side."""
    across, along = random.uniform(-0.25, 0.25, 2)
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    return np.asarray(1 + across * columns + along * rows, dtype=np.float32)
