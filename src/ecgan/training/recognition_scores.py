"""How well expressions are recognised: accuracy with an interval over people, and confusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from ecgan.expressions import Vocabulary
from ecgan.seeding import numpy_generator


@dataclass(frozen=True)
class RecognitionScores:
    """Scores of one split or of one source in it."""

    num_images: int
    num_people: int
    accuracy: float
    interval: tuple[float, float]
    """95% bootstrap interval of the accuracy; whole people are drawn, not images."""
    mean_probability: float
    """Of the true expression."""
    confusion: Int[ndarray, "expressions expressions"]
    """Rows: true; columns: recognised."""

    def recall(self) -> Float[ndarray, " expressions"]:
        """Fraction recognised of every expression; nan where there is no image."""
        totals = self.confusion.sum(axis=1)
        with np.errstate(invalid="ignore"):
            recall: Float[ndarray, " expressions"] = np.diag(self.confusion) / totals
        return recall

    def as_json(self, vocabulary: Vocabulary) -> dict[str, Any]:
        recall = zip(vocabulary.names, self.recall(), strict=True)
        return {
            "images": self.num_images,
            "people": self.num_people,
            "accuracy": round(self.accuracy, 4),
            "accuracy_interval_95": [round(bound, 4) for bound in self.interval],
            "mean_probability": round(self.mean_probability, 4),
            "recall": {name: round(float(r), 4) for name, r in recall if np.isfinite(r)},
            "confusion": self.confusion.tolist(),
        }


def recognition_scores(
    probabilities: Float[ndarray, "images expressions"],
    labels: Int[ndarray, " images"],
    people: Sequence[str],
    seed: int = 0,
) -> RecognitionScores:
    """Scores of one set of images.

    Args:
        probabilities: recognised distribution of every image.
        labels: true expression of every image.
        people: subject of every image.
        seed: of the bootstrap.

    Raises:
        ValueError: no images.
    """
    if not len(labels):
        raise ValueError("recognition scores need one image at least")
    num_expressions = probabilities.shape[1]
    guesses = probabilities.argmax(axis=1)
    confusion = np.zeros((num_expressions, num_expressions), dtype=np.int64)
    np.add.at(confusion, (labels, guesses), 1)
    right = guesses == labels
    return RecognitionScores(
        num_images=len(labels),
        num_people=len(set(people)),
        accuracy=float(right.mean()),
        interval=people_interval(right.astype(np.float64), people, seed),
        mean_probability=float(probabilities[np.arange(len(labels)), labels].mean()),
        confusion=confusion,
    )


def people_interval(
    values: Float[ndarray, " images"], people: Sequence[str], seed: int = 0, draws: int = 2000
) -> tuple[float, float]:
    """95% percentile bootstrap interval of a mean when the images of one person go together
    (cluster bootstrap, Davison & Hinkley 1997, Sec. 3.8)."""
    _, person = np.unique(np.asarray(people), return_inverse=True)
    sums = np.bincount(person, weights=values)
    counts = np.bincount(person)
    drawn = numpy_generator(seed, "people").integers(len(sums), size=(draws, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
