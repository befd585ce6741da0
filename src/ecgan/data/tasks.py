"""The tasks of `prepare`: images that share one alignment, with fingerprints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ecgan.data.worklist import Item, Worklist
from ecgan.files import sha256_bytes

LandmarkMode = Literal["detect", "given", "auto"]
FORMAT = 3
"""Raise when the outputs for the same input change, or what the journal says of them, so that old
ones are made again."""


@dataclass(frozen=True)
class Task:
    """Files that share the alignment of the first usable one (a pair's neutral comes first)."""

    fingerprint: str
    items: tuple[Item, ...]
    size: int
    landmarks: LandmarkMode


@dataclass(frozen=True)
class Settings:
    """What the outputs depend on beside the files."""

    size: int
    landmarks: LandmarkMode
    versions: Sequence[str]
    suffixes: Sequence[str]
    """Of files beside a photo that may hold its landmarks."""


def plan(worklist: Worklist, settings: Settings, is_done: Callable[[str], bool]) -> None:
    """Set each task of the worklist, which is still to do where `is_done` denies its fingerprint.

    A fingerprint covers all that the outputs depend on: settings, tool versions, and name, length
    and time of change of each file (and of points beside it).
    """
    traces = _Traces(settings.suffixes)
    for number, items in worklist.tasks():
        about = [FORMAT, settings.size, settings.landmarks, *settings.versions]
        text = json.dumps([*about, [traces.of(item) for item in items]])
        fingerprint = sha256_bytes(text.encode())
        worklist.set_task(number, items, fingerprint, todo=not is_done(fingerprint))


def unfinished(worklist: Worklist, settings: Settings) -> Iterator[Task]:
    """The tasks still to do, as they are asked for."""
    for fingerprint, items in worklist.unfinished():
        yield Task(fingerprint, items, settings.size, settings.landmarks)


class _Traces:
    """What tells whether an item's inputs have changed."""

    def __init__(self, suffixes: Sequence[str]) -> None:
        self._suffixes = suffixes
        self._stat = lru_cache(maxsize=64)(_stat)

    def of(self, item: Item) -> list[object]:
        place = item.place
        points = None if item.landmarks is None else list(item.landmarks)
        if not place.is_file:
            inside = [place.member, place.offset]
            return [item.file, item.image, points, [self._stat(place.path)], inside]
        beside = [_stat(place.path.with_suffix(suffix)) for suffix in self._suffixes]
        return [item.file, item.image, points, [_stat(place.path), *beside]]


def _stat(path: Path) -> tuple[str, int, int]:
    try:
        about = path.stat()
    except OSError:  # gone since it was listed, or nothing lies beside the photo
        return path.name, -1, 0
    return path.name, about.st_size, about.st_mtime_ns
