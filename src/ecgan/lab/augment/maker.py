"""What augmentation tries, and what a translation must show to be kept: candidates are translated,
checked, and written if they pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.data.images import ImageStore
from ecgan.data.manifest import Manifest, Record
from ecgan.errors import DataError, UsageError
from ecgan.evaluation.cases import translate_aligned
from ecgan.evaluation.identity import descriptor
from ecgan.evaluation.similarity import change_outside, eye_distance
from ecgan.expressions import NEUTRAL
from ecgan.faces.alignment import JAW_ROOM, face_mask
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import read_photo
from ecgan.files import sha256_bytes, sha256_file, write_bytes
from ecgan.inference.marking import Mark, source_sha256, write_marked
from ecgan.inference.strength import MAX_STRENGTH
from ecgan.inference.translator import Translator
from ecgan.seeding import numpy_generator

SOURCE = "generated"
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class AugmentOptions:
    """What to make, and what an image must show to be kept."""

    per_class: int | None = None
    """Training images that every expression shall have; None: as many as the most frequent has."""
    weakest: float = 0.75
    strongest: float = 1.25
    """Strengths are drawn between these; 1 is the full expression."""
    least_probability: float = 0.5
    """Of the asked expression, by the recogniser."""
    largest_shift: float = 0.08
    """Of the eye centres and the tip of the nose, found again in the result, in eye distances."""
    attempts: int = 3
    """Translations tried for each image that is wanted, on average, before giving up."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises UsageError."""
        if self.per_class is not None and self.per_class < 1:
            raise UsageError(f"expected 1 image a class or more, got {self.per_class}")
        if not 0 < self.weakest <= self.strongest <= MAX_STRENGTH:
            raise UsageError(
                f"the strengths take 0 < weakest <= strongest <= {MAX_STRENGTH}, "
                f"got {self.weakest:g} to {self.strongest:g}"
            )
        if not 0 <= self.least_probability < 1:
            raise UsageError(
                f"the least probability lies in [0, 1), got {self.least_probability:g}"
            )
        if self.attempts < 1:
            raise UsageError(f"expected 1 attempt or more, got {self.attempts}")


@dataclass(frozen=True)
class Candidate:
    """One translation that may be made."""

    image: str
    """Of the result, below the data folder."""
    source: Record
    expression: str
    strength: float

    @property
    def mask(self) -> str:
        """Of the mask of the result."""
        return self.image.replace("images/", "masks/", 1).removesuffix(".jpg") + ".png"


def candidates(
    manifest: Manifest, expression: str, number: int, options: AugmentOptions
) -> Iterator[Candidate]:
    """Sources in rounds over the people, in a random order that the seed fixes.

    Raises:
        DataError: some are wanted, and nobody has an image to make them of.
    """
    by_person: dict[str, list[Record]] = defaultdict(list)
    for record in manifest.select(split="train"):
        if (record.expression == NEUTRAL) != (expression == NEUTRAL):
            by_person[record.subject].append(record)
    if number and not by_person:
        other = "expressive" if expression == NEUTRAL else "neutral"
        raise DataError(
            f"the training people of {manifest.root} have no {other} image to make {expression} "
            "ones of; prepare some"
        )
    random = numpy_generator(options.seed, "augment", expression)
    people = sorted(by_person)
    for index in range(options.attempts * number):
        turn, place = divmod(index, len(people))
        if place == 0:
            order = random.permutation(len(people))
        person = people[order[place]]
        source = by_person[person][turn % len(by_person[person])]
        drawn = float(random.uniform(options.weakest, options.strongest))
        strength = 1.0 if expression == NEUTRAL else round(drawn, 3)
        stem = sha256_bytes(f"{person} {turn}".encode())[:16]
        image = f"images/{SOURCE}/{expression}/{stem}.jpg"
        yield Candidate(image, source, expression, strength)


