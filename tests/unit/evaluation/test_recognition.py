"""The VGG score and curves over strength on probabilities that can be checked by hand."""

import pytest
import torch

from ecgan.evaluation.bootstrap import Figures
from ecgan.evaluation.recognition import monotonicity, recognition

PROBABILITIES = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.5, 0.4]])


def test_probability_and_accuracy_by_hand() -> None:
    result = recognition(PROBABILITIES, [0, 1, 2])
    assert [one["mean_probability"] for one in result] == pytest.approx([0.7, 0.6, 0.4])
    assert [one["accuracy"] for one in result] == [1, 1, 0]


def test_batches_do_not_matter() -> None:
    asked, names = [0, 1, 2], ["happy", "sad", "sad"]
    people = ["anna", "anna", "ben"]
    whole, parts = Figures(), Figures()
    for i, figures in enumerate(recognition(PROBABILITIES, asked)):
        whole.add(names[i], people[i], figures)
        (alone,) = recognition(PROBABILITIES[i : i + 1], asked[i : i + 1])
        parts.add(names[i], people[i], alone)
    assert whole.compute() == parts.compute()
    scores = whole.compute()
    assert scores["accuracy"]["sad"].value == 0.5
    assert scores["mean_probability"]["all"].value == pytest.approx(1.7 / 3)
    assert list(scores["accuracy"]) == ["happy", "sad", "all"]


def test_refuses_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="labels"):
        recognition(PROBABILITIES, [0, 1])
    with pytest.raises(ValueError, match="labels must lie"):
        recognition(PROBABILITIES, [0, 1, 3])
    with pytest.raises(ValueError, match="labels must lie"):
        recognition(PROBABILITIES, [0, -1, 2])


def test_curves_that_rise_fall_and_stay() -> None:
    curves = [
        [0.0, 0.2, 0.5, 0.9, 0.995, 0.99],
        [0.0, 0.2, 0.5, 0.4, 0.9, 0.99],
        [0.9, 0.7, 0.5, 0.3, 0.2, 0.1],
        [0.3] * 6,
    ]
    found = [monotonicity(curve) for curve in curves]
    assert [one["intensity_monotone"] for one in found] == [1, 0, 0, 0]
    correlation = [one["intensity_correlation"] for one in found]
    assert correlation[0] > 0.95
    assert correlation[2] == pytest.approx(-1)
    assert correlation[3] == 0


def test_a_slow_fall_counts_as_a_whole() -> None:
    assert not monotonicity([0.1, 0.9, 0.885, 0.87, 0.855, 0.84])["intensity_monotone"]


def test_curves_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="a curve of 2 strengths"):
        monotonicity([0.1, 0.2, 0.3], (0, 1))
    with pytest.raises(ValueError, match="rise"):
        monotonicity([0.1, 0.2], (1, 0))
