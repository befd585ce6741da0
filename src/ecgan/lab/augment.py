"""`augment`: prepared data with more training images of the rarer expressions, each one checked."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.data.images import ImageStore
from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, load_manifest, write_manifest
from ecgan.data.sources import check_out
from ecgan.errors import DataError, UsageError
from ecgan.evaluation.background import change_outside
from ecgan.evaluation.identity import descriptor
from ecgan.evaluation.translations import translate_aligned
from ecgan.expressions import NEUTRAL
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.masks import JAW_ROOM, face_mask
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import (
    remove_parts,
    sha256_bytes,
    sha256_file,
    write_bytes,
    write_json,
    write_lines,
)
from ecgan.inference.marking import Mark, source_sha256, write_marked
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.strength import MAX_STRENGTH
from ecgan.inference.translator import Translator
from ecgan.seeding import numpy_generator

SOURCE = "generated"
CARDS_NAME = "cards.jsonl"
REPORT_NAME = "report.json"
JOURNAL_NAME = ".augment.jsonl"
Pixels = NDArray[np.uint8]
Progress = Callable[[int, int], None]
"""Called with the images kept and the images wanted."""


@dataclass(frozen=True)
class AugmentSettings:
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


@dataclass(frozen=True)
class AugmentReport:
    """Counts of training images."""

    before: dict[str, int]
    after: dict[str, int]
    tried: int
    kept: int
    rejected_by_reason: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def augment(
    data: Path,
    out: Path,
    settings: AugmentSettings,
    *,
    model: str | Path | None = None,
    recognizer: str | Path | None = None,
    progress: Progress | None = None,
) -> AugmentReport:
    """Write `out`: the prepared `data`, and translated training people beside them.

    Every expression of the translator is brought to the same number of training images: neutral
    images of the training people in turn are given the expression, expressive ones are brought
    back to neutral. People of the other splits are never translated. An image is kept if the
    recogniser sees what was asked for, eyes and nose are where they were, nothing changed outside
    of the face, and no other training person looks more like it; `cards.jsonl` has the
    report card of each that was tried. The same call again goes on where it was stopped; when all
    is done it changes nothing.

    Args:
        data: prepared data.
        out: new folder, or one that the same call has begun.
        settings: how many, how strong, how good.
        model: translator folder or hub id; None: the packaged one.
        recognizer: judge of the expression; None: the packaged one.
        progress: told about each image.

    Raises:
        UsageError: `out` does not fit, or was begun with other settings.
        DataError: no prepared data, or nobody to translate.
        SnapshotError: a model folder that is missing, damaged or of the wrong kind.
    """
    manifest = load_manifest(data)
    check_out(out, "augment", begun=(out / JOURNAL_NAME).exists())
    judge = Recognizer.load(recognizer)
    translator = Translator.load(model, recognizer=judge)
    known = [name for name in translator.vocabulary.expressions if name in judge.vocabulary.names]
    before = _counts(manifest, known)
    per_class = settings.per_class or max(before.values())
    about = {
        "manifest": sha256_file(data / MANIFEST_NAME),
        "model": translator.sha256,
        "recognizer": judge.sha256,
        "settings": asdict(settings),
    }
    out.mkdir(parents=True, exist_ok=True)
    remove_parts(out)
    _link_images(manifest, out)
    maker = _Maker(manifest, out, translator, judge, settings)
    cards: list[dict[str, Any]] = []
    kept: list[Record] = []
    wanted = {name: max(0, per_class - before[name]) for name in known}
    with _Journal(out / JOURNAL_NAME, about) as journal:
        for name, number in wanted.items():
            left = number
            for candidate in _candidates(manifest, name, number, settings):
                if not left:
                    break
                card, record = journal.get(candidate) or journal.add(
                    candidate, *maker.make(candidate)
                )
                cards.append(card)
                if record is not None:
                    kept.append(record)
                    left -= 1
                    if progress is not None:
                        progress(len(kept), sum(wanted.values()))
    report = AugmentReport(
        before=before,
        after={name: before[name] + sum(r.expression == name for r in kept) for name in known},
        tried=len(cards),
        kept=len(kept),
        rejected_by_reason=dict(Counter(c["rejected"] for c in cards if c["rejected"])),
    )
    write_lines(out / CARDS_NAME, (json.dumps(card) + "\n" for card in cards))
    write_json(out / REPORT_NAME, report.to_json())
    card = _card(manifest.card, translator, about)
    write_manifest(Manifest(out, (*manifest.records, *kept), card))
    return report


def _counts(manifest: Manifest, names: Sequence[str]) -> dict[str, int]:
    found = Counter(record.expression for record in manifest.select(split="train"))
    return {name: found[name] for name in names}


def _candidates(
    manifest: Manifest, expression: str, number: int, settings: AugmentSettings
) -> Iterator[Candidate]:
    """Sources in rounds over the people, in a random order that the seed fixes."""
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
    random = numpy_generator(settings.seed, "augment", expression)
    people = sorted(by_person)
    made: Counter[str] = Counter()
    for index in range(settings.attempts * number):
        if index % len(people) == 0:
            order = random.permutation(len(people))
        person = people[order[index % len(people)]]
        sources = by_person[person]
        source = sources[made[person] % len(sources)]
        drawn = float(random.uniform(settings.weakest, settings.strongest))
        strength = 1.0 if expression == NEUTRAL else round(drawn, 3)
        stem = sha256_bytes(f"{person} {made[person]}".encode())[:16]
        made[person] += 1
        image = f"images/{SOURCE}/{expression}/{stem}.jpg"
        yield Candidate(image, source, expression, strength)


class _Maker:
    """Translates candidates and judges the results."""

    def __init__(
        self,
        manifest: Manifest,
        out: Path,
        translator: Translator,
        judge: Recognizer,
        settings: AugmentSettings,
    ) -> None:
        self._manifest = manifest
        self._out = out
        self._translator = translator
        self._judge = judge
        self._settings = settings
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
        path = self._manifest.image_path(source)
        photo = read_photo(path)
        (pixels,) = translate_aligned(
            self._translator, photo.pixels, source, {candidate.expression: candidate.strength}
        )
        seen = self._translator.probabilities(pixels)
        points = self._points(pixels)
        given = np.asarray(source.landmarks, dtype=np.float32)
        shift = None if points is None else _shift(points, given)
        may_change = face_mask(given, photo.pixels.shape[0], JAW_ROOM)
        outside = change_outside(pixels, photo.pixels, may_change).largest
        best = max(seen, key=lambda name: seen[name])
        rejected = nearest = None
        if seen[candidate.expression] < self._settings.least_probability:
            rejected = "not-recognised"
        elif shift is None or shift > self._settings.largest_shift:
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
            "recognised": best,
            "probability": round(seen[candidate.expression], 4),
            "shift": None if shift is None else round(shift, 4),
            "outside": outside,
            "nearest_person": nearest,
            "rejected": rejected,
        }
        if rejected or points is None:
            return card, None
        mask = np.maximum(self._store.mask(source), face_mask(points, photo.pixels.shape[0]))
        return card, self._write(candidate, photo, pixels, mask, points, card)

    def _write(  # noqa: PLR0917
        self,
        candidate: Candidate,
        photo: Photo,
        pixels: Pixels,
        mask: Pixels,
        points: NDArray[np.floating],
        card: Mapping[str, Any],
    ) -> Record:
        source = candidate.source
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
        mask_name = candidate.image.replace("images/", "masks/", 1).removesuffix(".jpg") + ".png"
        write_bytes(self._out / mask_name, _png(mask))
        return Record(
            image=candidate.image,
            mask=mask_name,
            subject=source.subject,
            expression=candidate.expression,
            intensity=0.0 if candidate.expression == NEUTRAL else self._intensity(candidate),
            split="train",
            source=SOURCE,
            sha256=sha256_file(target),
            landmarks=tuple((round(float(x), 2), round(float(y), 2)) for x, y in points),
            pair=None,
        )

    def _nearest_person(self, pixels: Pixels) -> str:
        """Whose training image is most like a picture, by what expressions move least."""
        return self._names[int(np.argmax(self._descriptors @ descriptor(pixels)))]

    def _intensity(self, candidate: Candidate) -> float:
        """As the data label it."""
        return round(candidate.strength * self._translator.full(candidate.expression), 4)

    def _points(self, pixels: Pixels) -> NDArray[np.float32] | None:
        faces = self._detector.detect(pixels)
        return faces[0].points if faces else None


class _Journal:
    """Report card and record of each candidate that was tried, one line each."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self._path = path
        self._about = json.loads(json.dumps(about))
        self._done: dict[str, tuple[dict[str, Any], Record | None]] = {}

    def __enter__(self) -> _Journal:
        """Raises UsageError where the journal belongs to another call."""
        if self._path.exists():
            lines = self._path.read_text(encoding="utf-8").split("\n")
            if _parsed(lines[0]) != self._about:
                raise UsageError(
                    f"{self._path.parent} was begun with other data, models or settings; "
                    "give the same, or another --out"
                )
            for line in lines[1:]:
                row = _parsed(line)  # the last line of a killed run may be torn
                if row is not None:
                    record = None if row["record"] is None else Record(**row["record"])
                    self._done[row["card"]["image"]] = (row["card"], record)
            whole = [line for line in lines if _parsed(line) is not None]
            write_lines(self._path, (line + "\n" for line in whole))
        else:
            write_lines(self._path, [json.dumps(self._about) + "\n"])
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def get(self, candidate: Candidate) -> tuple[dict[str, Any], Record | None] | None:
        return self._done.get(candidate.image)

    def add(
        self, candidate: Candidate, card: dict[str, Any], record: Record | None
    ) -> tuple[dict[str, Any], Record | None]:
        row = {"card": card, "record": None if record is None else asdict(record)}
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
        self._done[candidate.image] = card, record
        return card, record


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _shift(found: NDArray[np.float32], given: NDArray[np.float32]) -> float:
    """Largest move of what no expression moves much: the eyes' centres and the tip of the nose,
    in eye distances."""
    moved = [
        np.linalg.norm(found[part].mean(axis=0) - given[part].mean(axis=0))
        for part in (slice(36, 42), slice(42, 48), slice(30, 31))
    ]
    eyes = np.linalg.norm(given[36:42].mean(axis=0) - given[42:48].mean(axis=0))
    return float(max(moved) / eyes)


def _link_images(manifest: Manifest, out: Path) -> None:
    """The images and masks of the data, as links to the same bytes where the disk allows it."""
    for record in manifest.records:
        for name in (record.image, record.mask):
            target = out / name
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(manifest.root / name, target)
            except OSError:
                write_bytes(target, (manifest.root / name).read_bytes(), durable=False)


def _png(mask: Pixels) -> bytes:
    done, data = cv2.imencode(".png", mask)
    assert done
    return data.tobytes()


def _card(
    given: Mapping[str, Any], translator: Translator, about: Mapping[str, Any]
) -> dict[str, Any]:
    """The card of the data with what was added to them."""
    own = [given.get("synthetic"), f"images of the source {SOURCE!r} were made by a model"]
    credits = [given.get("attribution"), translator.credit]
    return {
        **given,
        "attribution": "; ".join(dict.fromkeys(str(text) for text in credits if text)) or None,
        "synthetic": "; ".join(dict.fromkeys(str(text) for text in own if text)),
        "augmented": dict(about),
    }
