"""Does a recogniser see the expression that was asked for, and more of it at more strength?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from torch import Tensor

from ecgan.expressions import MAX_INTENSITY

Probabilities = Float[Tensor, "batch expressions"]
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, MAX_INTENSITY)
TOLERANCE = 0.02
"""Of probability: how far a step may fall back."""


def recognition(probabilities: Probabilities, asked: Sequence[int]) -> list[dict[str, float]]:
    """Of each image `mean_probability`, p(y = z | x, z) of the asked expression, whose mean is the
    VGG score; and `accuracy`, 1 where it is the most probable one, which Table 2 reads like.

    Args:
        probabilities: rows that sum to one, in the recogniser's vocabulary.
        asked: position of the asked expression in that vocabulary.

    Raises:
        ValueError: the lengths differ, or a label lies outside the vocabulary.
    """
    if len(probabilities) != len(asked):
        raise ValueError(f"got {len(probabilities)} rows of probabilities for {len(asked)} labels")
    if not all(0 <= label < probabilities.shape[1] for label in asked):
        raise ValueError(f"labels must lie in [0, {probabilities.shape[1]}), got {list(asked)}")
    return [
        {"mean_probability": float(row[label]), "accuracy": float(int(row.argmax()) == label)}
        for row, label in zip(probabilities, asked, strict=True)
    ]


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
    # Spearman's is Pearson's of the ranks.
    ranks = rankdata(np.round(curves / tolerance) if tolerance else curves, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    even = rankdata(steps) - (len(steps) + 1) / 2
    power = np.sqrt((ranks**2).sum(axis=1) * (even @ even))
    correlation = np.divide(ranks @ even, power, out=np.zeros(len(curves)), where=power > 0)
    return Monotonicity(correlation, ~falls & rises)
