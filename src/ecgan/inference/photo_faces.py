"""The faces of a photo: found, chosen, checked, and cropped upright at their own resolution."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgan.errors import EcganWarning, FaceError, MissingExtra, UsageError
from ecgan.faces.alignment import CANONICAL_SIZE, Alignment, align, crop
from ecgan.faces.face import within
from ecgan.faces.landmark_files import given_landmarks, of_another_size
from ecgan.faces.landmarks import Face, LandmarkDetector, check_translatable
from ecgan.faces.photo import Photo
from ecgan.faces.pixels import described
from ecgan.inference.doubt import check_readable
from ecgan.shapes import Images

MAX_CROP_PX = 1024
"""Networks see larger faces at this size; what they change is applied to the photo itself."""
NOSE_DEPTH = 0.78
"""How far the tip of the nose stands before the eyes, in eye distances: gives the detector's yaw
of 35 faces, turned by up to 51 degrees, to 1.2 degrees on average (at most 7)."""

Position = Literal["left", "right", "center"]
"""The face that stands farthest to a side of the picture, or nearest to its middle."""
FaceChoice = int | Literal["all", "largest"] | Position | tuple[int | Position, ...]
"""`all`, `largest`, N for the N-th largest face, from 1, a position, or several of them."""
_POSITIONS: dict[str, Position] = {
    "left": "left",
    "leftmost": "left",
    "right": "right",
    "rightmost": "right",
    "center": "center",
    "centre": "center",
    "middle": "center",
}


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
        """All faces, the largest first. A file beside the photo that looks like landmarks and does
        not hold those of a face in it gives an `EcganWarning`; then faces are detected.

        Raises:
            TypeError: not a `Photo`.
            FaceError: there is none.
            EcganError: no landmark model is installed and none are given.
        """
        check_photo(photo)
        if photo.path is not None:
            given, refused = given_landmarks(photo.path, photo.pixels.shape)
            if given is not None and not self._of_another_size(given, photo):
                return [within(given_face(given), photo.pixels.shape)]
            if given is not None:
                refused += (f"the landmarks beside {photo.path} are for another size of it",)
            for reason in refused:
                warnings.warn(f"{reason}; faces are detected", EcganWarning, stacklevel=2)
        faces = self._detect(photo)
        if not faces:
            raise FaceError("no-face", "no face found; expected a photo of a face from the front")
        return faces

    def _detect(self, photo: Photo) -> list[Face]:
        if self._detector is None:
            self._detector = LandmarkDetector()
        return self._detector.detect(photo.pixels)

    def _of_another_size(self, given: NDArray[np.float32], photo: Photo) -> bool:
        """Whether a detected face is the given one at another scale; no, where none can be."""
        try:
            found = self._detect(photo)
        except MissingExtra:
            return False
        return any(of_another_size(given, face.points) for face in found)


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
    """`all`, `largest`, a number, a position, or a comma list of numbers and positions.

    Raises:
        UsageError: anything else.
    """
    word = text.strip().lower()
    if word in ("all", "largest"):
        return "all" if word == "all" else "largest"
    parts: list[int | Position] = []
    for part in word.split(","):
        name = part.strip()
        if name in _POSITIONS:
            parts.append(_POSITIONS[name])
        elif name.isdecimal() and int(name) >= 1:
            parts.append(int(name))
        else:
            raise UsageError(
                "--face takes all, largest or a number from 1 (the largest), left, right, center, "
                f"or a comma list such as 1,3, got {text!r}"
            )
    return parts[0] if len(parts) == 1 else tuple(dict.fromkeys(parts))


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
    numbered = [(n, faces[n - 1]) for n in _numbers(choice, faces, photo.pixels.shape)]
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


def _numbers(choice: FaceChoice, faces: Sequence[Face], shape: tuple[int, ...]) -> list[int]:
    """The asked-for faces, from 1, each once."""
    if choice == "all":
        return list(range(1, len(faces) + 1))
    middles = [((f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2) for f in faces]
    from_left = sorted(range(len(faces)), key=lambda i: middles[i][0])
    from_center = [math.hypot(x - shape[1] / 2, y - shape[0] / 2) for x, y in middles]
    known = {
        "largest": 1,
        "left": from_left[0] + 1,
        "right": from_left[-1] + 1,
        "center": from_center.index(min(from_center)) + 1,
    }
    asked = choice if isinstance(choice, tuple) else (choice,)
    numbers = [one if isinstance(one, int) else known[one] for one in asked]
    if max(numbers) > len(faces):
        raise FaceError("no-face", f"face {max(numbers)} was asked for, the photo has {len(faces)}")
    return list(dict.fromkeys(numbers))


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
