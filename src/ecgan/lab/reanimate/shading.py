"""Light on moved skin: ratios of shadings (Liu et al. 2001), and wrinkles that muscles fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import Floats

GAMMA = 2.2
"""Exponent from pixels to linear light."""
LIGHT = np.array([0.0, 0.45, 0.9], np.float32) / np.hypot(0.45, 0.9)
"""From above the camera, as faces are mostly lit: x right, y up, z to the camera."""
AMBIENT = 0.55
LOWEST, HIGHEST = 0.68, 1.18
"""Bounds of the ratio: cast shadows and highlights of the photo do not follow the normals."""
DEPTH = 0.3
"""Darkening in the middle of a fold at full strength."""
BANK = 0.3
"""Brightening beside it, as a share of the darkening."""


def relight(now: Floats, rest: Floats, known: NDArray[np.bool_]) -> Floats:
    """(size, size): shading with the moved normals over shading at rest, smoothed; 1 elsewhere."""
    ratio = _shade(now) / _shade(rest)
    ratio = np.where(known, np.clip(ratio, LOWEST, HIGHEST), 1).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(ratio, (0, 0), now.shape[0] / 200), dtype=np.float32)


def _shade(normals: Floats) -> Floats:
    return np.asarray(AMBIENT + (1 - AMBIENT) * np.clip(normals @ LIGHT, 0, 1), dtype=np.float32)


@dataclass(frozen=True)
class Fold:
    """A quadratic Bezier curve; width in centimetres, strength in [0, 1]."""

    points: Floats
    """(3, 2) pixels."""
    strength: float
    width: float
    bank: Floats
    """(2,): unit vector to the lit side."""


def wrinkles(
    landmarks: Floats, weights: Mapping[str, float], size: int, cm: float, depth: float = 1.0
) -> Floats:
    """(size, size): a factor for the skin.

    Args:
        landmarks: (68, 2) of the moved face.
        weights: of the model's shapes.
        size: side of the picture.
        cm: pixels a centimetre.
        depth: how lined this person's skin is; 1 is average.
    """
    shade = np.zeros((size, size), np.float32)
    for fold in _folds(landmarks, weights):
        if fold.strength > 0.02:
            shade += _drawn(fold, size, cm)
    return np.asarray(np.clip(1 - depth * DEPTH * shade, 0.5, 1.3), dtype=np.float32)


def _drawn(fold: Fold, size: int, cm: float) -> Floats:
    """The fold's profile across, tapered to its ends."""
    sigma = max(0.55, fold.width * cm)
    t = np.linspace(0, 1, 25)[:, None]
    start, middle, end = fold.points
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    places = np.round(curve * 16).astype(np.int64)
    canvas = np.zeros((size, size), np.uint8)
    for k, (first, last) in enumerate(pairwise(places.tolist())):
        level = 255 * np.sin(np.pi * (k + 0.5) / (len(places) - 1)) ** 0.7
        cv2.line(canvas, first, last, float(level), 1, cv2.LINE_AA, 4)
    line = np.asarray(canvas / 255.0, dtype=np.float32)
    valley = cv2.GaussianBlur(line, (0, 0), sigma) * (sigma * 2.5)
    offset = np.array([[1, 0, 2.2 * sigma * fold.bank[0]], [0, 1, 2.2 * sigma * fold.bank[1]]])
    raised = cv2.GaussianBlur(line, (0, 0), 1.6 * sigma) * (sigma * 4)
    bank = cv2.warpAffine(raised, offset, (size, size))
    return np.asarray(fold.strength * (valley - BANK * bank), dtype=np.float32)


