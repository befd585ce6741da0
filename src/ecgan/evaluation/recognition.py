"""Does a recogniser see the expression that was asked for, and more of it at more strength?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr
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


def monotonicity(
    curve: Sequence[float],
    strengths: Sequence[float] = STRENGTHS,
    tolerance: float = TOLERANCE,
) -> dict[str, float]:
    """`intensity_correlation`, Spearman's of strength and probability, in [-1, 1], 0 for a flat
    curve; and `intensity_monotone`, 1 where the curve rises and no value lies more than the
    tolerance below an earlier one.

    Changes within the tolerance count as none where the curve has reached its end: probabilities
    are rounded to multiples of it before they are ranked.

    Args:
        curve: probability of the asked expression at each strength, in [0, 1].
        strengths: rising.
        tolerance: in probability.

    Raises:
        ValueError: another length, fewer than two strengths, or strengths that do not rise.
    """
    values, steps = np.asarray(curve, dtype=np.float64), np.asarray(strengths, dtype=np.float64)
    if values.shape != steps.shape or len(steps) < 2:
        raise ValueError(
            f"expected a curve of {len(steps)} strengths (two at least), got shape {values.shape}"
        )
    if (np.diff(steps) <= 0).any():
        raise ValueError(f"expected strengths that rise, got {list(strengths)}")
    falls = (np.maximum.accumulate(values) - values > tolerance).any()
    rises = values[-1] - values[0] > tolerance
    levels = np.round(values / tolerance) if tolerance else values
    flat = (levels == levels[0]).all()
    correlation = 0.0 if flat else float(spearmanr(steps, levels).statistic)
    return {
        "intensity_monotone": float(rises and not falls),
        "intensity_correlation": correlation,
    }
