"""What `prepare` has done so far, kept in the data folder, so that an interrupted run goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from ecgan.data.points import Points
from ecgan.errors import DataError
from ecgan.files import sha256_file

JOURNAL_NAME = ".prepare.db"
_NO_POINTS = Points(())
_VERSION = 1
"""Of the tables."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file: an image and its mask, or a reason."""

    file: str
    image: str = ""
    mask: str = ""
    sha256: str = ""
    mask_sha256: str = ""
    landmarks: Points = _NO_POINTS
    mean_error: float | None = None
    """Mean distance to the given landmarks, in fractions of the eye distance."""
    median_error: float | None = None
    pixels: str = ""
    """`pixel_hash` of the source."""
    looks: str = ""
    """`face_hash` of the aligned image."""
    reason: str = ""
    message: str = ""

    @property
    def accepted(self) -> bool:
        return not self.reason


_COLUMNS = tuple(field.name for field in fields(Outcome))
_TABLES = f"""
    CREATE TABLE journal.tasks (id INTEGER PRIMARY KEY, fingerprint TEXT UNIQUE);
    CREATE TABLE journal.outcomes (
        id INTEGER PRIMARY KEY, task INTEGER, place INTEGER, {", ".join(_COLUMNS)},
        UNIQUE (task, place)
    );
    CREATE TABLE journal.times (seconds REAL, images INTEGER);
    INSERT INTO journal.times VALUES (0, 0);
    PRAGMA journal.user_version = {_VERSION};
"""
_OBSOLETE = "SELECT fingerprint FROM journal.tasks EXCEPT SELECT fingerprint FROM main.tasks"
_OBSOLETE_IDS = f"SELECT id FROM journal.tasks WHERE fingerprint IN ({_OBSOLETE})"


class Journal:
    """Outcomes by task fingerprint, as the schema `journal` of the database of a `Worklist`.

    Each task is one transaction of a write-ahead log that is not synced: a killed process loses
    none of them; a power failure may take the latest, and leaves the rest sound. Whether the images
    themselves have outlived it, `has` finds out by their hashes. One run at a time has the file.

    Raises:
        DataError: another run has it, or another version has written it.
    """

    def __init__(self, database: sqlite3.Connection, root: Path) -> None:
        self.root = root
        self._database = database
        try:
            _open(database, root / JOURNAL_NAME)
        except sqlite3.OperationalError as error:
            raise DataError(
                f"cannot open {root / JOURNAL_NAME} ({error}); is another `ecgan prepare` at work "
                "there? Wait for its end"
            ) from None

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

    def add(self, fingerprint: str, outcomes: Sequence[Outcome]) -> None:
        """Note a task, in place of what was known of it."""
        places = ", ".join("?" * (2 + len(_COLUMNS)))
        insert = f"INSERT INTO journal.outcomes (task, place, {', '.join(_COLUMNS)}) "
        with self._database:
            self._database.execute("BEGIN")
            self._forget(fingerprint)
            task = self._database.execute(
                "INSERT INTO journal.tasks (fingerprint) VALUES (?)", (fingerprint,)
            ).lastrowid
            self._database.executemany(
                f"{insert} VALUES ({places})",
                ((task, place, *_row(outcome)) for place, outcome in enumerate(outcomes)),
            )

    def has(self, fingerprint: str) -> bool:
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

    def has_obsolete(self) -> bool:
        """Whether it knows tasks that are not in the worklist."""
        return self._database.execute(f"{_OBSOLETE} LIMIT 1").fetchone() is not None

    def forget_obsolete(self) -> None:
        """Delete outputs of tasks that are not in the worklist, then forget these tasks."""
        for name in self._obsolete_outputs():
            (self.root / name).unlink(missing_ok=True)
        with self._database:
            self._database.execute("BEGIN")
            self._database.execute(f"DELETE FROM journal.outcomes WHERE task IN ({_OBSOLETE_IDS})")
            self._database.execute(f"DELETE FROM journal.tasks WHERE fingerprint IN ({_OBSOLETE})")

    def _obsolete_outputs(self) -> Iterator[str]:
        """Names that no outcome of the worklist has."""
        query = f"""
            SELECT image, mask FROM journal.outcomes WHERE reason = '' AND task IN ({_OBSOLETE_IDS})
            AND NOT EXISTS (SELECT 1 FROM results WHERE output = outcomes.image AND reason = '')
        """
        for names in self._database.execute(query):
            yield from names

    def _forget(self, fingerprint: str) -> None:
        of_it = "SELECT id FROM journal.tasks WHERE fingerprint = ?"
        self._database.execute(
            f"DELETE FROM journal.outcomes WHERE task = ({of_it})", (fingerprint,)
        )
        self._database.execute("DELETE FROM journal.tasks WHERE fingerprint = ?", (fingerprint,))


def _open(database: sqlite3.Connection, path: Path) -> None:
    """Attach the journal; what a damaged one says does not count."""
    if not _attach(database, path):
        if "journal" in {name for _, name, _ in database.execute("PRAGMA database_list")}:
            database.execute("DETACH journal")
        for name in (path.name, f"{path.name}-wal"):
            path.with_name(name).unlink(missing_ok=True)
        _attach(database, path)
    (version,) = database.execute("PRAGMA journal.user_version").fetchone()
    if version == 0:
        database.executescript(f"BEGIN; {_TABLES} COMMIT;")
    elif version != _VERSION:
        raise DataError(
            f"{path} was written by another ecgan; choose a new folder or delete this one"
        )
    _join(database)


def _attach(database: sqlite3.Connection, path: Path) -> bool:
    """Whether the file, new or not, is sound."""
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


def _join(database: sqlite3.Connection) -> None:
    """What became of each item of the worklist."""
    columns = ", ".join(f"o.{name}" for name in _COLUMNS)
    database.execute(f"""
        CREATE TEMP VIEW results AS SELECT items.image AS output, items.number, {columns}
        FROM main.items CROSS JOIN main.tasks ON tasks.task = items.task
        CROSS JOIN journal.tasks AS done ON done.fingerprint = tasks.fingerprint
        CROSS JOIN journal.outcomes AS o ON o.task = done.id AND o.place = items.place
    """)


def _row(outcome: Outcome) -> tuple[object, ...]:
    return tuple({**vars(outcome), "landmarks": outcome.landmarks.tobytes()}.values())


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256
