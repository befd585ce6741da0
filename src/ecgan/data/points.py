"""Landmarks of many images at once, in memory or in the manifest that holds them."""

from __future__ import annotations

import json
import os
import re
import weakref
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ecgan.errors import DataError

NUM_LANDMARKS = 68
_NUMBER = r"-?(?:0|[1-9]\d{0,9})\.(?:\d{0,3}[1-9]|0)"
_PAIR = rf"\[{_NUMBER}, {_NUMBER}\]"
PLAIN = re.compile(rf'"landmarks": (\[(?:{_PAIR}, ){{{NUM_LANDMARKS - 1}}}+{_PAIR}\])')
"""Landmarks in a line as `json.dumps` writes numbers with up to four decimals: finite, and equal
only where their text is. Ten times quicker than parsing."""


class Points(Sequence[tuple[float, float]]):
    """Points (x, y), immutable and exact; equal to the tuple of the same pairs, in a sixth of its
    memory."""

    __slots__ = ("_kept",)

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        self._kept = array("d", (float(value) for x, y in points for value in (x, y)))

    @staticmethod
    def frombytes(data: bytes) -> Points:
        """The points of which `tobytes` gave these bytes."""
        points = Points(())
        points._kept.frombytes(data)
        return points

    def _values(self) -> array[float]:
        """x and y of each point."""
        return self._kept

    def tobytes(self) -> bytes:
        """x and y of each point as float64, in the machine's byte order."""
        return self._values().tobytes()

    def __len__(self) -> int:
        return len(self._values()) // 2

    @overload
    def __getitem__(self, place: int) -> tuple[float, float]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[float, float], ...]: ...
    def __getitem__(
        self, place: int | slice
    ) -> tuple[float, float] | tuple[tuple[float, float], ...]:
        values = self._values()
        if isinstance(place, slice):
            return tuple(zip(values[::2], values[1::2], strict=True))[place]
        place = range(len(values) // 2)[place]
        return values[2 * place], values[2 * place + 1]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._values(), dtype=dtype or np.float64).reshape(-1, 2)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Points | tuple):
            return NotImplemented
        return self[:] == other[:]

    def __hash__(self) -> int:
        return hash(self[:])

    def __repr__(self) -> str:
        return f"Points({list(self[:])})"


class StoredPoints(Points):
    """Points that stay in their line of a file and are read there whenever they are asked for.

    Every use may raise DataError: the file has been changed in place.
    """

    __slots__ = ("_lines", "_number")

    def __init__(self, lines: Lines, number: int) -> None:
        self._lines = lines
        self._number = number

    def _values(self) -> array[float]:
        return flat(json.loads(self._lines.text(self._number))["landmarks"])

    def __reduce__(self) -> tuple[Callable[[bytes], Points], tuple[bytes]]:
        return Points.frombytes, (self.tobytes(),)  # copies leave the file behind


class Lines:
    """Lines of an open file by number; safe to share between threads and processes. What replaces
    the file under its name later does not matter."""

    def __init__(self, handle: int, name: str) -> None:
        """`handle`: of the file, which this object closes in the end; `name`: for messages."""
        self._handle = handle
        self._name = name
        self._starts = array("q", [0])
        self._sums = array("I")
        weakref.finalize(self, os.close, handle).atexit = False

    def __len__(self) -> int:
        return len(self._starts) - 1

    def append(self, line: bytes) -> None:
        """This is the next line, its end included."""
        self._starts.append(self._starts[-1] + len(line))
        self._sums.append(zlib.crc32(line))

    def text(self, number: int) -> str:
        """Of a line, counted from 0."""
        start, end = self._starts[number : number + 2]
        try:
            line = os.pread(self._handle, end - start, start)
        except OSError:
            line = b""
        if zlib.crc32(line) != self._sums[number]:
            raise DataError(
                f"{self._name} changed while it was in use; leave it as it is and run again"
            )
        return line.decode()


def flat(points: Iterable[Iterable[float]]) -> array[float]:
    """The numbers of pairs in a row; raises TypeError where one is none."""
    return array("d", chain.from_iterable(points))
