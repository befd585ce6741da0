"""Faces in a photo: the 68 points from mediapipe's face mesh, head pose, and what is refused."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import EcganError, FaceError

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
_CHEEKS, _FOREHEAD_CHIN = (234, 454), (10, 152)

MAX_YAW, MAX_PITCH, MAX_ROLL = 34.0, 38.0, 60.0
"""Degrees beyond which a face is refused: the other half of it is not in the picture."""
MIN_EYE_DISTANCE = 20.0
"""Pixels between the eye centres."""


@dataclass(frozen=True)
class Face:
    """One detected face; points and box in pixels of the photo."""

    points: NDArray[np.float32]
    """(68, 2)."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 around the mesh."""
    yaw: float
    """Degrees, 0 frontal, positive when the face turns to its left."""
    pitch: float
    roll: float
    dense: NDArray[np.float32] | None
    """(478, 3) mesh, z in pixels too."""
    score: float

    @property
    def eye_distance(self) -> float:
        """Pixels between the two eye centres."""
        return float(np.linalg.norm(self.points[36:42].mean(0) - self.points[42:48].mean(0)))


class LandmarkDetector:
    """Finds faces of any size, largest first. Not thread-safe: one a process."""

    def __init__(self, max_faces: int = 10) -> None:
        self.max_faces = max_faces
        self._mesh: Any = None
        self._finder: Any = None

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """All faces of an (height, width, 3) uint8 RGB image; empty if there is none.

        Raises:
            EcganError: mediapipe is not installed.
        """
        self._load()
        with _quiet():
            faces = self._faces(pixels, 0, 0)
            for x0, y0, x1, y1 in self._boxes(pixels):
                middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
                if any(_inside(middle, face.box) for face in faces):
                    continue
                side = 1.0 * max(x1 - x0, y1 - y0)
                left, top = max(0, int(middle[0] - side)), max(0, int(middle[1] - side))
                part = pixels[top : int(middle[1] + side), left : int(middle[0] + side)]
                faces += self._faces(np.ascontiguousarray(part), left, top)[:1]
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
            raise EcganError(
                "finding faces needs mediapipe: pip install 'ecgan[faces]' (Python 3.11 or 3.12), "
                "or give landmarks beside the photos"
            ) from None
        with _quiet():
            self._mesh = face_mesh.FaceMesh(
                static_image_mode=True,
                refine_landmarks=True,
                max_num_faces=self.max_faces,
                min_detection_confidence=0.5,
            )
            self._finder = face_detection.FaceDetection(
                model_selection=1, min_detection_confidence=0.5
            )

    def _faces(self, pixels: NDArray[np.uint8], left: int, top: int) -> list[Face]:
        height, width = pixels.shape[:2]
        if min(height, width) < 16:
            return []
        found = self._mesh.process(pixels).multi_face_landmarks or []
        faces = []
        for landmarks in found:
            mesh = np.array([(p.x, p.y, p.z) for p in landmarks.landmark], dtype=np.float32)
            mesh = mesh * np.array([width, height, width], np.float32)
            faces.append(_face(mesh + np.array([left, top, 0], np.float32)))
        return faces

    def _boxes(self, pixels: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
        height, width = pixels.shape[:2]
        boxes = []
        for detection in self._finder.process(pixels).detections or []:
            box = detection.location_data.relative_bounding_box
            x0, y0 = box.xmin * width, box.ymin * height
            boxes.append((x0, y0, x0 + box.width * width, y0 + box.height * height))
        return boxes


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
        score=1.0,
    )


def _inside(point: NDArray[np.floating], box: tuple[float, float, float, float]) -> bool:
    return bool(box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
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
