"""VGG score of the paper (Sec. 4): does a recogniser see the expression that was asked for?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ecgan.evaluation.bootstrap import Figures

Probabilities = Float[Tensor, "batch expressions"]
Labels = Int64[Tensor, " batch"]


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
