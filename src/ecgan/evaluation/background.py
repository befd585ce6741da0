"""How far a result departs from its source where nothing may change: outside the face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgan.evaluation.bootstrap import Interval, mean_over_people


@dataclass(frozen=True)
class OutsideChange:
    """Of one picture, in grey levels of 255."""

    mean: float
    largest: float
    pixels: int
    """Number of pixels outside the mask."""


def change_outside(
    result: NDArray[np.uint8], source: NDArray[np.uint8], mask: NDArray[np.uint8]
) -> OutsideChange:
    """Mean (and largest) absolute difference where the mask is 0.

    Args:
        result: (height, width, 3).
        source: the same shape.
        mask: (height, width), above 0 wherever the result may differ.

    Raises:
        ValueError: the shapes differ.
    """
    if result.shape != source.shape or mask.shape != source.shape[:2]:
        raise ValueError(
            "expected result, source and mask of one size, got "
            f"{result.shape}, {source.shape} and {mask.shape}"
        )
    outside = mask == 0
    difference = np.abs(result[outside].astype(np.int16) - source[outside].astype(np.int16))
    if not difference.size:
        return OutsideChange(0.0, 0.0, 0)
    return OutsideChange(float(difference.mean()), float(difference.max()), int(outside.sum()))


class OutsideScores:
    """Collects `change_outside` picture by picture."""

    def __init__(self) -> None:
        self._means: list[float] = []
        self._largest = 0.0
        self._people: list[str] = []

    def update(self, changes: Sequence[OutsideChange], people: Sequence[str]) -> None:
        """Add pictures; `people` names the person in each."""
        if len(changes) != len(people):
            raise ValueError(f"got {len(changes)} pictures of {len(people)} people")
        self._means += [change.mean for change in changes]
        self._largest = max([self._largest, *(change.largest for change in changes)])
        self._people += people

    @property
    def largest(self) -> float:
        """The largest change of any pixel of any picture."""
        return self._largest

    def compute(self, *, seed: int = 0) -> Interval:
        """The mean over pictures with its interval over people.

        Raises:
            ValueError: nothing was added.
        """
        return mean_over_people(self._means, self._people, seed=seed)
