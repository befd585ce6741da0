"""All images of one `prepare`, outside of memory: who shares an alignment, in which order, and what
of it is still to do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Literal

from ecgan.data.layouts import Place, SourceImage
from ecgan.data.points import Points
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_bytes

LandmarkMode = Literal["detect", "given", "auto"]
FORMAT = 3
"""Raise when the outputs for the same input change, or what the journal says of them, so that old
ones are made again."""
_PLACE = tuple(field.name for field in fields(Place))
_LABELS = tuple(
    field.name for field in fields(SourceImage) if field.name not in ("place", "landmarks")
)
_COLUMNS = ("task", "expressive", "stem_of_outputs", "folded", "given_points", *_LABELS, *_PLACE)
_TABLES = f"""
    CREATE TABLE images (number INTEGER PRIMARY KEY, {", ".join(map('"{}"'.format, _COLUMNS))});
    CREATE INDEX by_task ON images (task, expressive, name);
    CREATE INDEX by_stem ON images (folded);
    CREATE INDEX by_pair ON images (pair) WHERE pair IS NOT NULL;
    CREATE TABLE tasks (task INTEGER PRIMARY KEY, fingerprint TEXT UNIQUE, todo INTEGER);
    CREATE TABLE items (
        image TEXT PRIMARY KEY, number INTEGER, task INTEGER, place INTEGER
    ) WITHOUT ROWID;
"""


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
class OutputOptions:
    """What the outputs depend on beside the files."""

    size: int
    landmarks: LandmarkMode
    versions: Sequence[str]
    suffixes: Sequence[str]
    """Of files beside a photo that may hold its landmarks."""


@dataclass(frozen=True)
class Task:
    """Files that share the alignment of the first usable one (a pair's neutral comes first)."""

    fingerprint: str
    items: tuple[Item, ...]
    size: int
    landmarks: LandmarkMode


class Worklist:
    """Images in the order of their listing, grouped into tasks: the images of a pair, or one.

    The tables `images`, `tasks` and `items` are there for whoever joins them with results.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._count = 0
        database.executescript(_TABLES)

    def __len__(self) -> int:
        """Images."""
        return self._count

    def add(self, image: SourceImage) -> None:
        self._count += 1
        task = self._count
        if image.pair:
            query = "SELECT task FROM images WHERE pair = ? LIMIT 1"
            task = (self._database.execute(query, (image.pair,)).fetchone() or (task,))[0]
        stem = _output_stem(image)
        points = None if image.landmarks is None else image.landmarks.tobytes()
        labels = (getattr(image, name) for name in _LABELS)
        path, *place = (getattr(image.place, name) for name in _PLACE)
        about = (task, image.expression != NEUTRAL, stem, stem.casefold(), points)
        self._insert("images", (self._count, *about, *labels, str(path), *place))

    def parts(self) -> dict[str, int]:
        """Images by the published part that they belong to."""
        query = """
            SELECT partition, COUNT(*) FROM images WHERE partition IS NOT NULL
            GROUP BY partition ORDER BY partition
        """
        return dict(self._database.execute(query).fetchall())

    def plan(self, options: OutputOptions, is_done: Callable[[str], bool]) -> None:
        """Set up all tasks; one is still to do where `is_done` denies its fingerprint.

        A fingerprint covers all that the outputs depend on: options, tool versions, and name,
        length and time of change of each file (and of points beside it).
        """
        about = [FORMAT, options.size, options.landmarks, *options.versions]
        stat_of_table = lru_cache(maxsize=64)(_stat)
        for (task,) in self._database.execute("SELECT DISTINCT task FROM images ORDER BY task"):
            items = self._items(task)
            traces = [_trace(item, options.suffixes, stat_of_table) for item in items]
            fingerprint = sha256_bytes(json.dumps([*about, traces]).encode())
            self._set_task(task, items, fingerprint, todo=not is_done(fingerprint))

    def unfinished(self, options: OutputOptions) -> Iterator[Task]:
        """The tasks still to do, as they are asked for, in the order of their first images; a
        pair's neutral goes first, the others by name.

        No query is open between two of them: it would keep the log of the journal, which is of the
        same connection, from being emptied.
        """
        task = 0
        query = "SELECT task, fingerprint FROM tasks WHERE todo AND task > ? ORDER BY task LIMIT 1"
        while found := self._database.execute(query, (task,)).fetchone():
            task, fingerprint = found
            yield Task(fingerprint, self._items(task), options.size, options.landmarks)

    def num_unfinished(self) -> int:
        """Images in unfinished tasks."""
        (count,) = self._database.execute(
            "SELECT COUNT(*) FROM images JOIN tasks USING (task) WHERE todo"
        ).fetchone()
        return int(count)

    def _set_task(self, task: int, items: Sequence[Item], fingerprint: str, todo: bool) -> None:
        self._insert("tasks", (task, fingerprint, todo))
        numbers = self._database.execute(
            "SELECT number FROM images WHERE task = ? ORDER BY expressive, name", (task,)
        ).fetchall()
        for place, (item, (number,)) in enumerate(zip(items, numbers, strict=True)):
            self._insert("items", (item.image, number, task, place))

    def _items(self, task: int) -> tuple[Item, ...]:
        place = ", ".join(f'images."{name}"' for name in _PLACE)
        query = f"""
            SELECT source || '/' || name, stem_of_outputs,
                EXISTS (SELECT 1 FROM images AS other
                    WHERE other.folded = images.folded AND other.number != images.number),
                given_points, {place}
            FROM images WHERE images.task = ? ORDER BY expressive, name
        """
        return tuple(_item(*row) for row in self._database.execute(query, (task,)).fetchall())

    def _insert(self, table: str, values: tuple[object, ...]) -> None:
        places = ", ".join("?" * len(values))
        self._database.execute(f"INSERT INTO {table} VALUES ({places})", values)


def _item(
    file: str, stem: str, shared: int, coordinates: bytes | None, path: str, *place: object
) -> Item:
    if shared:
        stem += "-" + sha256_bytes(file.encode())[:8]
    points = None if coordinates is None else Points.frombytes(coordinates)
    where = Place(Path(path), *place)  # type: ignore[arg-type]
    return Item(where, file, f"images/{stem}.jpg", f"masks/{stem}.png", points)


def _output_stem(image: SourceImage) -> str:
    inner = PurePosixPath(image.name).with_suffix("").parts[1:]
    return f"{image.source}/{image.expression}/{image.stem or '-'.join(inner)}"


_Stat = tuple[str, int, int]
"""Name, length and time of change of a file."""


def _trace(
    item: Item, suffixes: Sequence[str], stat_of_table: Callable[[Path], _Stat]
) -> list[object]:
    """What tells whether an item's inputs have changed."""
    place = item.place
    points = None if item.landmarks is None else list(item.landmarks)
    if not place.is_file:
        inside = [place.member, place.offset]
        return [item.file, item.image, points, [stat_of_table(place.path)], inside]
    beside = [_stat(place.path.with_suffix(suffix)) for suffix in suffixes]
    return [item.file, item.image, points, [_stat(place.path), *beside]]


def _stat(path: Path) -> _Stat:
    try:
        about = path.stat()
    except OSError:  # gone since it was listed, or nothing lies beside the photo
        return path.name, -1, 0
    return path.name, about.st_size, about.st_mtime_ns
