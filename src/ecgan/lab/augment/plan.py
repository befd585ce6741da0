"""Which translations augmentation tries, and what they must show to be kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecgan.data.manifest import Manifest, Record
from ecgan.errors import DataError, UsageError
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_bytes
from ecgan.inference.strength import MAX_STRENGTH
from ecgan.seeding import numpy_generator

SOURCE = "generated"


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


def counts(manifest: Manifest, names: Sequence[str]) -> dict[str, int]:
    """Training images by expression."""
    found = Counter(record.expression for record in manifest.select(split="train"))
    return {name: found[name] for name in names}


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
    made: Counter[str] = Counter()
    for index in range(options.attempts * number):
        if index % len(people) == 0:
            order = random.permutation(len(people))
        person = people[order[index % len(people)]]
        sources = by_person[person]
        source = sources[made[person] % len(sources)]
        drawn = float(random.uniform(options.weakest, options.strongest))
        strength = 1.0 if expression == NEUTRAL else round(drawn, 3)
        stem = sha256_bytes(f"{person} {made[person]}".encode())[:16]
        made[person] += 1
        image = f"images/{SOURCE}/{expression}/{stem}.jpg"
        yield Candidate(image, source, expression, strength)
