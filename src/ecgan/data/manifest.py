"""The manifest of prepared data: one canonical JSON line an image, checked when it is loaded; and
its fingerprint: a training goes on with the same data only."""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from sys import intern
from typing import Any, BinaryIO, Literal, get_args

import numpy as np

from ecgan.data.disk import DiskDict
from ecgan.data.points import NUM_LANDMARKS, PLAIN, Lines, Points, StoredPoints
from ecgan.errors import DataError, UsageError
from ecgan.expressions import EXPRESSIONS, NEUTRAL, Vocabulary
from ecgan.files import write_json, write_lines

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
MANIFEST_NAME = "manifest.jsonl"
CARD_NAME = "card.json"
_REMEDY = "run `ecgan prepare` again"


@dataclass(frozen=True, slots=True)
class Record:
    """One prepared image; paths are relative to the data folder, with forward slashes."""

    image: str
    mask: str
    subject: str
    expression: str
    intensity: float | None
    """Strength of the expression, 1 being full; None where nobody said."""
    split: Split
    source: str
    sha256: str
    """Of the image file."""
    landmarks: Points
    """68 points x, y in pixels of the aligned image."""
    pair: str | None
    """Key shared by images of one person that match pixel for pixel."""
    session: str | None = None
    """Which of several sittings or sequences of the person."""
    variant: str | None = None
    """Light, occlusion or pose where it is not plain, joined by `+`: `glasses+left-light`."""
    partition: str | None = None
    """The part of the data set's published partition; the split does not follow it."""
    recipe: str | None = None
    """Which of several ways of showing the expression: `gasping` for fear."""


OPTIONAL = ("session", "variant", "partition", "recipe")
"""Keys of a line that are there only where they say something."""
_KEYS = tuple(field.name for field in fields(Record))
_EXPECTED = tuple(name for name in _KEYS if name not in OPTIONAL)
_TEXTS = ("image", "mask", "subject", "expression", "source", "sha256")
_REPEATED = ("subject", "expression", "split", "source", "pair", *OPTIONAL)
"""Fields whose texts many records share: each text is kept once."""


@dataclass(frozen=True)
class Manifest:
    """All records of a prepared data folder, in the order of their image names."""

    root: Path
    records: tuple[Record, ...]
    card: Mapping[str, Any]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The card's `expressions`, or else the labels found, in the usual order."""
        names = self.card.get("expressions")
        if not isinstance(names, list):
            return vocabulary_of(record.expression for record in self.records)
        try:
            return Vocabulary(tuple(str(name) for name in names))
        except UsageError as error:
            raise DataError(f"{self.root / CARD_NAME}: {error}") from None

    def select(
        self, *, split: Split | None = None, expression: str | None = None
    ) -> tuple[Record, ...]:
        """Records of one split and of one expression, in manifest order."""
        return tuple(
            record
            for record in self.records
            if split in (None, record.split) and expression in (None, record.expression)
        )

    def image_path(self, record: Record) -> Path:
        return self.root / record.image

    def mask_path(self, record: Record) -> Path:
        return self.root / record.mask


def vocabulary_of(labels: Iterable[str]) -> Vocabulary:
    """Neutral and the labels found: the usual ones in the usual order, then others by name."""
    found = {NEUTRAL, *labels}
    usual = [name for name in EXPRESSIONS if name in found]
    return Vocabulary((*usual, *sorted(found.difference(EXPRESSIONS))))


def write_manifest(manifest: Manifest) -> None:
    """Write the card, then the manifest; equal manifests give equal bytes.

    Raises:
        DataError: the manifest would not load again.
    """
    check(manifest)
    ordered = sorted(manifest.records, key=lambda record: record.image)
    write_json(manifest.root / CARD_NAME, dict(manifest.card))
    write_lines(manifest.root / MANIFEST_NAME, map(_line, ordered))


def write_records(root: Path, records: Iterable[Record], card: Mapping[str, Any]) -> None:
    """As `write_manifest`, for any number of records, which come in the order of their images.

    Raises:
        DataError: the manifest would not load again; it is not written.
    """
    names = Manifest(root, (), card).vocabulary.names
    write_json(root / CARD_NAME, dict(card))
    lines = map(_line, checked(records, names, root, kept=DiskDict))
    write_lines(root / MANIFEST_NAME, lines)


def _line(record: Record) -> str:
    values = {name: getattr(record, name) for name in _KEYS}
    values["landmarks"] = list(record.landmarks[:])
    said = {k: v for k, v in values.items() if v is not None or k not in OPTIONAL}
    return json.dumps(said, ensure_ascii=False) + "\n"


def load_manifest(root: Path | str) -> Manifest:
    """Read and check a prepared data folder (its images are not opened).

    Raises:
        DataError: no prepared data there, a damaged line, no images, a person in two splits,
            or an expression that the card does not list.
    """
    root = Path(root)
    path = root / MANIFEST_NAME
    try:
        with path.open("rb") as file:
            records = tuple(_records(file, path))
    except OSError as error:
        raise DataError(
            f"no prepared data in {root} ({MANIFEST_NAME}: {error.strerror}); "
            "make it with `ecgan prepare SRC... --out DATA`"
        ) from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is damaged: expected UTF-8 text; {_REMEDY}") from None
    manifest = Manifest(root, records, _read_card(root / CARD_NAME))
    check(manifest)
    return manifest


def check(manifest: Manifest) -> None:
    """Raises DataError where a manifest breaks its promises; see `load_manifest`."""
    if not manifest.records:
        raise DataError(f"the prepared data in {manifest.root} has no images; {_REMEDY}")
    for _ in checked(manifest.records, manifest.vocabulary.names, manifest.root):
        pass


