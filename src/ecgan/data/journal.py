"""All images of one `prepare`, outside of memory: who shares an alignment, in which order, and what
became of each, kept in the data folder so that an interrupted run goes on."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Literal

from ecgan.data.layouts import Place, SourceImage
from ecgan.data.points import Points
from ecgan.errors import DataError
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_bytes, sha256_file

LandmarkMode = Literal["detect", "given", "auto"]
JOURNAL_NAME = ".prepare.db"
FORMAT = 3
"""Raise when the outputs for the same input change, or what the journal says of them, so that old
ones are made again."""
_VERSION = 1
"""Of the journal's tables."""


@dataclass(frozen=True)
class Item:
    """One file to prepare."""

    file: str
    stem: str
    """Of the names of its outputs."""
    place: Place
    landmarks: Points | None

    @property
    def name(self) -> str:
        """The last part of the file's path."""
        return self.file.rsplit("/", 1)[-1]

    @property
    def image(self) -> str:
        """Path below the data folder."""
        return f"images/{self.stem}.jpg"

    @property
    def mask(self) -> str:
        """Path below the data folder."""
        return f"masks/{self.stem}.png"


@dataclass(frozen=True)
class Task:
    """Files that share the alignment of the first usable one (a pair's neutral comes first)."""

    fingerprint: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one file: an image and its mask, or a reason."""

    file: str
    image: str = ""
    mask: str = ""
    sha256: str = ""
    mask_sha256: str = ""
    landmarks: bytes = b""
    """x, y of each in aligned pixels, as float64."""
    mean_error: float | None = None
    """Mean distance to the given landmarks, in fractions of the eye distance."""
    median_error: float | None = None
    pixels: str = ""
    """`pixel_hash` of the source."""
    looks: str = ""
    """`face_hash` of the aligned image."""
    reason: str = ""
    message: str = ""


_LABELS = [field.name for field in fields(SourceImage) if field.name not in ("place", "landmarks")]
_OUTCOME = [field.name for field in fields(Outcome)]
_LISTED = f"""
    CREATE TABLE images (
        number INTEGER PRIMARY KEY, task INTEGER, input BLOB, outputs TEXT, folded TEXT,
        {", ".join(map('"{}"'.format, _LABELS))},
        output TEXT UNIQUE, position INTEGER, fingerprint TEXT, todo INTEGER
    );
    CREATE INDEX by_task ON images (task);
    CREATE INDEX by_stem ON images (folded);
    CREATE INDEX by_pair ON images (pair) WHERE pair IS NOT NULL;
    CREATE TEMP VIEW accepted AS SELECT *, split_of(subject, partition) AS split FROM images;
"""
_JOURNAL = f"""
    CREATE TABLE journal.tasks (id INTEGER PRIMARY KEY, fingerprint TEXT UNIQUE);
    CREATE TABLE journal.outcomes (
        id INTEGER PRIMARY KEY, task INTEGER, place INTEGER, {", ".join(_OUTCOME)},
        UNIQUE (task, place)
    );
    CREATE TABLE journal.times (seconds REAL, images INTEGER);
    INSERT INTO journal.times VALUES (0, 0);
    PRAGMA journal.user_version = {_VERSION};
"""
_JOINED = f"""
    CREATE TEMP VIEW results AS
        SELECT images.*, split_of(subject, partition) AS split, {", ".join(_OUTCOME)}
        FROM images CROSS JOIN journal.tasks AS done ON done.fingerprint = images.fingerprint
        CROSS JOIN journal.outcomes AS noted ON noted.task = done.id AND noted.place = position;
    DROP VIEW accepted;
    CREATE TEMP VIEW accepted AS SELECT * FROM results WHERE reason = '';
