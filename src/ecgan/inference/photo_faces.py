"""The faces of a photo: found, chosen, checked, and cropped upright at their own resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgan.errors import FaceError, UsageError
from ecgan.faces.alignment import CANONICAL_SIZE, Alignment, align, crop
from ecgan.faces.face import within
from ecgan.faces.landmark_files import find_landmarks, read_landmarks
from ecgan.faces.landmarks import Face, LandmarkDetector, check_translatable
from ecgan.faces.photo import Photo
from ecgan.faces.pixels import described
from ecgan.inference.doubt import check_readable
from ecgan.shapes import Images

MAX_CROP_PX = 1024
"""Larger faces are worked on at this size and pasted back enlarged."""
NOSE_DEPTH = 0.78
"""How far the tip of the nose stands before the eyes, in eye distances: gives the detector's yaw
of 35 faces, turned by up to 51 degrees, to 1.2 degrees on average (at most 7)."""

FaceChoice = int | Literal["all", "largest"]
"""`all`, `largest`, or N for the N-th largest face, from 1."""


@dataclass(frozen=True)
class AlignedFace:
    """One face of a photo, upright in a square crop."""

    number: int
    """1 is the largest face of the photo."""
    face: Face
    alignment: Alignment
    """From the photo to the crop."""
    pixels: NDArray[np.uint8]
    """(side, side, 3), RGB."""
    doubts: tuple[str, ...] = ()
    """Why its translation may not be right, of `doubt.WARNED`."""

    @property
    def points(self) -> NDArray[np.float32]:
        """The 68 landmarks in pixels of the crop."""
        return np.asarray(self.alignment.to_aligned(self.face.points), dtype=np.float32)


@dataclass(frozen=True)
class RefusedFace:
    """A face that cannot be translated."""

    number: int
    box: tuple[float, float, float, float]
    reason: str
    """One of `errors.FACE_REASONS`."""
    message: str


@dataclass(frozen=True)
class ChosenFaces:
    """The asked-for faces of a photo: those that can be used, and those that cannot."""

    aligned: tuple[AlignedFace, ...]
    refused: tuple[RefusedFace, ...]


def check_photo(photo: Any) -> None:
    """Refuse what is not an opened photograph.

    Raises:
        TypeError: such as a path or an array.
    """
    if not isinstance(photo, Photo):
        raise TypeError(f"expected a Photo, got {described(photo)}")


class FaceFinder:
    """Landmarks of photos: given in a file beside the photo, or else detected."""

    def __init__(self, detector: LandmarkDetector | None = None) -> None:
        self._detector = detector

    def find(self, photo: Photo) -> list[Face]:
        """All faces, the largest first.

        Raises:
            TypeError: not a `Photo`.
            FaceError: there is none.
            EcganError: no landmark model is installed and none are given.
        """
        check_photo(photo)
        given = find_landmarks(photo.path) if photo.path is not None else None
        if given is not None:
            return [within(given_face(read_landmarks(given)), photo.pixels.shape)]
        if self._detector is None:
            self._detector = LandmarkDetector()
        faces = self._detector.detect(photo.pixels)
        if not faces:
            raise FaceError("no-face", "no face found; expected a photo of a face from the front")
        return faces


def given_face(points: NDArray[np.float32]) -> Face:
    """A face of which only the 68 landmarks are known: roll from the eyes, yaw from how far the tip
    of the nose stands beside their middle; pitch counts as 0. Left and right of a face upside down
    may have been named as they lie in the picture: the chin says where down is."""
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    x0, y0 = (float(v) for v in points.min(axis=0))
    x1, y1 = (float(v) for v in points.max(axis=0))
    roll = math.degrees(math.atan2(float(right[1] - left[1]), float(right[0] - left[0])))
    across = right - left
    down = points[8] - (left + right) / 2
    if across[0] * down[1] - across[1] * down[0] < 0:
        roll = (roll + 360) % 360 - 180
    beside = float((points[30] - (left + right) / 2) @ across / (across @ across))
    yaw = math.degrees(math.atan(beside / NOSE_DEPTH))
    return Face(
        points=points, box=(x0, y0, x1, y1), yaw=yaw, pitch=0.0, roll=roll, dense=None, score=1.0
    )


def parse_face_choice(text: str) -> FaceChoice:
    """`all`, `largest` or a number.

    Raises:
        UsageError: anything else.
    """
    word = text.strip().lower()
    if word == "all":
        return "all"
    if word == "largest":
        return "largest"
    if word.isdecimal() and int(word) >= 1:
        return int(word)
    raise UsageError(f"--face takes all, largest or a number from 1 (the largest), got {text!r}")


def choose_faces(
    photo: Photo, faces: Sequence[Face], choice: FaceChoice, *, least_px: int
) -> ChosenFaces:
    """Check and align the asked-for faces.

    Args:
        photo: where they are.
        faces: from `FaceFinder.find`.
        choice: which of them.
        least_px: the crop is at least this large; the networks' own size.

    Raises:
        FaceError: none of them can be used; the first one's reason.
    """
    numbered = list(enumerate(faces, start=1))
    if choice == "largest":
        numbered = numbered[:1]
    elif choice != "all":
        if choice > len(faces):
            count = len(faces)
            raise FaceError("no-face", f"face {choice} was asked for, the photo has {count}")
        numbered = [numbered[choice - 1]]
    aligned, refused, errors = [], [], []
    for number, face in numbered:
        try:
            check_translatable(face, photo.pixels.shape)
            upright = align_face(photo, face, number=number, least_px=least_px)
            aligned.append(replace(upright, doubts=check_readable(upright.pixels)))
        except FaceError as error:
            errors.append(error)
            refused.append(RefusedFace(number, face.box, error.reason, str(error)))
    if not aligned:
        raise errors[0]
    return ChosenFaces(tuple(aligned), tuple(refused))


def align_face(photo: Photo, face: Face, *, number: int = 1, least_px: int) -> AlignedFace:
    """The face upright, at the resolution that it has in the photo but within
    [least_px, MAX_CROP_PX]."""
    canonical = align(face.points)
    own_px = math.ceil(CANONICAL_SIZE / canonical.scale)
    alignment = canonical.scaled(max(least_px, min(own_px, MAX_CROP_PX)))
    return AlignedFace(number, face, alignment, crop(photo.pixels, alignment))


def to_tensor(pixels: NDArray[np.uint8]) -> Images:
    """One uint8 RGB picture as a batch of one in [-1, 1]."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 127.5 - 1


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """The first image of a batch in [-1, 1] as uint8 RGB; the inverse of `to_tensor`."""
    scaled = ((images[0].float().clamp(-1, 1) + 1) * 127.5).round()
    return np.ascontiguousarray(scaled.to(torch.uint8).permute(1, 2, 0).cpu().numpy())
