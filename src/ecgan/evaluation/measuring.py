"""What is measured of one picture beside its source, with what is on the machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore, image_side
from ecgan.data.manifest import Manifest, Record
from ecgan.errors import EcganError
from ecgan.evaluation.bootstrap import as_json
from ecgan.evaluation.cases import Pixels
from ecgan.evaluation.extractors import (
    Extractor,
    best_distance,
    inception_extractor,
    recognizer_extractor,
)
from ecgan.evaluation.identity import best_measure, verification
from ecgan.evaluation.recognition import recognition
from ecgan.evaluation.similarity import (
    OutsideChange,
    Points,
    change_outside,
    face_in_place,
    landmark_error,
    psnr,
    ssim,
)
from ecgan.faces.alignment import JAW_ROOM, face_mask
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.inference.recognizer import Recognizer

SAME = "same_person"
"""Figure: whether the identity measure takes a picture and its source for one person."""


@dataclass(frozen=True)
class Seen:
    """What a picture shows, whatever was asked for."""

    probabilities: Tensor
    """(expressions,), in the recogniser's vocabulary."""
    likeness: float | None
    """What the identity measure says of it and its source; None without one."""


@dataclass(frozen=True)
class Measured:
    """All that is measured of a picture, whatever was asked for."""

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
    """Measures pictures of prepared images with the recogniser and with what the chosen parts of an
    evaluation need, as far as it is on the machine; nothing is downloaded."""

    def __init__(
        self, manifest: Manifest, recognizer: Recognizer, parts: Collection[str] = ()
    ) -> None:
        self.size = image_side(manifest)
        self.store = ImageStore(manifest, self.size, cache_mib=256)
        self.recognizer = recognizer
        self.extractors: list[Extractor] = []
        self._left_out: dict[str, str] = {}
        """Figures that the machine lacks something for, and what."""
        if "distances" in parts:
            self.extractors.append(recognizer_extractor(recognizer))
            try:
                self.extractors.append(inception_extractor())
            except EcganError:
                lacking = "the ImageNet weights of Inception-v3 are not here"
                self._left_out["fid_inception"] = lacking
        self._perceptual = best_distance(recognizer) if "perceptual" in parts else None
        if self._perceptual is not None and self._perceptual.key != "lpips":
            lacking = "the library lpips or the ImageNet weights of AlexNet are not here"
            self._left_out["lpips"] = lacking
        self._detector = LandmarkDetector() if "landmarks" in parts else None
        if self._detector is not None:
            try:
                self._detector.detect(np.zeros((64, 64, 3), np.uint8))
            except EcganError:
                self._detector = None
                self._left_out["landmark_validity"] = "mediapipe is not installed"
        self._identity = best_measure() if "identity" in parts else None
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
        probabilities = self.recognizer.probabilities(to_images(np.stack(pictures)))
        return [
            Seen(row, self._likeness(picture, source))
            for row, picture in zip(probabilities, pictures, strict=True)
        ]

    def see_truth(self, truth: Record, source: Record) -> Seen:
        """Another real image of the person, beside the source."""
        images = to_images(self.store.image(truth)[None])
        row = self.recognizer.probabilities(images)[0]
        if self._identity is None:
            return Seen(row, None)
        return Seen(row, self._identity.figure(self._describe(truth), self._describe(source)))

    def features(self, pictures: Sequence[Pixels]) -> dict[str, NDArray[np.float64]]:
        """(pictures, features), by extractor."""
        images = to_images(np.stack(pictures))
        return {one.key: one.features(images).double().numpy() for one in self.extractors}

    def of_seen(self, seen: Seen, asked: str) -> dict[str, float]:
        """Figures by name: how well a picture shows the expression that was asked for, and the
        person."""
        position = self.recognizer.vocabulary.index(asked)
        (figures,) = recognition(seen.probabilities[None], [position])
        if self._identity is not None and seen.likeness is not None:
            figures[self._identity.key] = seen.likeness
            if self._identity.same_below is not None:
                figures[SAME] = float(seen.likeness < self._identity.same_below)
        return figures

    def figures(
        self, found: Measured, asked: str, picture: Pixels, source: Record, truth: Record | None
    ) -> dict[str, float]:
        """Figures by name of a picture in which an expression was asked for; `truth`: the image
        of it that matches the source pixel for pixel."""
        figures = self.of_seen(found.seen, asked)
        if self._detector is not None:
            figures["landmark_validity"] = float(found.face is not None)
            if found.face is not None and truth is not None:
                figures["landmark_error"] = landmark_error(found.face, np.array(truth.landmarks))
        figures["outside"] = found.outside.mean
        figures["outside_face"] = found.outside_face
        if truth is not None:
            both = np.maximum(self.store.mask(source), self.store.mask(truth))
            inside = torch.from_numpy((both > 0).astype(np.float32))[None, None]
            image, other = to_images(picture[None]), to_images(self.store.image(truth)[None])
            figures["ssim"] = ssim(image, other, inside).item()
            figures["psnr_db"] = psnr(image, other, inside).item()
            if self._perceptual is not None:
                figures[self._perceptual.key] = self._perceptual.distance(image, other).item()
        return figures

    def facts(self, records: Sequence[Record]) -> dict[str, Any]:
        """The network behind each figure, which figures are left out for want of one, and how well
        the identity measure knows the people of these images apart."""
        measured = {
            f"{name}_{one.key}": one.facts() for name in ("fid", "kid") for one in self.extractors
        }
        for one in (self._perceptual, self._identity):
            if one is not None:
                measured[one.key] = one.facts()
        facts: dict[str, Any] = {"measured_with": measured, "left_out": self._left_out}
        # Images of a pair are made from one photo, which would be no test.
        photos = [record for record in records if record.pair is None]
        if self._identity is not None and photos:
            described = [self._describe(record) for record in photos]
            people = [record.subject for record in photos]
            if (known := verification(self._identity, described, people)) is not None:
                facts["identity_verification"] = {"measure": self._identity.key, **as_json(known)}
        return facts

    def _face(self, picture: Pixels, expected: Points) -> Points | None:
        faces = [] if self._detector is None else self._detector.detect(picture)
        return face_in_place([face.points for face in faces], expected)

    def _likeness(self, picture: Pixels, source: Record) -> float | None:
        if self._identity is None:
            return None
        known = self._describe(source)
        if picture is self.store.image(source):
            return self._identity.figure(known, known)
        own = self._identity.describe(picture, np.array(source.landmarks))
        return self._identity.figure(own, known)

    def _describe(self, record: Record) -> NDArray[np.float64]:
        """Of an image as it is, which is asked for again and again."""
        assert self._identity is not None  # asked for by its callers alone
        if record.image not in self._described:
            pixels, points = self.store.image(record), np.array(record.landmarks)
            self._described[record.image] = self._identity.describe(pixels, points)
        return self._described[record.image]
