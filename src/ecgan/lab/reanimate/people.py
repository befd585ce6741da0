"""Whom to re-animate: one neutral photo a person, and the pictures to make of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ecgan.data.journal import LandmarkMode
from ecgan.data.layouts import (
    IMAGE_SUFFIXES,
    ListOptions,
    Place,
    Rejection,
    SourceImage,
    SubjectRule,
    list_source,
    source_name,
)
from ecgan.errors import DataError, UsageError
from ecgan.expressions import MAX_INTENSITY, NEUTRAL, canonical_expression
from ecgan.files import sha256_bytes, sha256_file
from ecgan.lab.reanimate.recipes import ACTION_UNITS, LARGEST, RECIPES, smiles, variants_of
from ecgan.seeding import numpy_generator

FORMAT = 2
"""Raise when the outputs for the same input change, so that old ones are made again."""


@dataclass(frozen=True)
class ReanimationOptions:
    """What the pictures depend on besides the photos and the model."""

    expressions: tuple[str, ...] = tuple(RECIPES)
    pictures: int = 3
    """Of each expression and person."""
    weakest: float = 0.3
    strongest: float = MAX_INTENSITY
    """Between these intensities lie the pictures of an expression."""
    size: int = 320
    seed: int = 0
    landmarks: LandmarkMode = "auto"
    looks: int = 1
    """Of each person; the first is the photo as it is, and `pictures` are made of each."""
    reshape: float = 0.0
    """How far the face of a further look is from the person's own, in standard deviations."""
    spread: float = 1.0
    """How much people and pictures differ in wearing one expression: 1 as much as people do, 0 not
    at all, so that the photo, the recipe and the intensity say what the picture is."""

    def __post_init__(self) -> None:
        """Raises UsageError."""
        for name in self.expressions:
            variants_of(name)
        if not 0 < self.weakest <= self.strongest <= 1.5:
            raise UsageError(
                "the intensities take 0 < weakest <= strongest <= 1.5, "
                f"got {self.weakest:g} to {self.strongest:g}"
            )
        if not 64 <= self.size <= 1024:
            raise UsageError(f"the size takes 64 to 1024 pixels, got {self.size}")
        if not 1 <= self.pictures <= 1000:
            raise UsageError(f"expected 1 to 1000 pictures an expression, got {self.pictures}")
        if not 1 <= self.looks <= 1000:
            raise UsageError(f"expected 1 to 1000 looks a person, got {self.looks}")
        if not 0 <= self.reshape <= 1:
            raise UsageError(f"reshape takes 0 to 1 standard deviations, got {self.reshape:g}")
        if not 0 <= self.spread <= 1:
            raise UsageError(f"spread takes 0 to 1, got {self.spread:g}")


@dataclass(frozen=True)
class Picture:
    """One output."""

    file: str
    expression: str
    variant: str
    intensity: float
    look: int = 0


@dataclass(frozen=True)
class Person:
    """One task: a photo and its outputs, with all that they depend on in the fingerprint."""

    subject: str
    photo: Path
    shown: str
    """The photo's name for reports."""
    landmarks: tuple[tuple[float, float], ...] | None
    pictures: tuple[Picture, ...]
    fingerprint: str


def find_people(
    photos: Sequence[Path], rule: SubjectRule, options: ReanimationOptions, model: str
) -> tuple[list[Person], list[Rejection]]:
    """People in the order of their names, and photos that are left out.

    Of a folder, images that lie directly in it and those in class folders called neutral count.

    Args:
        photos: files and folders.
        rule: who a photo shows.
        options: what to make.
        model: fingerprint of the face model.

    Raises:
        DataError: a path that does not exist, or no neutral photo at all.
    """
    first: dict[str, SourceImage] = {}
    left_out = []
    for source in photos:
        for image in _photos_of(source, rule):
            shown = f"{image.source}/{image.name}"
            key = _file_stem(image.subject).casefold()
            if key in first:
                other = f"{first[key].source}/{first[key].name}"
                message = f"{image.subject} is re-animated from {other}; one photo a person is used"
                left_out.append(Rejection(shown, "second-photo", message))
            else:
                first[key] = image
    if not first:
        raise DataError(
            f"no neutral photos in {', '.join(map(str, photos))}; expected images, or folders with "
            "images or neutral/<file> in them"
        )
    people = [_person(image, options, model) for _, image in sorted(first.items())]
    return people, left_out


