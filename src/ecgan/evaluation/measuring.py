"""What is measured of one picture beside its source, whatever expression was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore
from ecgan.data.manifest import Manifest, Record
from ecgan.evaluation.bootstrap import as_json
from ecgan.evaluation.cases import Pixels
from ecgan.evaluation.identity import verification
from ecgan.evaluation.instruments import Instruments
from ecgan.evaluation.similarity import OutsideChange, Points, change_outside, face_in_place
from ecgan.faces.alignment import JAW_ROOM, face_mask
from ecgan.faces.photo import read_photo


@dataclass(frozen=True)
class Seen:
    """What a picture shows."""

    probabilities: Tensor
    """(expressions,), in the recogniser's vocabulary."""
    likeness: float | None
    """What the identity measure says of it and its source; None without one."""


@dataclass(frozen=True)
class Measured:
    """All that is measured of a picture."""

    seen: Seen
    features: dict[str, NDArray[np.float64]]
    """(features,), by extractor."""
    face: Points | None
    """Of the face where the source has its own; None where there is none, or no detector."""
    outside: OutsideChange
    """Where no paste may change the source."""
    outside_face: float
    """Mean change outside the face in the source."""


class Measuring:
    """Measures pictures of prepared images with the instruments that were chosen."""

    def __init__(self, manifest: Manifest, instruments: Instruments) -> None:
        self.instruments = instruments
        self.size = read_photo(manifest.image_path(manifest.records[0])).pixels.shape[1]
        self.store = ImageStore(manifest, self.size, cache_mib=256)
        self._described: dict[str, NDArray[np.float64]] = {}

    def measure(self, pictures: Sequence[Pixels], source: Record) -> list[Measured]:
        """Of pictures that were made of one source, or of the source itself."""
        features = self.features(pictures)
        original, points = self.store.image(source), np.array(source.landmarks)
        may_change = face_mask(points, self.size, JAW_ROOM)
        return [
            Measured(
                seen,
                {key: rows[number] for key, rows in features.items()},
                self._face(picture, points),
                change_outside(picture, original, may_change),
                change_outside(picture, original, self.store.mask(source)).mean,
            )
            for number, (seen, picture) in enumerate(
                zip(self.see(pictures, source), pictures, strict=True)
            )
        ]

    def see(self, pictures: Sequence[Pixels], source: Record) -> list[Seen]:
        """The part of `measure` that tells the expression and the person."""
        probabilities = self.instruments.recognizer.probabilities(to_images(np.stack(pictures)))
        return [
            Seen(row, self._likeness(picture, source))
            for row, picture in zip(probabilities, pictures, strict=True)
        ]

    def see_truth(self, truth: Record, source: Record) -> Seen:
        """Another real image of the person, beside the source."""
        images = to_images(self.store.image(truth)[None])
        row = self.instruments.recognizer.probabilities(images)[0]
        measure = self.instruments.identity
        if measure is None:
            return Seen(row, None)
        return Seen(row, measure.figure(self._describe(truth), self._describe(source)))

    def features(self, pictures: Sequence[Pixels]) -> dict[str, NDArray[np.float64]]:
        """(pictures, features), by extractor."""
        images = to_images(np.stack(pictures))
        return {
            one.key: one.features(images).double().numpy() for one in self.instruments.extractors
        }

    def facts(self, records: Sequence[Record]) -> dict[str, Any]:
        """What was measured with, and how well the identity measure knows the people of these
        images apart."""
        facts = self.instruments.facts()
        measure = self.instruments.identity
        # Images of a pair are made from one photo, which would be no test.
        photos = [record for record in records if record.pair is None]
        if measure is not None and photos:
            described = [self._describe(record) for record in photos]
            found = verification(measure, described, [record.subject for record in photos])
            if found is not None:
                facts["identity_verification"] = {"measure": measure.key, **as_json(found)}
        return facts

    def _face(self, picture: Pixels, expected: Points) -> Points | None:
        detector = self.instruments.detector
        faces = [] if detector is None else detector.detect(picture)
        return face_in_place([face.points for face in faces], expected)

    def _likeness(self, picture: Pixels, source: Record) -> float | None:
        measure = self.instruments.identity
        if measure is None:
            return None
        known = self._describe(source)
        if picture is self.store.image(source):
            return measure.figure(known, known)
        return measure.figure(measure.describe(picture, np.array(source.landmarks)), known)

    def _describe(self, record: Record) -> NDArray[np.float64]:
        """Of an image as it is, which is asked for again and again."""
        assert self.instruments.identity is not None  # asked for by its callers alone
        if record.image not in self._described:
            pixels, points = self.store.image(record), np.array(record.landmarks)
            self._described[record.image] = self.instruments.identity.describe(pixels, points)
        return self._described[record.image]
