"""Whether a classifier can tell two sets of images apart by their features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from ecgan.evaluation.bootstrap import Interval, mean_over_people
from ecgan.evaluation.distances import Rows

FOLDS = 5
RIDGE = 0.1
"""Regularisation as a share of the mean squared length of the centred features."""


def classifier_two_sample_test(
    made: Rows,
    real: Rows,
    made_people: Sequence[str],
    real_people: Sequence[str],
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> Interval:
    """Accuracy on held-out people of a classifier of made against real (Lopez-Paz & Oquab 2017):
    0.5 where the two cannot be told apart, 1 where they always can.

    The classifier is ridge regression on +1 and -1. As many images of each set are drawn, so that
    chance is 0.5; all images of a person, made or real, lie in one fold.

    Args:
        made: (images, features).
        real: (images, features).
        made_people: the person of each made image.
        real_people: the person of each real image.
        folds: parts, of which each is tested on once; fewer where there are fewer people.
        seed: of the draw, the folds and the interval.

    Raises:
        ValueError: fewer than two people, or other shapes.
    """
    if len(made) != len(made_people) or len(real) != len(real_people) or not len(made):
        raise ValueError("expected the person of each image, and images of both sets")
    generator = np.random.default_rng(seed)
    count = min(len(made), len(real))
    chosen = [generator.choice(len(rows), count, replace=False) for rows in (made, real)]
    features = np.vstack([made[chosen[0]], real[chosen[1]]]).astype(np.float64)
    sign = np.repeat([1.0, -1.0], count)
    people = np.array([made_people[i] for i in chosen[0]] + [real_people[i] for i in chosen[1]])
    names = np.unique(people)
    if len(names) < 2:
        raise ValueError("the two-sample test needs two people at least, one to test on")
    fold_of = dict(zip(generator.permutation(names).tolist(), cycle(range(folds)), strict=False))
    fold = np.array([fold_of[str(person)] for person in people])
    correct = np.zeros(len(sign))
    for number in np.unique(fold):
        test = fold == number
        score = ridge_scores(features[~test], sign[~test], features[test])
        # A tie tells nothing and counts half.
        correct[test] = (np.sign(score) * sign[test] + 1) / 2
    return mean_over_people(correct, people.tolist(), seed=seed)


def ridge_scores(
    features: Rows, targets: NDArray[np.float64], queries: Rows, ridge: float = RIDGE
) -> NDArray[np.float64]:
    """Predictions of ridge regression with a free intercept, solved between images, of which there
    are fewer than features.

    Args:
        features: (images, features) to learn from.
        targets: (images,).
        queries: (others, features).
        ridge: times the mean squared length of a centred row is what is added to the diagonal.
    """
    centre, level = features.mean(axis=0), targets.mean()
    centred = features - centre
    gram = centred @ centred.T
    amount = max(ridge * float(np.trace(gram)) / len(gram), 1e-12)
    weights = np.linalg.solve(gram + amount * np.eye(len(gram)), targets - level)
    scores: NDArray[np.float64] = (queries - centre) @ centred.T @ weights + level
    return scores
