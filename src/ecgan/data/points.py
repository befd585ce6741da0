"""Landmarks of many images at once: what 68 pairs of numbers say, in a sixth of their memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Self, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Points(Sequence[tuple[float, float]]):
    """Points (x, y), immutable and exact; equal to the tuple of the same pairs."""

    __slots__ = ("_values",)

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        self._values = array("d", (float(value) for x, y in points for value in (x, y)))

    @classmethod
    def frombytes(cls, data: bytes) -> Self:
        """The points of which `tobytes` gave these bytes."""
        points = cls(())
        points._values.frombytes(data)
        return points

    def tobytes(self) -> bytes:
        """x and y of each point as float64, in the machine's byte order."""
        return self._values.tobytes()

    def __len__(self) -> int:
        return len(self._values) // 2

    @overload
    def __getitem__(self, place: int) -> tuple[float, float]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[float, float], ...]: ...
    def __getitem__(
        self, place: int | slice
    ) -> tuple[float, float] | tuple[tuple[float, float], ...]:
        if isinstance(place, slice):
            return tuple(self)[place]
        place = range(len(self))[place]
        return self._values[2 * place], self._values[2 * place + 1]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._values, dtype=dtype or np.float64).reshape(-1, 2)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Points | tuple):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Points({list(self)})"
