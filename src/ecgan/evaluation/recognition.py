"""VGG score of the paper (Sec. 4): does a recogniser see the expression that was asked for?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ecgan.evaluation.bootstrap import Interval, mean_over_people

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


@dataclass(frozen=True)
class RecognitionScore:
    """Means over images, intervals over people."""

    mean_probability: Interval
    accuracy: Interval


class RecognitionScores:
    """Collects `recognition` batch by batch, by expression."""

    def __init__(self) -> None:
        self._probability: dict[str, list[float]] = defaultdict(list)
        self._correct: dict[str, list[float]] = defaultdict(list)
        self._people: dict[str, list[str]] = defaultdict(list)

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
        rows = zip(
            expressions, people, result.probability.tolist(), result.correct.tolist(), strict=True
        )
        for expression, person, probability, correct in rows:
            self._people[expression].append(person)
            self._probability[expression].append(probability)
            self._correct[expression].append(float(correct))

    def compute(self, *, seed: int = 0) -> dict[str, RecognitionScore]:
        """Scores by expression in the order of arrival, then `all` images together.

        Raises:
            ValueError: nothing was added.
        """
        if not self._people:
            raise ValueError("no images were scored")
        scores = {name: self._score([name], seed) for name in self._people}
        return {**scores, "all": self._score(list(self._people), seed)}

    def _score(self, names: Sequence[str], seed: int) -> RecognitionScore:
        people = [person for name in names for person in self._people[name]]
        probability = [value for name in names for value in self._probability[name]]
        correct = [value for name in names for value in self._correct[name]]
        return RecognitionScore(
            mean_over_people(probability, people, seed=seed),
            mean_over_people(correct, people, seed=seed),
        )