class Maker:
    """Translates candidates and keeps those that pass the checks."""

    def __init__(
        self, manifest: Manifest, out: Path, translator: Translator, options: AugmentOptions
    ) -> None:
        self._manifest = manifest
        self._out = out
        self._translator = translator
        self._options = options
        self._detector = LandmarkDetector()
        photo = read_photo(manifest.image_path(manifest.records[0]))
        self._store = ImageStore(manifest, photo.pixels.shape[1], cache_mib=256)
        train = manifest.select(split="train")
        first = {record.subject: record for record in reversed(train)}
        self._names = sorted(first)
        self._descriptors = np.array(
            [descriptor(self._store.image(first[name])) for name in self._names]
        )

    def make(self, candidate: Candidate) -> tuple[dict[str, Any], Record | None]:
        """The report card of a candidate, and its record if it is kept (its files are written)."""
        source = candidate.source
        photo = read_photo(self._manifest.image_path(source))
        (pixels,) = translate_aligned(
            self._translator, photo.pixels, source, {candidate.expression: candidate.strength}
        )
        seen = self._translator.probabilities(pixels)
        faces = self._detector.detect(pixels)
        points = faces[0].points if faces else None
        given = np.asarray(source.landmarks, dtype=np.float32)
        shift = None if points is None else _shift(points, given)
        may_change = face_mask(given, photo.pixels.shape[0], JAW_ROOM)
        outside = change_outside(pixels, photo.pixels, may_change).largest
        rejected = nearest = None
        if seen[candidate.expression] < self._options.least_probability:
            rejected = "not-recognised"
        elif shift is None or shift > self._options.largest_shift:
            rejected = "face-moved"
        elif outside > 0:
            rejected = "background-changed"
        elif (nearest := self._nearest_person(pixels)) != source.subject:
            rejected = "another-person"
        card = {
            "image": candidate.image,
            "source": source.image,
            "subject": source.subject,
            "expression": candidate.expression,
            "strength": candidate.strength,
            "recognised": max(seen, key=lambda name: seen[name]),
            "probability": round(seen[candidate.expression], 4),
            "shift": None if shift is None else round(shift, 4),
            "outside": outside,
            "nearest_person": nearest,
            "rejected": rejected,
        }
        if rejected or points is None:
            return card, None
        mark = Mark(
            source=source.image,
            source_sha256=source_sha256(photo),
            model_sha256=self._translator.sha256,
            settings={"expression": candidate.expression, "strength": candidate.strength},
            faces=[dict(card)],
            credit=self._translator.credit,
        )
        target = self._out / candidate.image
        target.parent.mkdir(parents=True, exist_ok=True)
        write_marked(target, pixels, photo, mark)
        mask = np.maximum(self._store.mask(source), face_mask(points, photo.pixels.shape[0]))
        write_bytes(self._out / candidate.mask, cv2.imencode(".png", mask)[1].tobytes())
        return card, self._record(candidate, points)

    def _record(self, candidate: Candidate, points: NDArray[np.float32]) -> Record:
        full = candidate.strength * self._translator.full(candidate.expression)
        return Record(
            image=candidate.image,
            mask=candidate.mask,
            subject=candidate.source.subject,
            expression=candidate.expression,
            intensity=0.0 if candidate.expression == NEUTRAL else round(full, 4),
            split="train",
            source=SOURCE,
            sha256=sha256_file(self._out / candidate.image),
            landmarks=tuple((round(float(x), 2), round(float(y), 2)) for x, y in points),
            pair=None,
        )

    def _nearest_person(self, pixels: Pixels) -> str:
        """Whose training image is most like a picture, by what expressions move least."""
        return self._names[int(np.argmax(self._descriptors @ descriptor(pixels)))]


def _shift(found: NDArray[np.float32], given: NDArray[np.float32]) -> float:
    """Largest move of what no expression moves much: the eyes' centres and the tip of the nose,
    in eye distances."""
    parts = (slice(36, 42), slice(42, 48), slice(30, 31))
    moved = [np.linalg.norm(found[part].mean(axis=0) - given[part].mean(axis=0)) for part in parts]
    return float(max(moved)) / eye_distance(given)
