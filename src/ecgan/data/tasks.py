"""The work list of `prepare`: tasks of images that share one alignment, with fingerprints."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Literal

from ecgan.data.layouts import Place, SourceImage
from ecgan.data.points import Points
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_bytes

LandmarkMode = Literal["detect", "given", "auto"]
FORMAT = 2
"""Raise when the outputs for the same input change, or what the journal says of them, so that old
ones are made again."""


@dataclass(frozen=True)
class Item:
    """One file to prepare and the names of its outputs below the data folder."""

    place: Place
    file: str
    image: str
    mask: str
    landmarks: Points | None

    @property
    def name(self) -> str:
        """The last part of the file's path."""
        return self.file.rsplit("/", 1)[-1]


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
    tasks, traces = [], _Traces()
    for group in groups.values():
        group.sort(key=lambda image: (image.expression != NEUTRAL, image.name))
        items = tuple(_item(image, stems) for image in group)
        about = [FORMAT, size, landmarks, *versions, [traces.of(item) for item in items]]
        fingerprint = sha256_bytes(json.dumps(about).encode())
        tasks.append(Task(fingerprint, items, size, landmarks))
    return tasks


def _item(image: SourceImage, stems: Counter[str]) -> Item:
    stem = _output_stem(image)
    file = f"{image.source}/{image.name}"
    if stems[stem.casefold()] > 1:
        stem += "-" + sha256_bytes(file.encode())[:8]
    return Item(image.place, file, f"images/{stem}.jpg", f"masks/{stem}.png", image.landmarks)


def _output_stem(image: SourceImage) -> str:
    inner = PurePosixPath(image.name).with_suffix("").parts[1:]
    return f"{image.source}/{image.expression}/{image.stem or '-'.join(inner)}"


class _Traces:
    """What tells whether an item's inputs have changed; looks into each folder once."""

    def __init__(self) -> None:
        self._stat = lru_cache(maxsize=64)(_stat)
        self._beside = lru_cache(maxsize=64)(_files_by_stem)

    def of(self, item: Item) -> list[object]:
        place = item.place
        points = None if item.landmarks is None else list(item.landmarks)
        if not place.is_file:
            inside = [place.member, place.offset]
            return [item.file, item.image, points, [self._stat(place.path)], inside]
        names = self._beside(place.path.parent).get(place.path.stem, [place.path.name])
        stats = [_stat(place.path.parent / name) for name in names]
        return [item.file, item.image, points, stats]


def _files_by_stem(folder: Path) -> dict[str, list[str]]:
    """Names in a folder, in order, under each part of theirs that ends before a dot."""
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in sorted(entry.name for entry in os.scandir(folder)):
        for place, letter in enumerate(name):
            if letter == ".":
                by_stem[name[:place]].append(name)
    return by_stem


def _stat(path: Path) -> tuple[str, int, int]:
    try:
        about = path.stat()
    except OSError:  # gone since it was listed, or a link to nothing beside the photo
        return path.name, -1, 0
    return path.name, about.st_size, about.st_mtime_ns
