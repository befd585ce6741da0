"""What expression each face of a photo shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from ecgan.errors import EcganError, FaceError, MissingExtra
from ecgan.faces.face import Face, check_translatable
from ecgan.faces.finder import FaceFinder, align_face
from ecgan.faces.opening import are_several, open_photo
from ecgan.faces.photo import Photo
from ecgan.inference.crops import to_tensor
from ecgan.inference.doubt import doubts_of
from ecgan.inference.turns import one_at_a_time

if TYPE_CHECKING:
    from ecgan.inference.recognizer import Recognizer


@dataclass(frozen=True)
class RecognisedFace:
    """One face with its probabilities."""

    number: int
    """1 is the largest face of the photo."""
    box: tuple[float, float, float, float]
    probabilities: dict[str, float]
    doubt: str | None
    """Why the figures are not to be trusted, such as "profile" or "dark, covered mouth"; None for a
    good face."""
    landmarks: NDArray[np.float32]
    """(68, 2) in pixels of the photo."""

    @property
    def expression(self) -> str:
        """The most probable one."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


def recognise(
    photos: Any, recognizer: Recognizer, finder: FaceFinder
) -> list[RecognisedFace] | list[list[RecognisedFace] | Exception]:
    """What `Recognizer.recognize` returns."""
    if not are_several(photos):
        return _recognised(photos, recognizer, finder)
    made: list[list[RecognisedFace] | Exception] = []
    for photo in cast(Iterable[Any], photos):
        try:
            made.append(_recognised(photo, recognizer, finder))
        except MissingExtra:
            raise
        except (EcganError, TypeError, ValueError) as error:
            made.append(error)
    return made


def _recognised(given: Any, recognizer: Recognizer, finder: FaceFinder) -> list[RecognisedFace]:
    photo = open_photo(given)
    return recognise_faces(photo, finder.find(photo), recognizer)


@one_at_a_time
def recognise_faces(
    photo: Photo, faces: Sequence[Face], recognizer: Recognizer
) -> list[RecognisedFace]:
    """Probabilities of each face, in the order given."""
    if not faces:
        return []
    from ecgan.inference.recognizer import resize

    small, doubts = [], []
    for number, face in enumerate(faces, start=1):
        reasons = []
        try:
            check_translatable(face, photo.pixels.shape)
        except FaceError as error:
            reasons.append(error.reason)
        aligned = align_face(photo, face, number=number, least_px=recognizer.size)
        if not reasons:  # the pixels of a good face are learned from faces that can be translated
            reasons += doubts_of(aligned.pixels)
        small.append(resize(to_tensor(aligned.pixels).to(recognizer.device), recognizer.size))
        doubts.append(", ".join(reasons) or None)
    rows = recognizer.probabilities(torch.cat(small)).tolist()
    names = recognizer.vocabulary.names
    return [
        RecognisedFace(n, face.box, dict(zip(names, row, strict=True)), doubt, face.points)
        for n, (face, row, doubt) in enumerate(zip(faces, rows, doubts, strict=True), start=1)
    ]