def checked(
    records: Iterable[Record],
    names: Sequence[str],
    root: Path,
    *,
    kept: Callable[[], MutableMapping[str, str]] = dict,
) -> Iterator[Record]:
    """The records as they come; raises DataError at the first one that breaks a promise.

    Args:
        names: of the vocabulary.
        kept: where people, pairs and images already seen are noted.
    """
    split_of, pair_of, images = kept(), kept(), kept()
    for record in records:
        if record.expression not in names:
            raise DataError(
                f"{record.image} is labelled {record.expression!r}, expected one of "
                f"{', '.join(names)} (from {CARD_NAME}); {_REMEDY}"
            )
        split = split_of.setdefault(record.subject, record.split)
        if split != record.split:
            raise DataError(
                f"{record.subject!r} is in the splits {split} and "
                f"{record.split}, expected one split a person; {_REMEDY}"
            )
        if record.pair:
            subject = pair_of.setdefault(record.pair, record.subject)
            if subject != record.subject:
                raise DataError(
                    f"the pair {record.pair!r} joins {subject!r} and "
                    f"{record.subject!r}, expected images of one person; {_REMEDY}"
                )
        if record.image in images:
            raise DataError(f"{record.image} is listed twice in {root}; {_REMEDY}")
        images[record.image] = ""
        yield record


def _records(file: BinaryIO, path: Path) -> Iterator[Record]:
    """Their landmarks stay in the file, which they keep open."""
    lines = Lines(os.dup(file.fileno()), str(path))
    for number, line in enumerate(file):
        lines.append(line)
        text = line.decode()
        if text.strip():
            yield _record(text, f"{path}:{number + 1}", StoredPoints(lines, number))


def _record(line: str, where: str, points: StoredPoints) -> Record:
    plain = PLAIN.search(line)
    rest = line if plain is None else f"{line[: plain.start(1)]}null{line[plain.end(1) :]}"
    try:
        values = json.loads(rest)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", error)
        raise DataError(f"{where} is damaged: not JSON ({reason}); {_REMEDY}") from None
    if not isinstance(values, dict) or set(values).difference(OPTIONAL) != set(_EXPECTED):
        raise DataError(f"{where}: expected the keys {', '.join(_EXPECTED)}; {_REMEDY}")
    intensity = values["intensity"]
    problems = {
        "68 landmarks x, y": (plain is not None and values["landmarks"] is None)
        or _are_landmarks(values["landmarks"]),
        f"a split out of {', '.join(SPLITS)}": values["split"] in SPLITS,
        "texts": all(isinstance(values[name], str) and values[name] for name in _TEXTS),
        "paths inside the data folder": all(_is_inside(values[name]) for name in _TEXTS[:2]),
        "a finite intensity or null": intensity is None or _is_finite(intensity),
        "a pair key or null": values["pair"] is None or isinstance(values["pair"], str),
        f"texts or nothing as {', '.join(OPTIONAL)}": all(
            values.get(name) is None or isinstance(values[name], str) for name in OPTIONAL
        ),
    }
    for expectation, holds in problems.items():
        if not holds:
            raise DataError(f"{where}: expected {expectation}; {_REMEDY}")
    for name in _REPEATED:
        if values.get(name) is not None:
            values[name] = intern(values[name])
    values["landmarks"] = points
    return Record(**values)


def _are_landmarks(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == NUM_LANDMARKS
        and all(isinstance(point, list) and len(point) == 2 for point in value)
        and all(_is_finite(number) for point in value for number in point)
    )


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except (TypeError, OverflowError):
        return False


def _is_inside(name: object) -> bool:
    return not str(name).startswith("/") and ".." not in str(name).split("/")


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError):
        card = None
    if not isinstance(card, dict):
        raise DataError(f"{path} is damaged: expected a JSON object; {_REMEDY}")
    return card


def fingerprint(manifest: Manifest) -> dict[str, Any]:
    """Numbers of images and people by split, and a hash of the images and of each thing that is
    known about them. Where the folder lies, what its files are called and their order do not count.
    """
    totals: dict[str, int] = defaultdict(int)  # sums of hashes: the same whatever the order
    for record in manifest.records:
        for name, value in _about(record).items():
            digest = blake2b(record.sha256.encode() + value, digest_size=16).digest()
            totals[name] += int.from_bytes(digest)
    counts = {split: len(manifest.select(split=split)) for split in SPLITS}
    people = len({record.subject for record in manifest.records})
    sums = {name: f"{total % (1 << 128):032x}" for name, total in totals.items()}
    names = ", ".join(manifest.vocabulary.names)
    return {"num_images": counts, "num_people": people, "vocabulary": names, **sums}


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What differs between two fingerprints, in words; None where nothing does."""
    for name in ("num_images", "num_people"):
        if before[name] != now[name]:
            return f"{_counted(before)} before, {_counted(now)} now"
    changed = [name for name, value in now.items() if before.get(name) != value]
    return f"other {' and '.join(changed)}" if changed else None


def _about(record: Record) -> dict[str, bytes]:
    label = f"{record.expression}\0{record.intensity!r}\0{record.recipe}"
    points = np.asarray(record.landmarks, dtype=np.float64)
    return {
        "images": b"",
        "labels": label.encode(),
        "splits": record.split.encode(),
        "people": record.subject.encode(),
        "landmarks": points.tobytes(),
        "pairs": repr(record.pair).encode(),
    }


def _counted(found: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {split}" for split, count in found["num_images"].items())
    return f"{sum(found['num_images'].values())} images ({counts}) of {found['num_people']} people"
