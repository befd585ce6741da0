"""What is done, one JSON line each: a line is on disk before it counts, and no crash takes it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ecgan.errors import DataError


class Ledger:
    """A file of JSON lines that one process at a time appends to."""

    def __init__(self, path: Path, command: str) -> None:
        """Open for adding; a last line that a crash cut short is taken out.

        Args:
            path: of the file, which need not be there.
            command: what writes such files, for the message to who comes second.

        Raises:
            DataError: another process has it open.
        """
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise DataError(f"{path} is in use by another `{command}`; stop that first") from None
        self._end = len(_whole_lines(path))
        os.ftruncate(self._file, self._end)

    def add(self, values: Mapping[str, Any]) -> None:
        """Append a line and wait for the disk.

        Raises:
            OSError: the disk did not take it; the file is as before.
        """
        line = (json.dumps(values) + "\n").encode()
        try:
            written = os.pwrite(self._file, line, self._end)
            if written != len(line):
                raise OSError(f"wrote {written} of {len(line)} bytes")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end += len(line)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def read_ledger(path: Path, take: Callable[[dict[str, Any]], object]) -> None:
    """Give each line to `take`, in order; none where there is no file. A last line that a crash cut
    short was never on disk as a whole and is left out.

    Raises:
        DataError: another line is damaged, or `take` raises a ValueError, TypeError or KeyError.
    """
    for number, line in enumerate(_whole_lines(path).splitlines(), start=1):
        try:
            values = json.loads(line)
            if not isinstance(values, dict):
                raise TypeError(f"expected an object, got {line[:40]!r}")
            take(values)
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{path}:{number} is damaged ({type(error).__name__}: {error}); take the line out "
                "by hand, or bring the file back from a copy"
            ) from None


def _whole_lines(path: Path) -> bytes:
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]
