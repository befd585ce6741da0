"""The work list of `prepare`: tasks of images that share one alignment, with fingerprints."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ecgan.data.layouts import SourceImage
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_bytes

LandmarkMode = Literal["detect", "given", "auto"]
FORMAT = 1
"""Raise when the outputs for the same input change, so that old ones are made again."""


@dataclass(frozen=True)
class Item:
    """One file to prepare and the names of its outputs below the data folder."""

    path: Path
    file: str
    image: str
    mask: str
    landmarks: tuple[tuple[float, float], ...] | None


@dataclass(frozen=True)
class Task:
    """Files that share the alignment of the first usable one (a pair's neutral comes first)."""

    fingerprint: str
    items: tuple[Item, ...]
    size: int
    landmarks: LandmarkMode


def plan(
    images: Sequence[SourceImage], size: int, landmarks: LandmarkMode, versions: Sequence[str]
) -> list[Task]:
    """Tasks in a fixed order. A fingerprint covers all that the outputs depend on: settings, tool
    versions, and name, length and time of change of each file (and of points beside it)."""
    groups: dict[str, list[SourceImage]] = defaultdict(list)
    for image in images:
        groups[image.pair or f"single {image.source}/{image.name}"].append(image)
    stems = Counter(_output_stem(image).casefold() for image in images)
    tasks = []
    for group in groups.values():
        group.sort(key=lambda image: (image.expression != NEUTRAL, image.name))
        items = tuple(_item(image, stems) for image in group)
        about = [FORMAT, size, landmarks, *versions, [_trace(item) for item in items]]
        fingerprint = sha256_bytes(json.dumps(about).encode())
        tasks.append(Task(fingerprint, items, size, landmarks))
    return tasks


def _item(image: SourceImage, stems: Counter[str]) -> Item:
    stem = _output_stem(image)
    file = f"{image.source}/{image.name}"
    if stems[stem.casefold()] > 1:
        stem += "-" + sha256_bytes(file.encode())[:8]
    return Item(image.path, file, f"images/{stem}.jpg", f"masks/{stem}.png", image.landmarks)


def _output_stem(image: SourceImage) -> str:
    inner = PurePosixPath(image.name).with_suffix("").parts[1:]
    return f"{image.source}/{image.expression}/{'-'.join(inner)}"


def _trace(item: Item) -> list[object]:
    beside = sorted(path for path in item.path.parent.glob(f"{_escaped(item.path.stem)}.*"))
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in beside]
    return [item.file, item.image, item.landmarks, stats]


def _escaped(stem: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)
