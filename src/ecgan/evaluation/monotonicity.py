"""Intensity monotonicity: does more strength show more of the asked expression?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgan.expressions import MAX_INTENSITY

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, MAX_INTENSITY)
TOLERANCE = 0.02
"""Of probability: how far a step may fall back."""


@dataclass(frozen=True)
class Monotonicity:
    """Of several curves of probability over strength."""

    rank_correlation: NDArray[np.float64]
    """Spearman's, in [-1, 1]; 0 for a flat curve."""
    monotone: NDArray[np.bool_]
    """Whether no value lies more than the tolerance below an earlier one and the curve rises."""


def monotonicity(
    probabilities: ArrayLike, strengths: Sequence[float] = STRENGTHS, tolerance: float = TOLERANCE
) -> Monotonicity:
    """Rank correlation of strength and probability, and whether the curve falls nowhere.

    Changes within the tolerance count as none where the curve has reached its end: probabilities
    are rounded to multiples of it before they are ranked.

    Args:
        probabilities: (curves, strengths), of the asked expression, in [0, 1].
        strengths: rising.
        tolerance: in probability.

    Raises:
        ValueError: other shapes, fewer than two strengths, or strengths that do not rise.
    """
    curves = np.asarray(probabilities, dtype=np.float64)
    steps = np.asarray(strengths, dtype=np.float64)
    if curves.ndim != 2 or curves.shape[1] != len(steps) or len(steps) < 2:
        raise ValueError(
            f"expected curves of {len(steps)} strengths (two at least), got shape {curves.shape}"
        )
    if (np.diff(steps) <= 0).any():
        raise ValueError(f"expected strengths that rise, got {list(strengths)}")
    highest = np.maximum.accumulate(curves, axis=1)
    falls = (highest - curves > tolerance).any(axis=1)
    rises = curves[:, -1] - curves[:, 0] > tolerance
    rounded = np.round(curves / tolerance) if tolerance else curves
    correlation = np.array([_correlation(_ranks(curve), _ranks(steps)) for curve in rounded])
    return Monotonicity(correlation, ~falls & rises)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0, equal values sharing the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count) - 1
    ranks: NDArray[np.float64] = (last - (count - 1) / 2)[place]
    return ranks


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    one, two = first - first.mean(), second - second.mean()
    power = float((one @ one) * (two @ two))
    return float(one @ two) / power**0.5 if power else 0.0
