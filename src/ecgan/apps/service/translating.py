"""What the workers do with photos: translate and recognise, several at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgan.apps.service.problems import Problem
from ecgan.apps.service.uploads import SUFFIXES, Upload, open_upload
from ecgan.errors import EcganError, FaceError
from ecgan.faces.finder import FaceChoice, RefusedFace
from ecgan.faces.parts import Part
from ecgan.faces.photo import Photo
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.marking import Mark, encode_marked
from ecgan.inference.recognition import RecognisedFace, recognise_faces
from ecgan.inference.results import Translated, TranslatedFace, doubt_warnings
from ecgan.inference.translator import Translator

MOST_PIXELS = 50_000_000
"""Of all pictures that are in the making at once."""
MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
SOURCE_NAME = "photo"
"""Of a photo in the mark: what its file is called is nobody's business."""


@dataclass(frozen=True)
class Order:
    """What is asked of a photo."""

    upload: Upload
    targets: tuple[str, ...]
    strength: float
    face: FaceChoice
    parts: tuple[Part, ...]
    suffix: str | None
    """Of the output; none: as the photo."""
    quality: int | None

    @property
    def cost(self) -> int:
        """Pixels of all pictures that it takes."""
        return self.upload.pixels * len(self.targets)


@dataclass(frozen=True)
class Picture:
    """A translated photo, ready to be sent."""

    target: str
    data: bytes
    media_type: str
    sidecar: dict[str, Any]
    faces: tuple[TranslatedFace, ...]


@dataclass(frozen=True)
class Done:
    """What became of an order."""

    size: tuple[int, int]
    """Width and height."""
    pictures: tuple[Picture, ...]
    refused: tuple[RefusedFace, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What the recogniser sees in a photo."""

    size: tuple[int, int]
    faces: tuple[RecognisedFace, ...]
    warnings: tuple[str, ...]


class PhotoWork:
    """One translator, for all workers."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator

    def translate(self, orders: Sequence[Order]) -> list[Done | Exception]:
        """Photos with other expressions; what cannot be done is an exception in its place."""
        opened = [_opened(order.upload) for order in orders]
        ready: list[ReadyPhoto | Exception] = list(opened)  # type: ignore[arg-type]
        for choice, places in _alike(orders, lambda order: order.face):
            found = self.translator.prepare_all([opened[i] for i in places], choice)
            for i, one in zip(places, found, strict=True):
                ready[i] = one
        made: dict[int, list[Picture]] = {}
        for (strength, parts, face), places in _alike(
            orders, lambda order: (order.strength, order.parts, order.face)
        ):
            jobs = [
                (i, photo, target)
                for i in places
                if isinstance(photo := ready[i], ReadyPhoto)
                for target in orders[i].targets
            ]
            for group in _within(jobs):
                pictures = self.translator.render_all(
                    [(photo, target) for _, photo, target in group],
                    strength,
                    parts=parts,
                    face=face,
                )
                for (i, _, _), picture in zip(group, pictures, strict=True):
                    made.setdefault(i, []).append(_encoded(picture, orders[i]))
        return [
            _as_problem(one, order.upload.sha256)
            if isinstance(one, Exception)
            else _done(one, made[i])
            for i, (order, one) in enumerate(zip(orders, ready, strict=True))
        ]

    def recognise(self, uploads: Sequence[Upload]) -> list[Seen | Exception]:
        """The faces of photos with what they show."""
        results: list[Seen | Exception] = []
        for upload in uploads:
            try:
                photo = open_upload(upload)
                faces = self.translator.finder.find(photo)
                seen = recognise_faces(photo, faces, self.translator.recognizer)
                results.append(Seen(_size(photo), tuple(seen), photo.notes))
            except (EcganError, Problem) as error:
                results.append(_as_problem(error, upload.sha256))
        return results


def _size(photo: Photo) -> tuple[int, int]:
    return photo.pixels.shape[1], photo.pixels.shape[0]


def _opened(upload: Upload) -> Photo | Exception:
    try:
        return open_upload(upload)
    except Problem as problem:
        return problem


def _as_problem(error: Exception, sha256: str) -> Exception:
    if isinstance(error, FaceError):
        return Problem(422, str(error), reason=error.reason, sha256=sha256)
    if isinstance(error, EcganError):
        return Problem(422, str(error), sha256=sha256)
    return error


def _alike(orders: Sequence[Order], key: Any) -> Iterator[tuple[Any, list[int]]]:
    """Places of the orders that share what `key` gives."""
    groups: dict[Any, list[int]] = {}
    for i, order in enumerate(orders):
        groups.setdefault(key(order), []).append(i)
    return iter(groups.items())


def _within(
    jobs: Sequence[tuple[int, ReadyPhoto, str]],
) -> Iterator[list[tuple[int, ReadyPhoto, str]]]:
    """Jobs in groups of at most `MOST_PIXELS`, one at least."""
    group: list[tuple[int, ReadyPhoto, str]] = []
    pixels = 0
    for job in jobs:
        more = job[1].photo.pixels.size // 3
        if group and pixels + more > MOST_PIXELS:
            yield group
            group, pixels = [], 0
        group.append(job)
        pixels += more
    if group:
        yield group


def _encoded(made: Translated, order: Order) -> Picture:
    suffix = order.suffix or SUFFIXES[made.photo.format]
    mark: Mark = made.mark(SOURCE_NAME, order.upload.sha256)
    data, sidecar = encode_marked(
        Path(SOURCE_NAME + suffix), made.pixels, made.photo, mark, quality=order.quality
    )
    return Picture(made.target, data, MEDIA_TYPES[suffix], sidecar, made.faces)


def _done(ready: ReadyPhoto, pictures: list[Picture]) -> Done:
    warnings = [
        *ready.photo.notes,
        *(text for face in ready.faces for text in doubt_warnings(face)),
        *(text for one in pictures for face in one.faces for text in face.warnings()),
    ]
    return Done(_size(ready.photo), tuple(pictures), ready.refused, tuple(warnings))
