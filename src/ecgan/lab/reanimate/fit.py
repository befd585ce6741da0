"""Fit of the face model to the 68 points of a photo, and of action units to those of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from ecgan.errors import FaceError
from ecgan.lab.reanimate.facekit import FaceKit, Floats
from ecgan.lab.reanimate.recipes import shape_weights

Array = NDArray[np.float64]

NUM_MODES = 40
RESTING = ("jawOpen", "mouthSmile", "mouthFrown", "browDown", "browInnerUp", "browOuterUp",
           "eyeSquint", "eyeBlink", "eyeWide")  # fmt: skip
"""Shapes that a face at rest may show in part."""
IDENTITY_PRIOR, RESTING_PRIOR = 0.02, 0.6
"""Weight of a squared coefficient against squared landmark distances in centimetres."""
ITERATIONS = 12
MAX_ERROR = 0.6
"""Root mean square distance in centimetres beyond which points and model do not belong together."""
_WEIGHTS = np.concatenate([np.full(17, 0.15), np.ones(51)])
_WIDTHS = (3.0, 1.0)
"""Of the two layers of the warp that brings the model onto the points, in centimetres."""
RIDGE = 0.15
"""Centimetres of landmark distance that a unit at full strength costs."""
UNIT_ITERATIONS = 6
_UNIT_WEIGHTS = np.concatenate([np.full(17, 0.3), np.ones(51)])


@dataclass(frozen=True)
class Fit:
    """The model over a photo: weak perspective, then a smooth warp in the image."""

    vertices: Floats
    """(vertices, 3): the person at rest, in centimetres of the model."""
    rotation: Floats
    """(3, 3)."""
    scale: float
    """Pixels a centimetre."""
    shift: Floats
    """(2,) pixels."""
    warp: Floats
    """(vertices, 2) pixels, added after projection."""
    error_cm: float
    """Root mean square of the landmark distances before the warp."""

    def project(self, vertices: Floats) -> Floats:
        """(vertices, 3): x, y in pixels, and a depth in pixels that is larger when nearer."""
        turned = vertices @ self.rotation.T * np.float32(self.scale)
        turned[:, 1] *= -1
        turned[:, :2] += self.shift + self.warp
        return turned


def fit(kit: FaceKit, points: NDArray[np.floating]) -> Fit:
    """Gauss-Newton on pose (weak perspective), the first identity modes and the shapes of
    `RESTING`, both with a Gaussian prior; what is left is warped away.

    points: (68, 2) pixels.

    Raises:
        FaceError: the points do not look like a face (`hidden`).
    """
    target = np.asarray(points, dtype=np.float64) * [1, -1]
    basis, priors = _basis(kit)
    start = kit.neutral[kit.landmarks].astype(np.float64)
    inner = basis[:, kit.landmarks]
    coefficients = np.zeros(len(basis))
    rotation, scale, shift = _start(start, target)
    for _ in range(ITERATIONS):
        shape = start + np.tensordot(coefficients, inner, 1)
        turned = shape @ rotation.T
        left = (target - shift) / scale - turned[:, :2]
        moves = np.concatenate([pose_jacobian(turned), (inner @ rotation.T)[:, :, :2]])
        jacobian = moves.reshape(len(moves), -1)
        pull = np.concatenate([np.zeros(4), -priors * coefficients])
        weight = np.repeat(_WEIGHTS, 2)
        normal = (jacobian * weight) @ jacobian.T + np.diag(np.r_[np.full(4, 1e-9), priors])
        step = np.linalg.solve(normal, (jacobian * weight) @ left.ravel() + pull)
        rotation = rotation_of(step[:3]) @ rotation
        scale *= float(np.exp(np.clip(step[3], -0.5, 0.5)))
        coefficients += step[4:]
        turned = (start + np.tensordot(coefficients, inner, 1)) @ rotation.T
        shift = np.average(target - scale * turned[:, :2], axis=0, weights=_WEIGHTS)
    distance = np.linalg.norm((target - shift) / scale - turned[:, :2], axis=1)
    error = float(np.sqrt(np.average(distance**2, weights=_WEIGHTS)))
    if not np.isfinite(error) or error > MAX_ERROR:
        raise FaceError(
            "hidden",
            f"the face model lies {error * 10:.0f} mm off the landmarks on average, at most "
            f"{MAX_ERROR * 10:.0f} mm is a face: give better landmarks or a more frontal photo",
        )
    vertices = kit.neutral + np.tensordot(coefficients, basis, 1).astype(np.float32)
    bare = Fit(
        vertices=vertices.astype(np.float32),
        rotation=rotation.astype(np.float32),
        scale=float(scale),
        shift=(shift * [1, -1]).astype(np.float32),
        warp=np.zeros((len(vertices), 2), np.float32),
        error_cm=error,
    )
    return _warped(bare, kit, np.asarray(points, dtype=np.float64))


def _basis(kit: FaceKit) -> tuple[Array, Array]:
    modes = list(kit.identity[:NUM_MODES])
    resting = [
        shape
        for name, shape in kit.shapes.items()
        if name.removesuffix("_L").removesuffix("_R") in RESTING
    ]
    priors = [IDENTITY_PRIOR] * len(modes) + [RESTING_PRIOR] * len(resting)
    return np.array([*modes, *resting], dtype=np.float64), np.array(priors)


def _start(shape: Array, target: Array) -> tuple[Array, float, Array]:
    """Upright and frontal, of the right size and place."""
    middle, goal = (np.average(p, axis=0, weights=_WEIGHTS) for p in (shape, target))
    spread = [np.sqrt(np.average(((p - m)[:, :2] ** 2).sum(1), weights=_WEIGHTS))
              for p, m in ((shape, middle), (target, goal))]  # fmt: skip
    if not np.isfinite(spread[1]) or spread[1] < 1:
        raise FaceError("hidden", "the landmarks coincide: give better landmarks")
    scale = float(spread[1] / spread[0])
    return np.eye(3), scale, goal - scale * middle[:2]


def pose_jacobian(turned: Array) -> Array:
    """(4, points, 2): small turns about x, y and z, and the logarithm of the scale."""
    x, y, z = (turned - turned.mean(axis=0)).T
    zero = np.zeros_like(x)
    parts = [[zero, -z], [z, zero], [-y, x], [x, y]]
    return np.array(parts, dtype=np.float64).transpose(0, 2, 1)


def rotation_of(turn: Array) -> Array:
    """Rodrigues' formula."""
    angle = float(np.linalg.norm(turn)) + 1e-12
    turn = turn * min(1.0, 0.3 / angle)
    angle = float(np.linalg.norm(turn)) + 1e-12
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turned = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return np.asarray(turned, dtype=np.float64)


