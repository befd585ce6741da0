"""Prepared images through the code that translates photos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ecgan.data.manifest import Record
from ecgan.expressions import NEUTRAL
from ecgan.faces.alignment import Alignment
from ecgan.faces.face import given_face
from ecgan.faces.finder import AlignedFace
from ecgan.faces.photo import Photo
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.translator import Translator

Pixels = NDArray[np.uint8]


def ready_photo(translator: Translator, pixels: Pixels, record: Record) -> ReadyPhoto:
    """A prepared image as a photo whose one face is found, neutralised where it is not neutral.

    Args:
        translator: the model.
        pixels: (size, size, 3), the aligned image, which is taken as the whole photo.
        record: gives the landmarks.
    """
    points = np.asarray(record.landmarks, dtype=np.float32)
    alignment = Alignment(np.eye(2, 3), pixels.shape[0])
    aligned = AlignedFace(1, given_face(points), alignment, pixels)
    photo = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
    face = translator.ready_face(aligned, assume_neutral=record.expression == NEUTRAL)
    return ReadyPhoto(photo, (face,), ())


def translate_aligned(
    translator: Translator, pixels: Pixels, record: Record, strengths: Mapping[str, float]
) -> Iterator[Pixels]:
    """A prepared image with each expression of `strengths`, as strong as it says; see
    `ready_photo`."""
    ready = ready_photo(translator, pixels, record)
    for name, strength in strengths.items():
        yield translator.render(ready, name, strength).pixels
