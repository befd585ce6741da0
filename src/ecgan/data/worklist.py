"""All images of one `prepare`, outside of memory: who shares an alignment, and in which order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

from ecgan.data.layouts import Place, SourceImage
from ecgan.data.points import Points
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_bytes

_PLACE = tuple(field.name for field in fields(Place))
_LABELS = tuple(
    field.name for field in fields(SourceImage) if field.name not in ("place", "landmarks")
)
_COLUMNS = ("number", "task", "expressive", "stem_of_outputs", "folded", *_LABELS, *_PLACE)
_TABLES = f"""
    CREATE TABLE images (number INTEGER PRIMARY KEY, {", ".join(map('"{}"'.format, _COLUMNS[1:]))});
    CREATE INDEX by_task ON images (task, expressive, name);
    CREATE INDEX by_stem ON images (folded);
    CREATE TABLE points (number INTEGER PRIMARY KEY, coordinates BLOB);
    CREATE TABLE pairs (pair TEXT PRIMARY KEY, task INTEGER) WITHOUT ROWID;
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
        number, task = self._count, self._count
        if image.pair:
            key = (image.pair, number)
            self._database.execute("INSERT OR IGNORE INTO pairs VALUES (?, ?)", key)
            (task,) = self._database.execute(
                "SELECT task FROM pairs WHERE pair = ?", key[:1]
            ).fetchone()
        stem = _output_stem(image)
        labels = (getattr(image, name) for name in _LABELS)
        path, *place = (getattr(image.place, name) for name in _PLACE)
        row = (number, task, image.expression != NEUTRAL, stem, stem.casefold(), *labels)
        self._insert("images", (*row, str(path), *place))
        if image.landmarks is not None:
            self._insert("points", (number, image.landmarks.tobytes()))

    def parts(self) -> dict[str, int]:
        """Images by the published part that they belong to."""
        query = """
            SELECT partition, COUNT(*) FROM images WHERE partition IS NOT NULL
            GROUP BY partition ORDER BY partition
        """
        return dict(self._database.execute(query).fetchall())

    def tasks(self) -> Iterator[tuple[int, tuple[Item, ...]]]:
        """Number and items of each task, in the order of the first images; a pair's neutral goes
        first, the others by name. `set_task` may be called meanwhile."""
        for (task,) in self._database.execute("SELECT DISTINCT task FROM images ORDER BY task"):
            yield task, self._items(task)

    def set_task(self, task: int, items: tuple[Item, ...], fingerprint: str, todo: bool) -> None:
        self._insert("tasks", (task, fingerprint, todo))
        numbers = self._database.execute(
            "SELECT number FROM images WHERE task = ? ORDER BY expressive, name", (task,)
        ).fetchall()
        for place, (item, (number,)) in enumerate(zip(items, numbers, strict=True)):
            self._insert("items", (item.image, number, task, place))

    def unfinished(self) -> Iterator[tuple[str, tuple[Item, ...]]]:
        """Fingerprint and items of each task that was set as still to do.

        No query is open between two of them: it would keep the log of the journal, which is of the
        same connection, from being emptied.
        """
        task = 0
        query = "SELECT task, fingerprint FROM tasks WHERE todo AND task > ? ORDER BY task LIMIT 1"
        while found := self._database.execute(query, (task,)).fetchall():
            ((task, fingerprint),) = found
            yield fingerprint, self._items(task)

    def num_unfinished(self) -> int:
        """Images in unfinished tasks."""
        (count,) = self._database.execute(
            "SELECT COUNT(*) FROM images JOIN tasks USING (task) WHERE todo"
        ).fetchone()
        return int(count)

    def _items(self, task: int) -> tuple[Item, ...]:
        place = ", ".join(f'images."{name}"' for name in _PLACE)
        query = f"""
            SELECT source || '/' || name, stem_of_outputs,
                EXISTS (SELECT 1 FROM images AS other
                    WHERE other.folded = images.folded AND other.number != images.number),
                coordinates, {place}
            FROM images LEFT JOIN points USING (number)
            WHERE images.task = ? ORDER BY expressive, name
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
