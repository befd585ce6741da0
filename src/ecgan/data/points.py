"""Landmarks of many images at once, in the manifest that holds them."""

from __future__ import annotations

import json
import os
import re
import weakref
import zlib
from array import array
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ecgan.errors import DataError

Points = Sequence[tuple[float, float]]
"""x, y of each."""
NUM_LANDMARKS = 68
_NUMBER = r"-?(?:0|[1-9]\d{0,9})\.(?:\d{0,3}[1-9]|0)"
_PAIR = rf"\[{_NUMBER}, {_NUMBER}\]"
PLAIN = re.compile(rf'"landmarks": (\[(?:{_PAIR}, ){{{NUM_LANDMARKS - 1}}}+{_PAIR}\])')
"""Landmarks in a line as `json.dumps` writes numbers with up to four decimals: finite, and equal
only where their text is. Ten times quicker than parsing."""


class StoredPoints(Sequence[tuple[float, float]]):
    """Points (x, y) that stay in their line of a file and are read there whenever they are asked
    for; equal to the tuple of the same pairs.

    Every use may raise DataError: the file has been changed in place.
    """

    __slots__ = ("_lines", "_number")

    def __init__(self, lines: Lines, number: int) -> None:
        self._lines = lines
        self._number = number

    def _pairs(self) -> list[list[float]]:
        pairs: list[list[float]] = json.loads(self._lines.text(self._number))["landmarks"]
        return pairs

    def __len__(self) -> int:
        return len(self._pairs())

    @overload
    def __getitem__(self, place: int) -> tuple[float, float]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[float, float], ...]: ...
    def __getitem__(
        self, place: int | slice
    ) -> tuple[float, float] | tuple[tuple[float, float], ...]:
        return tuple((float(x), float(y)) for x, y in self._pairs())[place]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._pairs(), dtype=dtype or np.float64)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredPoints | tuple):
            return NotImplemented
        return self[:] == other[:]

    def __hash__(self) -> int:
        return hash(self[:])

    def __reduce__(self) -> tuple[type, tuple[Points]]:
        return tuple, (self[:],)  # copies leave the file behind


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
