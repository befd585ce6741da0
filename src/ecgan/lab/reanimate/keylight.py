"""A lamp at the side: the photo times the ratio of shadings with and without it."""

from __future__ import annotations

import cv2
import numpy as np

from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.flow import Mask, nearest
from ecgan.lab.reanimate.looks import KeyLight
from ecgan.lab.reanimate.turning import Head

WRAP = 0.25
"""How far around the edge the soft lamp reaches, as a cosine."""
FRONT = np.array([0.0, 0.45, 0.9], np.float32) / np.float32(np.hypot(0.45, 0.9))
"""Where the light of the photo comes from."""
AMBIENT = 0.28
"""Share of light that comes from everywhere."""
TINT = np.array([0.16, 0.0, -0.2], np.float32)
"""Exponent of red, green and blue at full warmth."""
LOWEST, HIGHEST = 0.25, 1.9
"""Bounds of the ratio in linear light."""
ELSEWHERE = 0.3
"""Strength of the lamp on what is not the person."""


def lamp_ratio(key: KeyLight, normals: Floats, face: Mask) -> Floats:
    """(size, size, 3): factor in linear light, 1 on average over the face.

    Args:
        key: the lamp.
        normals: (size, size, 3) of all that is seen, x right, y up, z near.
        face: (size, size).
    """
    azimuth, elevation = np.radians([key.azimuth, key.elevation])
    way = np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation),
         np.cos(azimuth) * np.cos(elevation)], np.float32,
    )  # fmt: skip
    lamp = np.exp(key.warmth * TINT) * _soft(normals @ way)[..., None]
    fill = np.exp(-0.5 * key.warmth * TINT)
    front = _soft(normals @ FRONT)[..., None]
    before = AMBIENT + (1 - AMBIENT) * front
    strength = key.strength
    after = AMBIENT * fill + (1 - AMBIENT) * ((1 - strength) * front + strength * 1.3 * lamp)
    ratio = after / before
    level = float(ratio[face].mean()) if face.any() else 1.0
    return np.asarray(np.clip(ratio / max(level, 1e-3), LOWEST, HIGHEST), dtype=np.float32)


def scene_normals(normals: Floats, known: Mask, head: Head) -> Floats:
    """(size, size, 3): the skin's normals, carried on over hair, ears and neck into those of an
    ellipsoid, and over the shoulders into those of a wide column."""
    size = normals.shape[0]
    right, up = head.places(size)
    radius = head.radius(size)
    unit = head.unit
    across, along = (right - head.middle[0]) / (1.3 * unit), (up - head.middle[1]) / (2 * unit)
    within = np.clip(2 * (1.5 - radius), 0, 1)[..., None]
    ball = _unit(np.dstack([across, along, np.sqrt(np.clip(1 - across**2 - along**2, 0.1, 1))]))
    column = np.clip(right / (3.5 * unit), -0.75, 0.75)
    body = _unit(np.dstack([column, np.full_like(column, 0.15), np.sqrt(1 - column**2)]))
    beyond = within * ball + (1 - within) * body
    distance, carried = nearest(normals, known)
    near = np.exp(-((distance / (0.22 * unit)) ** 2))[..., None]
    mixed = near * carried + (1 - near) * beyond
    return _unit(cv2.GaussianBlur(mixed.astype(np.float32), (0, 0), 0.03 * unit))


def _soft(cosine: Floats) -> Floats:
    return np.asarray(np.clip((cosine + WRAP) / (1 + WRAP), 0, 1), dtype=np.float32)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-6), dtype=np.float32)
