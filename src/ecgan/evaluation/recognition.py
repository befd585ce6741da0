"""VGG score of the paper (Sec. 4): does a recogniser see the expression that was asked for?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ecgan.evaluation.bootstrap import Interval, PeopleMeans
from ecgan.evaluation.groups import Groups

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


class RecognitionScores:
    """Collects `recognition` batch by batch, by expression."""

    def __init__(self) -> None:
        self._probability = PeopleMeans()
        self._correct = PeopleMeans()

    def update(
        self,
        probabilities: Probabilities,
        asked: Labels,
        expressions: Sequence[str],
        people: Sequence[str],
    ) -> None:
        """Add a batch.

        Args:
            probabilities: of the recogniser.
            asked: positions in its vocabulary.
            expressions: the name under which each image is counted.
            people: the person in each image.
        """
        result = recognition(probabilities, asked)
        self._probability.add(expressions, people, result.probability.tolist())
        self._correct.add(expressions, people, result.correct.tolist())

    def compute(self, *, seed: int = 0) -> dict[str, dict[str, Interval]]:
        """`mean_probability` and `accuracy`, each by expression and for `all`.

        Raises:
            ValueError: nothing was added.
        """
        return {
            "mean_probability": self._probability.compute(seed=seed),
            "accuracy": self._correct.compute(seed=seed),
        }

    def by_people(self, groups: Groups, *, seed: int = 0) -> dict[str, dict[str, Interval]]:
        """`accuracy` of each group of people, by grouping."""
        return {
            column: self._correct.by_people(group_of, seed=seed)
            for column, group_of in groups.items()
        }
