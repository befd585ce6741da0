"""How far a result departs from its source where nothing may change: outside the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
