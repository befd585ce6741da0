"""The faces of a photo: found, chosen, checked, and cropped upright at their own resolution."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.errors import EcganWarning, FaceError, MissingExtra, UsageError
from ecgan.faces.alignment import (
    CANONICAL_SIZE,
    JAW_ROOM,
    Alignment,
    align,
    below_the_eyes,
    crop,
    face_mask,
)
from ecgan.faces.face import Box, Face, check_translatable, given_face, middle, within
from ecgan.faces.landmark_files import given_landmarks, of_another_size
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import Photo, described

MAX_CROP_PX = 1024
"""Networks see larger faces at this size; what they change is applied to the photo itself."""
GREY_RANGE = 4
"""Levels of 255 between the channels of a pixel that still counts as grey: JPEG leaves some."""

Position = Literal["left", "right", "center"]
"""The face that stands farthest to a side of the picture, or nearest to its middle."""
FaceChoice = int | Literal["all", "largest"] | Position | tuple[int | Position, ...]
"""`all`, `largest`, N for the N-th largest face, from 1, a position, or several of them."""
_POSITIONS: dict[str, Position] = {"left": "left", "right": "right", "center": "center"}
_POSITIONS |= {"leftmost": "left", "rightmost": "right", "centre": "center", "middle": "center"}


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
    """Why its translation may not be right, such as "covered eyes"."""

    @property
    def points(self) -> NDArray[np.float32]:
        """The 68 landmarks in pixels of the crop."""
        return self.alignment.to_aligned(self.face.points)

    @functools.cached_property
    def mask(self) -> NDArray[np.uint8]:
        """Where a translation may change the crop: of one with covered eyes, below them."""
        mask = face_mask(self.points, self.alignment.size, JAW_ROOM)
        return below_the_eyes(mask, self.points) if "covered eyes" in self.doubts else mask

    @functools.cached_property
    def grey(self) -> bool:
        """Whether the face has no colour; then none is painted, whatever a generator paints."""
        left, top, width, height = cv2.boundingRect(self.mask)
        part = slice(top, top + height), slice(left, left + width)
        red, green, blue = cv2.split(self.pixels[part])
        high, low = (kind(kind(red, green), blue) for kind in (cv2.max, cv2.min))
        coloured = (cv2.subtract(high, low) > GREY_RANGE)[self.mask[part] > 0]
        return bool(coloured.mean() < 0.001)


@dataclass(frozen=True)
class RefusedFace:
    """A face that cannot be translated."""

    number: int
    box: Box
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
        self._detector = detector or LandmarkDetector()

    def find(self, photo: Photo) -> list[Face]:
        """All faces, the largest first. A file beside the photo that looks like landmarks and does
        not hold those of a face in it gives an `EcganWarning`; then faces are detected.

        Raises:
            TypeError: not a `Photo`.
            FaceError: there is none.
            EcganError: no landmark model is installed and none are given.
        """
        check_photo(photo)
        faces: list[Face] = []
        if photo.path is not None:
            given, refused = given_landmarks(photo.path, photo.pixels.shape)
            if given is not None:
                faces = self._with_given_at_another_size(photo, given)
                if not faces:
                    return [within(given_face(given), photo.pixels.shape)]
                refused += (f"the landmarks beside {photo.path} are for another size of it",)
            for reason in refused:
                warnings.warn(f"{reason}; faces are detected", EcganWarning, stacklevel=2)
        faces = faces or self._detector.detect(photo.pixels)
        if not faces:
            raise FaceError("no-face", "no face found; expected a photo of a face from the front")
        return faces

    def _with_given_at_another_size(self, photo: Photo, given: NDArray[np.float32]) -> list[Face]:
        """The detected faces, if one of them is the given one at another scale; else none. They
        are not detected where a look at the given place is enough, or where they cannot be."""
        try:
            if self._detector.confirms(photo.pixels, given):
                return []
            found = self._detector.detect(photo.pixels)
        except MissingExtra:
            return []
        return found if any(of_another_size(given, face.points) for face in found) else []


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
    photo: Photo,
    faces: Sequence[Face],
    choice: FaceChoice,
    *,
    least_px: int,
    check_pixels: Callable[[NDArray[np.uint8]], tuple[str, ...]] = lambda _: (),
) -> ChosenFaces:
    """Check and align the asked-for faces.

    Args:
        photo: where they are.
        faces: from `FaceFinder.find`.
        choice: which of them.
        least_px: the crop is at least this large; the networks' own size.
        check_pixels: gives the doubts about a crop; raises FaceError for one that is no use.

    Raises:
        FaceError: none of them can be used; the first one's reason.
    """
    aligned, refused, errors = [], [], []
    for number in face_numbers(choice, faces, photo.pixels.shape):
        face = faces[number - 1]
        try:
            check_translatable(face, photo.pixels.shape)
            upright = align_face(photo, face, number=number, least_px=least_px)
            aligned.append(replace(upright, doubts=check_pixels(upright.pixels)))
        except FaceError as error:
            errors.append(error)
            refused.append(RefusedFace(number, face.box, error.reason, str(error)))
    if not aligned:
        raise errors[0]
    return ChosenFaces(tuple(aligned), tuple(refused))


def face_numbers(choice: FaceChoice, faces: Sequence[Face], shape: tuple[int, ...]) -> list[int]:
    """The asked-for ones of faces, the largest first: numbers from 1, each once.

    Raises:
        FaceError: there are not so many.
    """
    if choice == "all":
        return list(range(1, len(faces) + 1))
    middles = [middle(face.box) for face in faces]
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