def _folds(points: Floats, weights: Mapping[str, float]) -> Iterator[Fold]:
    def of(name: str, side: str) -> float:
        return max(0.0, weights.get(f"{name}_{side}", 0.0))

    up = _unit(points[27] - points[8])
    eye = float(np.linalg.norm(points[36] - points[45]))
    # In the picture the person's right side (R) is on the left.
    for side, ala, corner, outer, inner_lid, inner_brow, other in (
        ("R", 31, 48, 36, 39, 21, 22), ("L", 35, 54, 45, 42, 22, 21),
    ):  # fmt: skip
        away = _unit(points[outer] - points[81 - outer])
        smile, sneer = of("mouthSmile", side), of("noseSneer", side)
        lift = 0.7 * smile + 0.9 * sneer + 0.3 * of("mouthUpperUp", side)
        start = points[ala] + eye * ((0.05 - 0.01 * sneer) * away + (0.045 + 0.03 * sneer) * up)
        end = points[corner] + 0.10 * eye * away + 0.02 * eye * up
        middle = (start + end) / 2 + 0.045 * eye * away + 0.02 * eye * up
        yield Fold(np.stack([start, middle, end]), min(1.1, 0.85 * lift), 0.17, away)
        cheek = of("cheekSquint", side)
        inner = points[inner_lid] - eye * (0.05 * up - 0.02 * away)
        outside = points[outer] - eye * (0.05 * up - 0.03 * away)
        bend = (inner + outside) / 2 - 0.06 * eye * up
        yield Fold(np.stack([inner, bend, outside]), min(0.6, 0.5 * cheek), 0.09, -up)
        crow = 0.5 * cheek + 0.3 * smile * of("eyeSquint", side)
        for k, tilt in enumerate((0.35, 0.0, -0.4)):
            first = points[outer] + eye * (0.055 * away + (0.03 - 0.025 * k) * up)
            last = first + eye * 0.085 * (away + tilt * up)
            bend = (first + last) / 2 + 0.008 * eye * up
            yield Fold(np.stack([first, bend, last]), min(0.6, 0.7 * crow), 0.04, up)
        down = of("browDown", side)
        between = points[other] - points[inner_brow]
        inward, gap = _unit(between), 0.30 * float(np.linalg.norm(between))
        foot = points[inner_brow] + gap * inward - 0.07 * eye * up
        head = foot + 0.17 * eye * up - 0.006 * eye * inward
        bend = (foot + head) / 2 - 0.012 * eye * inward
        frown = 0.45 * down + 0.1 * of("browInnerUp", side) * down
        yield Fold(np.stack([foot, bend, head]), min(0.8, frown), 0.12, -inward)
        root = points[27] - 0.035 * eye * up
        for k in range(3):
            first = root - eye * (0.03 + 0.05 * k) * up + 0.03 * eye * away
            last = first + eye * (0.075 * away - (0.02 + 0.02 * k) * up)
            yield Fold(np.stack([first, (first + last) / 2 + 0.015 * eye * up, last]),
                       (0.8, 0.6, 0.4)[k] * min(1.0, 0.9 * sneer), 0.07, up)  # fmt: skip
    yield from _forehead(points, weights, up, eye)
    yield from _middle(points, weights, up, eye)


def _forehead(
    points: Floats, weights: Mapping[str, float], up: Floats, eye: float
) -> Iterator[Fold]:
    inner = max(0.0, (weights.get("browInnerUp_L", 0.0) + weights.get("browInnerUp_R", 0.0)) / 2)
    outer = max(0.0, (weights.get("browOuterUp_L", 0.0) + weights.get("browOuterUp_R", 0.0)) / 2)
    centre = (points[21] + points[22]) / 2
    across = _unit(points[22:27].mean(axis=0) - points[17:22].mean(axis=0))
    half = eye * (0.2 + 0.22 * outer / (inner + outer + 1e-6))
    for k, share in enumerate((0.8, 1.0, 0.7)):
        place = centre + eye * (0.16 + 0.085 * k) * up
        arch = 0.05 * eye * (1 if outer > 0.5 * inner else -0.3)
        curve = np.stack([place - half * across, place + arch * up, place + half * across])
        strength = share * min(0.5, 0.28 * inner + 0.25 * outer)
        yield Fold(curve.astype(np.float32), strength, 0.06, up)


def _middle(points: Floats, weights: Mapping[str, float], up: Floats, eye: float) -> Iterator[Fold]:
    """Across the root of the nose, and between lower lip and chin."""
    across = _unit(points[45] - points[36])
    lowered = (weights.get("browDown_L", 0.0) + weights.get("browDown_R", 0.0)) / 2
    wrinkled = (weights.get("noseSneer_L", 0.0) + weights.get("noseSneer_R", 0.0)) / 2
    for k, strength in enumerate((0.35 * lowered + 0.3 * wrinkled, 0.6 * wrinkled)):
        place = points[27] + eye * (0.02 - 0.045 * k) * up
        half = 0.05 * eye * across
        curve = np.stack([place - half, place + 0.015 * eye * up, place + half])
        yield Fold(curve, float(np.clip(strength, 0, 0.8)), 0.06, up)
    place = points[57] - 0.05 * eye * up
    half = 0.13 * eye * across
    curve = np.stack([place - half - 0.02 * eye * up, place + 0.03 * eye * up,
                      place + half - 0.02 * eye * up])  # fmt: skip
    yield Fold(curve, float(np.clip(0.7 * weights.get("mouthShrugLower", 0.0), 0, 0.7)), 0.12, -up)


def _unit(vector: Floats) -> Floats:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