def _warped(bare: Fit, kit: FaceKit, points: Array) -> Fit:
    """Add Gaussian layers, coarse to fine, that bring the model's landmarks onto the points."""
    anchors = bare.vertices[kit.landmarks].astype(np.float64)
    left = points - bare.project(bare.vertices)[kit.landmarks, :2]
    warp = np.zeros((len(bare.vertices), 2))
    squared = ((bare.vertices[:, None] - anchors[None]) ** 2).sum(-1)
    for width in _WIDTHS:
        kernel = np.exp(-squared / width**2)
        own = kernel[kit.landmarks]
        weights = np.linalg.solve(own + np.diag(0.05 / _WEIGHTS), left)
        layer = kernel @ weights
        warp += layer
        left = left - layer[kit.landmarks]
    return replace(bare, warp=warp.astype(np.float32))


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
    root = np.sqrt(np.repeat(_UNIT_WEIGHTS, 2))
    low = np.concatenate([np.full(6, -np.inf), np.zeros(len(units))])
    for _ in range(UNIT_ITERATIONS):
        turned = (start + np.tensordot(strengths, motions, 1)) @ rotation.T
        moved = (motions @ rotation.T)[:, :, :2].reshape(len(units), -1)
        pose = pose_jacobian(turned).reshape(4, -1)
        place = np.tile(np.eye(2), len(start))
        # The strengths are solved for as a whole, the pose as a step from where it is.
        left = ((target - shift) / scale - turned[:, :2]).ravel() + strengths @ moved
        system = (np.concatenate([pose, place, moved]) * root).T
        calm = np.hstack([np.zeros((len(units), 6)), RIDGE * np.eye(len(units))])
        wanted = np.concatenate([left * root, np.zeros(len(units))])
        solved = lsq_linear(np.vstack([system, calm]), wanted, bounds=(low, np.inf)).x
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
