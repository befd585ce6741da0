"""A person cut out of a photo: how much of each pixel is the person, and in which colour."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.graphs import quiet
from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.flow import Mask

SURE = 0.9
"""From this alpha (and below one minus it) a pixel is taken to be of the person (of the rest)."""
LEAST_FACE, LEAST_BEHIND, MOST_UNSURE = 0.97, 0.06, 0.1
"""A matte is used if the face is the person's by this much on average, if this share of the picture
is background, and if at most this share is neither."""
_COARSE = 8
"""Pixels a cell of the grid on which colours are carried beyond what is known."""
_SEED = 1


@dataclass(frozen=True)
class Matte:
    """Premultiplied, so that it can be warped and shrunk."""

    alpha: Floats
    """(size, size) in [0, 1]."""
    coloured: Floats
    """(size, size, 3): the person's colour times alpha."""


class Cutter:
    """Finds people; not thread-safe: one a process. Without mediapipe it takes GrabCut."""

    def __init__(self) -> None:
        self._segmenter: Any = None
        self._without = False

    def matte(self, image: Floats, face: Mask) -> Matte | None:
        """Cut the person out of an (size, size, 3) image of [0, 1]; None where that fails."""
        pixels = np.round(image * 255).astype(np.uint8)
        rough = self._rough(pixels, face)
        if rough is None:
            return None
        alpha, person = refine(image, rough, int(np.nonzero(face)[0].max(initial=0)))
        unsure = ((alpha > 1 - SURE) & (alpha < SURE)).mean()
        if (
            alpha[face].mean() < LEAST_FACE
            or (alpha < 1 - SURE).mean() < LEAST_BEHIND
            or unsure > MOST_UNSURE
        ):
            return None
        return Matte(alpha, person * alpha[..., None])

    def _rough(self, pixels: NDArray[np.uint8], face: Mask) -> Floats | None:
        if self._segmenter is None and not self._without:
            self._load()
        if self._without:
            return grab_cut(pixels, face)
        with quiet():
            found = self._segmenter.process(np.ascontiguousarray(pixels)).segmentation_mask
        return np.asarray(found, dtype=np.float32)

    def _load(self) -> None:
        os.environ.setdefault("GLOG_minloglevel", "3")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            from mediapipe.python.solutions import selfie_segmentation
        except ImportError:
            self._without = True
            return
        with quiet():
            self._segmenter = selfie_segmentation.SelfieSegmentation(model_selection=0)


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
    slope = (cv2.blur(guide * rough, box) - mean * level) / (
        cv2.blur(guide * guide, box) - mean * mean + 1e-4
    )
    offset = level - slope * mean
    return np.asarray(np.clip(cv2.blur(slope, box) * guide + cv2.blur(offset, box), 0, 1))
