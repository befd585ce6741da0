"""A face in a photo: its 68 points and head pose, and which faces are refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import FaceError
from ecgan.faces.photo import described

MIN_SCORE = 0.5
"""Confidence from which a face counts as found."""
MAX_YAW, MAX_PITCH, MAX_ROLL = 34.0, 26.0, 60.0
"""Degrees beyond which a face is refused. Of one turned to the side, half is hidden; the heads in
the training photos lean by -8 to 15 degrees."""
MIN_EYE_DISTANCE = 12.0
"""Pixels between the eye centres: down to it the recogniser is right as often as in large photos,
and translations look like the photo, as coarse as it is. Pictures of FER2013, 48 px, have 18."""
NOSE_DEPTH = 0.78
"""How far the tip of the nose stands before the eyes, in eye distances: gives the detector's yaw
of 35 faces, turned by up to 51 degrees, to 1.2 degrees on average (at most 7)."""

# Mesh vertices of the 68 points of the iBUG 300-W scheme: jaw, brows, nose, eyes, mouth.
# fmt: off
MESH_TO_68 = (
    127, 234, 177, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 401, 454, 356,
    70, 63, 105, 66, 55, 285, 296, 334, 293, 300,
    6, 197, 5, 4, 166, 20, 94, 290, 392,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91,
    78, 81, 13, 311, 308, 402, 14, 178,
)
# fmt: on
_MIRRORED_68 = (
    *(*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1)),
)
"""The same points once the picture is mirrored: left and right change places."""
_CHEEKS, _FOREHEAD_CHIN = (234, 454), (10, 152)

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels."""


@dataclass(frozen=True)
class Face:
    """One detected face; points and box in pixels of the photo."""

    points: NDArray[np.float32]
    """(68, 2)."""
    box: Box
    """Around the mesh."""
    yaw: float
    """Degrees, 0 frontal, positive when the face turns to its left."""
    pitch: float
    roll: float
    score: float
    """Confidence in [0, 1]; `MIN_SCORE` where only the mesh's own detector saw the face."""

    @property
    def eye_distance(self) -> float:
        """Pixels between the two eye centres."""
        left, right = eye_centres(self.points)
        return float(np.linalg.norm(left - right))


def check_points(points: Any) -> None:
    """Refuse what is no (68, 2) array of landmarks.

    Raises:
        TypeError: no array of numbers.
        ValueError: another shape.
    """
    if not isinstance(points, np.ndarray) or points.dtype.kind not in "fiu":
        raise TypeError(f"expected a (68, 2) array of landmarks, got {described(points)}")
    if points.shape != (68, 2):
        raise ValueError(f"expected (68, 2) landmarks, got shape {points.shape}")


def eye_centres(points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of the eye on the left of the picture and of the other one, from 68 points."""
    return points[36:42].mean(axis=0), points[42:48].mean(axis=0)


def middle(box: Box) -> NDArray[np.float64]:
    """x, y."""
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def within(face: Face, shape: tuple[int, ...]) -> Face:
    """The face with its box cut at the border of an (height, width, ...) photo."""
    limits = (shape[1], shape[0], shape[1], shape[0])
    x0, y0, x1, y1 = (min(max(v, 0.0), float(top)) for v, top in zip(face.box, limits, strict=True))
    return replace(face, box=(x0, y0, x1, y1))


def check_translatable(face: Face, shape: tuple[int, ...]) -> None:
    """Refuse a face that no translation can do justice.

    Args:
        face: the detected face.
        shape: (height, width, ...) of its photo.

    Raises:
        FaceError: `profile`, `tilted`, `tiny` or `outside`.
    """
    if abs(face.roll) > MAX_ROLL:
        raise FaceError(
            "tilted",
            f"the face is turned by {math.ceil(abs(face.roll))} degrees in the picture, at most "
            f"{MAX_ROLL:.0f} can be translated: turn the photo first",
        )
    if abs(face.yaw) > MAX_YAW:
        raise FaceError(
            "profile",
            f"the face is turned {math.ceil(abs(face.yaw))} degrees to the side, at most "
            f"{MAX_YAW:.0f} can be translated: use a more frontal photo",
        )
    if abs(face.pitch) > MAX_PITCH:
        raise FaceError(
            "tilted",
            f"the head is tilted by {math.ceil(abs(face.pitch))} degrees up or down, at most "
            f"{MAX_PITCH:.0f} can be translated: use a more upright photo",
        )
    if face.eye_distance < MIN_EYE_DISTANCE:
        apart = math.floor(10 * face.eye_distance) / 10
        raise FaceError(
            "tiny",
            f"the eyes are {apart:g} px apart, at least {MIN_EYE_DISTANCE:g} are needed: use a "
            "larger photo",
        )
    x, y = face.points[17:].T
    if np.mean((x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])) < 0.95:
        raise FaceError(
            "outside", "part of the face lies outside the photo: use one that shows all"
        )


def face_of_mesh(mesh: NDArray[np.float32]) -> Face:
    """The face of a (478, 3) mesh in pixels of the photo."""
    across, down = (mesh[last] - mesh[first] for first, last in (_CHEEKS, _FOREHEAD_CHIN))
    x0, y0 = mesh[:, :2].min(0)
    x1, y1 = mesh[:, :2].max(0)
    return Face(
        points=mesh[list(MESH_TO_68), :2],
        box=(float(x0), float(y0), float(x1), float(y1)),
        yaw=float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1])))),
        pitch=float(np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1])))),
        roll=float(np.degrees(np.arctan2(across[1], across[0]))),
        score=MIN_SCORE,
    )


def unmirrored(face: Face, width: int, left: int, top: int) -> Face:
    """A face found in a mirrored part of the photo (`width` px wide) where it really is."""
    x0, y0, x1, y1 = face.box
    end = left + width - 1
    mirrored = face.points[list(_MIRRORED_68)]
    return replace(
        face,
        points=np.stack([end - mirrored[:, 0], mirrored[:, 1] + top], axis=1),
        box=(end - x1, y0 + top, end - x0, y1 + top),
        yaw=-face.yaw,
        roll=-face.roll,
    )


def given_face(points: NDArray[np.float32]) -> Face:
    """A face of which only the 68 landmarks are known: roll from the eyes, yaw from how far the tip
    of the nose stands beside their middle; pitch counts as 0. Left and right of a face upside down
    may have been named as they lie in the picture: the chin says where down is."""
    left, right = eye_centres(points)
    x0, y0 = (float(v) for v in points.min(axis=0))
    x1, y1 = (float(v) for v in points.max(axis=0))
    across, middle = right - left, (left + right) / 2
    roll = math.degrees(math.atan2(float(across[1]), float(across[0])))
    down = points[8] - middle
    if across[0] * down[1] - across[1] * down[0] < 0:
        roll = (roll + 360) % 360 - 180
    beside = float((points[30] - middle) @ across / (across @ across))
    yaw = math.degrees(math.atan(beside / NOSE_DEPTH))
    return Face(points=points, box=(x0, y0, x1, y1), yaw=yaw, pitch=0.0, roll=roll, score=1.0)