"""
_OBSOLETE = "SELECT fingerprint FROM journal.tasks EXCEPT SELECT fingerprint FROM images"


class Journal:
    """Images in the order of their listing, grouped into tasks: the images of a pair, or one.

    Whoever reads on has the view `accepted` (columns: labels of `SourceImage` and `split`, by
    a function `split_of(subject, partition)` that the reader gives): the listed images, or, once
    the data folder is opened, those without a reason in the view `results`, with the columns of
    `Outcome` too.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self.root = Path()
        self._database = database
        self._count = 0
        database.executescript(_LISTED)

    def __len__(self) -> int:
        """Images."""
        return self._count

    def add(self, image: SourceImage) -> None:
        """This is the next image."""
        self._count += 1
        task = self._count
        if image.pair:
            query = "SELECT task FROM images WHERE pair = ? LIMIT 1"
            task = (self._database.execute(query, (image.pair,)).fetchone() or (task,))[0]
        inner = PurePosixPath(image.name).with_suffix("").parts[1:]
        stem = f"{image.source}/{image.expression}/{image.stem or '-'.join(inner)}"
        given = pickle.dumps((image.place, image.landmarks))
        labels = (getattr(image, name) for name in _LABELS)
        row = (self._count, task, given, stem, stem.casefold(), *labels, None, None, None, None)
        self._database.execute(f"INSERT INTO images VALUES ({_marks(row)})", row)

    def parts(self) -> dict[str, int]:
        """Images by the published part that they belong to."""
        query = """
            SELECT partition, COUNT(*) FROM images WHERE partition IS NOT NULL
            GROUP BY partition ORDER BY partition
        """
        return dict(self._database.execute(query).fetchall())

    def open(self, root: Path) -> None:
        """Take up what earlier runs noted in the data folder.

        Each task is one transaction of a write-ahead log that is not synced: a killed process
        loses none of them; a power failure may take the latest, and leaves the rest sound. Whether
        the images themselves have outlived it, `plan` finds out by their hashes.

        Raises:
            DataError: another run has the file, or another version has written it.
        """
        self.root = root
        try:
            _attach(self._database, root / JOURNAL_NAME)
        except sqlite3.OperationalError as error:
            raise DataError(
                f"cannot open {root / JOURNAL_NAME} ({error}); is another `ecgan prepare` at work "
                "there? Wait for its end"
            ) from None
        self._database.executescript(_JOINED)

    def plan(self, options: Sequence[object], suffixes: Sequence[str]) -> None:
        """Name all outputs, and find out which tasks are still to do.

        Args:
            options: what the outputs depend on beside the files: numbers and texts.
            suffixes: of files beside a photo that may hold its landmarks.
        """
        stat_of_table = lru_cache(maxsize=64)(_stat)
        for (task,) in self._database.execute("SELECT DISTINCT task FROM images ORDER BY task"):
            items = self._items(task)
            traces = [_trace(item, suffixes, stat_of_table) for _, item in items]
            fingerprint = sha256_bytes(json.dumps([FORMAT, *options, traces]).encode())
            self._plan_task(items, fingerprint)

    def unfinished(self) -> Iterator[Task]:
        """The tasks still to do, as they are asked for, in the order of their first images; a
        pair's neutral goes first, the others by name.

        No query is open between two of them: it would keep the log of the journal, which is of the
        same connection, from being emptied.
        """
        task = 0
        query = "SELECT task, fingerprint FROM images WHERE todo AND task > ? ORDER BY task LIMIT 1"
        while found := self._database.execute(query, (task,)).fetchone():
            task, fingerprint = found
            yield Task(fingerprint, tuple(item for _, item in self._items(task)))

    def num_unfinished(self) -> int:
        """Images in unfinished tasks."""
        query = "SELECT COUNT(*) FROM images WHERE todo"
        return int(self._database.execute(query).fetchone()[0])

    def note(self, fingerprint: str, outcomes: Sequence[Outcome]) -> None:
        """What came of a task, in place of what was known of it."""
        columns = ("task", "place", *_OUTCOME)
        insert = f"INSERT INTO journal.outcomes ({', '.join(columns)}) VALUES ({_marks(columns)})"
        with self._database:
            self._database.execute("BEGIN")
            self._forget("SELECT ?", fingerprint)
            task = self._database.execute(
                "INSERT INTO journal.tasks (fingerprint) VALUES (?)", (fingerprint,)
            ).lastrowid
            rows = [
                (task, place, *vars(outcome).values()) for place, outcome in enumerate(outcomes)
            ]
            self._database.executemany(insert, rows)

    @property
    def time(self) -> tuple[float, int]:
        """Seconds of work in all runs so far that came to an end, and the images handled."""
        seconds, images = self._database.execute("SELECT * FROM journal.times").fetchone()
        return float(seconds), int(images)

    def add_time(self, seconds: float, images: int) -> None:
        self._database.execute(
            "UPDATE journal.times SET seconds = seconds + ?, images = images + ?",
            (seconds, images),
        )

    def has_obsolete(self) -> bool:
        """Whether it knows tasks that are not listed."""
        return self._database.execute(f"{_OBSOLETE} LIMIT 1").fetchone() is not None

    def forget_obsolete(self) -> None:
        """Delete outputs of tasks that are not listed, then forget these tasks; what has the name
        of a listed image's output stays."""
        query = f"""
            SELECT image, mask FROM journal.outcomes JOIN journal.tasks ON tasks.id = task
            WHERE reason = '' AND fingerprint IN ({_OBSOLETE})
            AND NOT EXISTS (SELECT 1 FROM accepted WHERE output = outcomes.image)
        """
        for names in self._database.execute(query):
            for name in names:
                (self.root / name).unlink(missing_ok=True)
        with self._database:
            self._database.execute("BEGIN")
            self._forget(_OBSOLETE)

    def _forget(self, fingerprints: str, *values: str) -> None:
        """Of tasks; `fingerprints`: a query."""
        tasks = f"FROM journal.tasks WHERE fingerprint IN ({fingerprints})"
        self._database.execute(
            f"DELETE FROM journal.outcomes WHERE task IN (SELECT id {tasks})", values
        )
        self._database.execute(f"DELETE {tasks}", values)

    def _plan_task(self, items: Sequence[tuple[int, Item]], fingerprint: str) -> None:
        """The fingerprint covers all that the outputs depend on: options, and name, length and time
        of change of each file (and of points beside it)."""
        todo = not self._is_done(fingerprint)
        update = "UPDATE images SET output = ?, position = ?, fingerprint = ?, todo = ?"
        self._database.executemany(
            f"{update} WHERE number = ?",
            [(item.image, place, fingerprint, todo, n) for place, (n, item) in enumerate(items)],
        )

    def _is_done(self, fingerprint: str) -> bool:
        """Whether a task is done and its outputs are still there, byte for byte."""
        row = self._database.execute(
            "SELECT id FROM journal.tasks WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        if row is None:
            return False
        outputs = self._database.execute(
            "SELECT image, sha256, mask, mask_sha256 FROM journal.outcomes "
            "WHERE task = ? AND reason = ''",
            row,
        ).fetchall()
        return all(
            _has(self.root / image, sha256) and _has(self.root / mask, mask_sha256)
            for image, sha256, mask, mask_sha256 in outputs
        )

    def _items(self, task: int) -> list[tuple[int, Item]]:
        """With the numbers of the images."""
        query = f"""
            SELECT number, source || '/' || name, outputs,
                EXISTS (SELECT 1 FROM images AS other
                    WHERE other.folded = images.folded AND other.number != images.number),
                input
            FROM images WHERE task = ? ORDER BY expression != '{NEUTRAL}', name
        """
        items = []
        for number, file, stem, shared, given in self._database.execute(query, (task,)).fetchall():
            unique = f"{stem}-{sha256_bytes(file.encode())[:8]}" if shared else stem
            items.append((number, Item(file, unique, *pickle.loads(given))))
        return items


def _attach(database: sqlite3.Connection, path: Path) -> None:
    """As the schema `journal`; what a damaged one says does not count."""
    if not _attach_sound(database, path):
        if "journal" in {name for _, name, _ in database.execute("PRAGMA database_list")}:
            database.execute("DETACH journal")
        for name in (path.name, f"{path.name}-wal"):
            path.with_name(name).unlink(missing_ok=True)
        _attach_sound(database, path)
    (version,) = database.execute("PRAGMA journal.user_version").fetchone()
    if version == 0:
        database.executescript(f"BEGIN; {_JOURNAL} COMMIT;")
    elif version != _VERSION:
        raise DataError(
            f"{path} was written by another ecgan; choose a new folder or delete this one"
        )


def _attach_sound(database: sqlite3.Connection, path: Path) -> bool:
    """Whether the file, new or not, is sound. One run at a time has it."""
    try:
        database.execute("ATTACH ? AS journal", (str(path),))
        database.execute("PRAGMA journal.locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal.journal_mode = WAL")
        database.execute("PRAGMA journal.synchronous = NORMAL")
        return bool(database.execute("PRAGMA journal.quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return False
        raise


def _marks(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))


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


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256
