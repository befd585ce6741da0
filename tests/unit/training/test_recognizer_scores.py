"""Recognition scores on cases worked out by hand, and the interval over people."""

import numpy as np
import pytest

from ecgan.expressions import Vocabulary
from ecgan.training.recognizer_scores import (
    expected_calibration_error,
    fit_temperature,
    people_interval,
    recognition_scores,
)

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
LABELS = np.array([0, 1, 1, 0])
PEOPLE = ["a", "a", "b", "b"]


def test_scores_by_hand():
    scores = recognition_scores(PROBABILITIES, LABELS, PEOPLE)
    assert scores.accuracy == 0.5
    assert scores.mean_probability == pytest.approx((0.7 + 0.4 + 0.8 + 0.3) / 4)
    assert scores.confusion.tolist() == [[1, 0, 1], [1, 1, 0], [0, 0, 0]]
    assert (scores.num_images, scores.num_people) == (4, 2)
    np.testing.assert_allclose(scores.recall(), [0.5, 0.5, np.nan])
    report = scores.as_json(Vocabulary(("neutral", "happy", "sad")))
    assert report["recall"] == {"neutral": 0.5, "happy": 0.5}


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="one image"):
        recognition_scores(np.zeros((0, 3)), np.zeros(0, np.int64), [])


def test_the_interval_is_over_people_not_images():
    values = np.array([1.0] * 50 + [0.0] * 50)
    few = people_interval(values, ["a"] * 50 + ["b"] * 50)
    many = people_interval(values, [str(i) for i in range(100)])
    assert few == (0.0, 1.0)
    assert 0.35 < many[0] < 0.45
    assert 0.55 < many[1] < 0.65
    assert people_interval(np.ones(10), ["a", "b"] * 5) == (1.0, 1.0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random, covered = np.random.default_rng(0), 0
    people = [str(i) for i in range(30) for _ in range(4)]
    for trial in range(100):
        skill = random.beta(4, 2, 30).repeat(4)  # mean 2/3
        values = (random.random(120) < skill).astype(np.float64)
        low, high = people_interval(values, people, seed=trial, draws=400)
        covered += low <= 2 / 3 <= high
    assert 86 <= covered <= 100


def test_calibration_error_is_how_far_sure_is_from_right() -> None:
    sure = np.array([[0.8, 0.2]] * 10)
    labels = np.array([0] * 6 + [1] * 4)
    assert expected_calibration_error(sure, labels) == pytest.approx(0.2)
    right = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert expected_calibration_error(right, np.array([0, 1])) == 0
    two = np.concatenate([sure, np.array([[0.1, 0.9]] * 10)])
    both = np.concatenate([labels, np.ones(10, np.int64)])
    assert expected_calibration_error(two, both) == pytest.approx((0.2 + 0.1) / 2)


def test_temperature_makes_probabilities_as_sure_as_they_are_right() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (4000, 3))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([random.choice(3, p=p) for p in chances])
    assert fit_temperature(3 * logits, labels, ["a"] * 4000) == pytest.approx(3, rel=0.1)
    assert fit_temperature(0.5 * logits, labels, ["a"] * 4000) == pytest.approx(0.5, rel=0.1)
    # A large source that is all right does not hide a small one that is not.
    easy = np.eye(3)[labels[:3900]] * 9
    mixed = np.concatenate([easy, 3 * logits[3900:]])
    sources = ["made"] * 3900 + ["photos"] * 100
    assert fit_temperature(mixed, labels, sources) > 1.5
