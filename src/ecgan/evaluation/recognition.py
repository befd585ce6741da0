"""Does a recogniser see the expression that was asked for, and more of it at more strength?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from torch import Tensor

from ecgan.evaluation.bootstrap import Figures
from ecgan.expressions import MAX_INTENSITY

Probabilities = Float[Tensor, "batch expressions"]
Labels = Int64[Tensor, " batch"]
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, MAX_INTENSITY)
TOLERANCE = 0.02
"""Of probability: how far a step may fall back."""


@dataclass(frozen=True)
class Recognition:
    """How each image of a batch was recognised."""

    probability: Float[Tensor, " batch"]
    """p(y = z | x, z): the recogniser's probability of the asked expression."""
    correct: Bool[Tensor, " batch"]
    """Whether the asked expression is the most probable one."""


def recognition(probabilities: Probabilities, asked: Labels) -> Recognition:
    """VGG score, E_x[p(y = z | x, z)], before the mean; and accuracy, which Table 2 reads like.

    Args:
        probabilities: rows that sum to one, in the recogniser's vocabulary.
        asked: position of the asked expression in that vocabulary.

    Raises:
        ValueError: the lengths differ, or a label lies outside the vocabulary.
    """
    if len(probabilities) != len(asked):
        raise ValueError(f"got {len(probabilities)} rows of probabilities for {len(asked)} labels")
    if len(asked) and not 0 <= int(asked.min()) <= int(asked.max()) < probabilities.shape[1]:
        raise ValueError(f"labels must lie in [0, {probabilities.shape[1]}), got {asked.tolist()}")
    of_asked = probabilities.gather(1, asked[:, None])[:, 0]
    return Recognition(of_asked, probabilities.argmax(dim=1) == asked)


def add_recognition(
    figures: Figures,
    probabilities: Probabilities,
    asked: Labels,
    expressions: Sequence[str],
    people: Sequence[str],
) -> None:
    """Collect `recognition` of a batch as `mean_probability` and `accuracy`.

    Args:
        figures: what they are added to.
        probabilities: of the recogniser.
        asked: positions in its vocabulary.
        expressions: the name under which each image is counted.
        people: the person in each image.
    """
    result = recognition(probabilities, asked)
    figures.add("mean_probability", expressions, people, result.probability.tolist())
    figures.add("accuracy", expressions, people, result.correct.tolist())


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
    levels = np.round(curves / tolerance) if tolerance else curves
    correlation = [_correlation(rankdata(curve), rankdata(steps)) for curve in levels]
    return Monotonicity(np.array(correlation), ~falls & rises)


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    one, two = first - first.mean(), second - second.mean()
    power = float((one @ one) * (two @ two))
    return float(one @ two) / power**0.5 if power else 0.0
