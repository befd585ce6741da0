"""How strongly a person moves each action unit in a photo, from its landmarks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from ecgan.lab.reanimate.facekit import FaceKit
from ecgan.lab.reanimate.fit import Array, Fit, pose_jacobian, rotation_of
from ecgan.lab.reanimate.recipes import shape_weights

RIDGE = 0.15
"""Centimetres of landmark distance that a unit at full strength costs."""
ITERATIONS = 6
_WEIGHTS = np.concatenate([np.full(17, 0.3), np.ones(51)])


def measure_units(
    kit: FaceKit, rest: Fit, points: NDArray[np.floating], units: Sequence[tuple[str, float]]
) -> Array:
    """Strengths, at least 0, that bring the person at rest onto the points, with a turn, a shift
    and a change of size of the head beside them.

    Args:
        kit: the face model.
        rest: the fit to the person's neutral photo.
        points: (68, 2) of the other photo, brought onto the neutral one by its eyes.
        units: names, each with a lean from -1 (right side only) over 0 (both) to 1 (left only).
    """
    motions = np.array([_motion(kit, unit, lean) for unit, lean in units])
    start = rest.vertices[kit.landmarks].astype(np.float64)
    target = (points - rest.warp[kit.landmarks]) * [1, -1]
    rotation, scale = rest.rotation.astype(np.float64), rest.scale
    shift = rest.shift * np.array([1.0, -1.0])
    strengths = np.zeros(len(units))
    root = np.sqrt(np.repeat(_WEIGHTS, 2))
    low = np.concatenate([np.full(6, -np.inf), np.zeros(len(units))])
    for _ in range(ITERATIONS):
        turned = (start + np.tensordot(strengths, motions, 1)) @ rotation.T
        moved = (motions @ rotation.T)[:, :, :2].reshape(len(units), -1)
        pose = pose_jacobian(turned).reshape(4, -1)
        place = np.tile(np.eye(2), len(start))
        # The strengths are solved for as a whole, the pose as a step from where it is.
        left = ((target - shift) / scale - turned[:, :2]).ravel() + strengths @ moved
        system = (np.concatenate([pose, place, moved]) * root).T
        calm = np.hstack([np.zeros((len(units), 6)), RIDGE * np.eye(len(units))])
        solved = lsq_linear(
            np.vstack([system, calm]),
            np.concatenate([left * root, np.zeros(len(units))]),
            bounds=(low, np.full(len(low), np.inf)),
        ).x
        rotation = rotation_of(solved[:3]) @ rotation
        shift = shift + scale * solved[4:6]
        scale *= float(np.exp(np.clip(solved[3], -0.3, 0.3)))
        strengths = solved[6:]
    return np.asarray(strengths, dtype=np.float64)


def _motion(kit: FaceKit, unit: str, lean: float) -> Array:
    """(68, 3) centimetres: landmarks of a unit at full strength."""
    weights = shape_weights({unit: 1.0}, {unit: lean})
    moved = [w * kit.shapes[name][kit.landmarks].astype(np.float64) for name, w in weights.items()]
    return np.asarray(np.sum(moved, axis=0), dtype=np.float64)
