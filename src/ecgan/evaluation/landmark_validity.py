"""Landmark validity: is the result still a face, in its place, with its features where the truth
has them?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.floating]
"""(68, 2), in pixels of the aligned image."""

EYES = (slice(36, 42), slice(42, 48))
MAX_SHIFT = 0.25
"""In eye distances: how far the eyes of a face may lie from the expected place."""


def eye_distance(points: Points) -> float:
    """Pixels between the eye centres."""
    left, right = (np.asarray(points)[eye].mean(axis=0) for eye in EYES)
    return float(np.linalg.norm(left - right))


def face_in_place(found: Sequence[Points], expected: Points) -> Points | None:
    """Of the faces found the one whose eye centres lie nearest to the expected, if both lie within
    `MAX_SHIFT` eye distances of them."""
    unit = eye_distance(expected)
    best: tuple[float, Points] | None = None
    for points in found:
        shift = max(
            float(np.linalg.norm(np.mean(points[eye], axis=0) - np.mean(expected[eye], axis=0)))
            for eye in EYES
        )
        if shift <= MAX_SHIFT * unit and (best is None or shift < best[0]):
            best = (shift, points)
    return None if best is None else best[1]


def landmark_error(points: Points, truth: Points) -> float:
    """Mean distance of the 68 points to those of the truth, in the truth's eye distances."""
    distances = np.linalg.norm(np.asarray(points, dtype=np.float64) - truth, axis=1)
    return float(distances.mean()) / eye_distance(truth)
