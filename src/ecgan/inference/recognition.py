"""What expression each face of a photo shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecgan.errors import FaceError
from ecgan.faces.face import Face, check_translatable
from ecgan.faces.finder import align_face
from ecgan.faces.photo import Photo
from ecgan.inference.crops import to_tensor
from ecgan.inference.doubt import doubts_of
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

    @property
    def expression(self) -> str:
        """The most probable one."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


def recognise_faces(
    photo: Photo, faces: Sequence[Face], recognizer: Recognizer
) -> list[RecognisedFace]:
    """Probabilities of each face, in the order given."""
    recognised = []
    for number, face in enumerate(faces, start=1):
        reasons = []
        try:
            check_translatable(face, photo.pixels.shape)
        except FaceError as error:
            reasons.append(error.reason)
        aligned = align_face(photo, face, number=number, least_px=recognizer.size)
        if not reasons:  # the pixels of a good face are learned from faces that can be translated
            reasons += doubts_of(aligned.pixels)
        seen = recognizer.of_crop(to_tensor(aligned.pixels))
        recognised.append(RecognisedFace(number, face.box, seen, ", ".join(reasons) or None))
    return recognised
