"""Landmarks smoothed in time: still ones become steady, moving ones keep up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_CUTOFF_HZ = 1.0
"""Of a landmark at rest."""
CUTOFF_BY_SPEED = 3.0
"""Hz more for each eye distance per second."""
SPEED_CUTOFF_HZ = 2.0
"""Of the speed itself."""


class OneEuroFilter:
    """Low-pass filter whose cutoff rises with the speed (Casiez, Roussel & Vogel 2012, One Euro
    Filter), for the points of one face as they come. Points that do not change stay exactly."""

    def __init__(self) -> None:
        self._time = 0.0
        self._given: NDArray[np.float64] | None = None
        self._value: NDArray[np.float64] = np.zeros((0, 2))
        self._speed: NDArray[np.float64] = np.zeros((0, 2))

    def __call__(self, points: NDArray[Any], time: float, unit_px: float) -> NDArray[np.float64]:
        """The smoothed points.

        Args:
            points: (n, 2) in pixels.
            time: in seconds, later than that of the call before.
            unit_px: an eye distance in pixels.
        """
        points = np.array(points, np.float64)
        if self._given is None:
            self._value, self._speed = points, np.zeros(points.shape)
        else:
            step = max(time - self._time, 1e-4)
            speed = (points - self._given) / (step * unit_px)
            self._speed = self._speed + _share(SPEED_CUTOFF_HZ, step) * (speed - self._speed)
            fast = np.linalg.norm(self._speed, axis=1, keepdims=True)
            share = _share(LEAST_CUTOFF_HZ + CUTOFF_BY_SPEED * fast, step)
            self._value = self._value + share * (points - self._value)
        self._given, self._time = points, time
        return self._value


def _share(cutoff: NDArray[np.float64] | float, step: float) -> NDArray[np.float64]:
    """alpha of the filter: how far a value goes towards a new one."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * cutoff * step)))


def smoothed(
    points: Sequence[NDArray[Any]], times: Sequence[float], units_px: Sequence[float]
) -> list[NDArray[np.float32]]:
    """Points of a whole track without lag: the mean of the filter forwards, which lags behind, and
    backwards, which runs ahead by as much."""
    one, other = OneEuroFilter(), OneEuroFilter()
    given = list(zip(points, times, units_px, strict=True))
    forwards = [one(*step) for step in given]
    backwards = [other(where, -time, unit) for where, time, unit in reversed(given)]
    return [
        ((a + b) / 2).astype(np.float32) for a, b in zip(forwards, reversed(backwards), strict=True)
    ]
