"""Faces in a photo: the 68 points from mediapipe's face mesh, head pose, and what is refused."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import FaceError, MissingExtra
from ecgan.faces.tiles import tiles

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
# The same points once the picture is mirrored: left and right change places.
# fmt: off
_MIRRORED_68 = (
    16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    26, 25, 24, 23, 22, 21, 20, 19, 18, 17,
    27, 28, 29, 30, 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,
    64, 63, 62, 61, 60, 67, 66, 65,
)
# fmt: on
_CHEEKS, _FOREHEAD_CHIN = (234, 454), (10, 152)

MAX_YAW, MAX_PITCH, MAX_ROLL = 34.0, 26.0, 60.0
"""Degrees beyond which a face is refused: of one turned to the side, half is not in the picture,
and like one thrown back none was learned from (photos of -8 to 15 degrees)."""
MIN_EYE_DISTANCE = 20.0
"""Pixels between the eye centres."""
MIN_SCORE = 0.5
"""Confidence from which a face counts as found."""
SURE_SCORE = 0.7
"""Confidence of the finder from which a face without a mesh, mostly a profile, is tried harder."""

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
    dense: NDArray[np.float32] | None
    """(478, 3) mesh, z in pixels too."""
    score: float
    """Confidence in [0, 1]; `MIN_SCORE` where only the mesh's own detector saw the face."""

    @property
    def eye_distance(self) -> float:
        """Pixels between the two eye centres."""
        return float(np.linalg.norm(self.points[36:42].mean(0) - self.points[42:48].mean(0)))


class LandmarkDetector:
    """Finds faces of any size, largest first. Not thread-safe: one a process."""

    def __init__(self, max_faces: int = 10) -> None:
        self.max_faces = max_faces
        self._mesh: Any = None
        self._patient: Any = None
        self._finder: Any = None

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """All faces of an (height, width, 3) uint8 RGB image; empty if there is none.

        Raises:
            MissingExtra: mediapipe is not installed.
        """
        self._load()
        with quiet():
            faces = self._faces(pixels, 0, 0)
            for box, score in self._boxes(pixels):
                middle = _middle(box)
                known = [i for i, face in enumerate(faces) if _inside(middle, face.box)]
                if known:
                    best = max(score, faces[known[0]].score)
                    faces[known[0]] = replace(faces[known[0]], score=best)
                    continue
                found = self._closer(pixels, box, score)
                if found and not any(_inside(_middle(found.box), face.box) for face in faces):
                    faces.append(found)
        faces.sort(key=lambda face: face.eye_distance, reverse=True)
        return faces[: self.max_faces]

    def _load(self) -> None:
        if self._mesh is not None:
            return
        os.environ.setdefault("GLOG_minloglevel", "3")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            from mediapipe.python.solutions import face_detection, face_mesh
        except ImportError:
            raise MissingExtra(
                "finding faces needs mediapipe: pip install 'ecgan[faces]' (Python 3.11 or 3.12), "
                "or give landmarks beside the photos"
            ) from None
        with quiet():
            self._mesh = face_mesh.FaceMesh(
                static_image_mode=True,
                refine_landmarks=True,
                max_num_faces=self.max_faces,
                min_detection_confidence=MIN_SCORE,
            )
            self._patient = face_mesh.FaceMesh(
                static_image_mode=True,
                refine_landmarks=True,
                max_num_faces=1,
                min_detection_confidence=0.1,
                min_tracking_confidence=0.1,
            )
            self._finder = face_detection.FaceDetection(
                model_selection=1, min_detection_confidence=MIN_SCORE
            )

    def _faces(
        self, pixels: NDArray[np.uint8], left: int, top: int, mesher: Any = None
    ) -> list[Face]:
        height, width = pixels.shape[:2]
        if min(height, width) < 16:
            return []
        mesher = mesher or self._mesh
        found = mesher.process(np.ascontiguousarray(pixels)).multi_face_landmarks or []
        faces = []
        for landmarks in found:
            mesh = np.array([(p.x, p.y, p.z) for p in landmarks.landmark], dtype=np.float32)
            mesh = mesh * np.array([width, height, width], np.float32)
            faces.append(_face(mesh + np.array([left, top, 0], np.float32)))
        return faces

    def _boxes(self, pixels: NDArray[np.uint8]) -> list[tuple[Box, float]]:
        """What the finder sees in the photo and its tiles, the surest first, each face once."""
        seen: list[tuple[Box, float]] = []
        for left, top, side in tiles(pixels.shape[0], pixels.shape[1]):
            part = pixels[top : top + side, left : left + side]
            height, width = part.shape[:2]
            found = self._finder.process(np.ascontiguousarray(part)).detections or []
            for detection in found:
                box = detection.location_data.relative_bounding_box
                x0, y0 = left + box.xmin * width, top + box.ymin * height
                x1, y1 = x0 + box.width * width, y0 + box.height * height
                seen.append(((x0, y0, x1, y1), float(detection.score[0])))
        seen.sort(key=lambda one: one[1], reverse=True)
        once: list[tuple[Box, float]] = []
        for candidate, score in seen:
            if not any(_inside(_middle(candidate), other) for other, _ in once):
                once.append((candidate, score))
        return once

    def _closer(self, pixels: NDArray[np.uint8], box: Box, score: float) -> Face | None:
        """The mesh of a face that was missed in the whole photo."""
        attempts = [(1.0, self._mesh, False)]
        if score >= SURE_SCORE:  # a profile gets a mesh on one of its two sides only
            attempts += [(0.75, self._patient, False), (0.75, self._patient, True)]
        (x, y), longest = _middle(box), max(box[2] - box[0], box[3] - box[1])
        for reach, mesher, mirrored in attempts:
            side = reach * longest
            left, top = max(0, int(x - side)), max(0, int(y - side))
            part = pixels[top : max(0, int(y + side)), left : max(0, int(x + side))]
            if mirrored:
                found = self._faces(part[:, ::-1], 0, 0, mesher)
                faces = [_unmirrored(face, part.shape[1], left, top) for face in found]
            else:
                faces = self._faces(part, left, top, mesher)
            if faces:
                nearest = min(faces, key=lambda face: np.hypot(*(_middle(face.box) - (x, y))))
                return replace(nearest, score=score)
        return None


