"""Tables of any length that take a few MiB of memory: SQLite in a private temporary file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Self

_CACHE_KIB = 1024


def temporary_database() -> sqlite3.Connection:
    """A database in a file without a name, which is gone with the connection or the process.

    It lies where SQLite finds room for it: SQLITE_TMPDIR, TMPDIR, /var/tmp or /tmp.
    """
    connection = sqlite3.connect("", isolation_level=None)
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


class DiskDict(MutableMapping[str, str]):
    """A dict of texts outside of memory; keys come in the order of their first insertion.

    It must not change while its keys or items are iterated.
    """

    def __init__(self) -> None:
        self._database = temporary_database()
        self._database.execute(
            "CREATE TABLE texts (number INTEGER PRIMARY KEY, key TEXT UNIQUE, value TEXT)"
        )

    @classmethod
    def fromkeys(cls, keys: Iterable[str]) -> Self:
        """A set of texts: all values are empty."""
        made = cls()
        made._database.execute("BEGIN")
        made._database.executemany(
            "INSERT OR IGNORE INTO texts (key, value) VALUES (?, '')", ((key,) for key in keys)
        )
        made._database.execute("COMMIT")
        return made

    def __getitem__(self, key: str) -> str:
        row = self._database.execute("SELECT value FROM texts WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return str(row[0])

    def __setitem__(self, key: str, value: str) -> None:
        self._database.execute(
            "INSERT INTO texts (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def __delitem__(self, key: str) -> None:
        if not self._database.execute("DELETE FROM texts WHERE key = ?", (key,)).rowcount:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        for (key,) in self._database.execute("SELECT key FROM texts ORDER BY number"):
            yield key

    def __len__(self) -> int:
        (count,) = self._database.execute("SELECT COUNT(*) FROM texts").fetchone()
        return int(count)