def _photos_of(source: Path, rule: SubjectRule) -> list[SourceImage]:
    if source.is_file():
        return [_unlabelled(source, source_name(source.parent), rule)]
    if not source.is_dir():
        raise DataError(f"{source} does not exist; expected photos or a folder of photos")
    name = source_name(source)
    listed = [
        _unlabelled(path, name, rule)
        for path in sorted(source.iterdir())
        if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "."
    ]
    folders = (path.name for path in source.iterdir() if path.is_dir())
    if any(canonical_expression(folder) == NEUTRAL for folder in folders):
        images = list_source(source, "folders", ListOptions(rule)).listing.images
        listed += [one for one in images if one.expression == NEUTRAL]
    return listed


def _unlabelled(path: Path, source: str, rule: SubjectRule) -> SourceImage:
    subject = rule.subject(path.name, source)
    if subject is None:
        raise DataError(
            f"{path}: neither the subjects csv nor the subject pattern says who this is"
        )
    return SourceImage(Place(path), path.name, source, subject, NEUTRAL)


def _person(image: SourceImage, options: ReanimationOptions, model: str) -> Person:
    pictures = plan_pictures(image.subject, options)
    photo = image.place.path
    landmarks = None if image.landmarks is None else tuple(image.landmarks)
    beside = [path for path in photo.parent.iterdir() if path.stem == photo.stem]
    files = [(path.name, sha256_file(path)) for path in sorted(beside) if path.is_file()]
    about = [
        FORMAT, model, asdict(options), RECIPES, ACTION_UNITS, LARGEST, asdict(smiles()),
        image.subject, landmarks, files,
    ]  # fmt: skip
    return Person(
        subject=image.subject,
        photo=photo,
        shown=f"{image.source}/{image.name}",
        landmarks=landmarks,
        pictures=pictures,
        fingerprint=sha256_bytes(json.dumps(about).encode()),
    )


def plan_pictures(subject: str, options: ReanimationOptions) -> tuple[Picture, ...]:
    """Look by look the neutral picture, then each expression's: variants in turn from a random
    first one, one intensity from each of as many equal intervals, at another place of it in each
    look. Depends on the name and the seed alone."""
    planned = []
    for look in range(options.looks):
        file = f"{NEUTRAL}/{_file_stem(subject)}_{look}.jpg"
        planned.append(Picture(file, NEUTRAL, "", 0.0, look))
        for expression in options.expressions:
            planned += _expressive(subject, options, expression, look)
    return tuple(planned)


def _expressive(
    subject: str, options: ReanimationOptions, expression: str, look: int
) -> list[Picture]:
    random = numpy_generator(options.seed, "plan", subject, expression)
    names, count = variants_of(expression), options.pictures
    start = int(random.integers(len(names)))
    intervals, within = random.permutation(count), random.random(count)
    if look:
        shuffle = numpy_generator(options.seed, "plan", subject, expression, look)
        intervals = shuffle.permutation(count)
        within = (within + look / options.looks) % 1
    planned = []
    for k, place in enumerate((intervals + within) / count):
        number = look * count + k
        intensity = options.weakest + float(place) * (options.strongest - options.weakest)
        file = f"{expression}/{_file_stem(subject)}_{number + 1}.jpg"
        variant = names[(start + number) % len(names)]
        planned.append(Picture(file, expression, variant, round(intensity, 3), look))
    return planned


def model_fingerprint(facekit: Path) -> str:
    """Of the packed file its hash; of a folder the names and sizes of its files."""
    if facekit.is_dir():
        files = sorted((path.name, path.stat().st_size) for path in facekit.glob("*.obj"))
        return sha256_bytes(json.dumps(files).encode())
    return sha256_file(facekit)


def _file_stem(subject: str) -> str:
    return re.sub(r"[^\w.-]", "-", subject).lstrip(".") or "person"