def check_translatable(face: Face, shape: tuple[int, ...]) -> None:
    """Refuse a face that no translation can do justice.

    Args:
        face: the detected face.
        shape: (height, width, ...) of its photo.

    Raises:
        FaceError: `profile`, `tilted`, `tiny` or `outside`.
    """
    if abs(face.yaw) > MAX_YAW:
        raise FaceError(
            "profile",
            f"the face is turned {abs(face.yaw):.0f} degrees to the side, at most {MAX_YAW:.0f} "
            "can be translated: use a more frontal photo",
        )
    if abs(face.pitch) > MAX_PITCH or abs(face.roll) > MAX_ROLL:
        raise FaceError(
            "tilted",
            f"the head is tilted (pitch {face.pitch:.0f}, roll {face.roll:.0f} degrees), at most "
            f"{MAX_PITCH:.0f} and {MAX_ROLL:.0f} can be translated: use a more upright photo",
        )
    if face.eye_distance < MIN_EYE_DISTANCE:
        raise FaceError(
            "tiny",
            f"the eyes are {face.eye_distance:.0f} px apart, at least {MIN_EYE_DISTANCE:.0f} are "
            "needed: use a larger photo",
        )
    x, y = face.points[17:].T
    within = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
    if within.mean() < 0.95:
        raise FaceError(
            "outside", "part of the face lies outside the photo: use one that shows all"
        )


def _face(mesh: NDArray[np.float32]) -> Face:
    points = mesh[list(MESH_TO_68), :2]
    across = mesh[_CHEEKS[1]] - mesh[_CHEEKS[0]]
    down = mesh[_FOREHEAD_CHIN[1]] - mesh[_FOREHEAD_CHIN[0]]
    x0, y0 = mesh[:, :2].min(0)
    x1, y1 = mesh[:, :2].max(0)
    return Face(
        points=points,
        box=(float(x0), float(y0), float(x1), float(y1)),
        yaw=float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1])))),
        pitch=float(np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1])))),
        roll=float(np.degrees(np.arctan2(across[1], across[0]))),
        dense=mesh,
        score=MIN_SCORE,
    )


def _unmirrored(face: Face, width: int, left: int, top: int) -> Face:
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
        dense=None,
    )


def _middle(box: Box) -> NDArray[np.float64]:
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def _inside(point: NDArray[np.floating], box: Box) -> bool:
    return bool(box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide what the C++ parts print to the standard error of the process."""
    sys.stderr.flush()
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
