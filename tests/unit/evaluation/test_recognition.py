"""The VGG score on probabilities that can be checked by hand."""

import pytest
import torch

from ecgan.evaluation.bootstrap import Figures
from ecgan.evaluation.recognition import add_recognition, recognition

PROBABILITIES = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.5, 0.4]])


def test_probability_and_accuracy_by_hand() -> None:
    result = recognition(PROBABILITIES, torch.tensor([0, 1, 2]))
    assert result.probability.tolist() == pytest.approx([0.7, 0.6, 0.4])
    assert result.correct.tolist() == [True, True, False]


def test_batches_do_not_matter() -> None:
    asked, names = torch.tensor([0, 1, 2]), ["happy", "sad", "sad"]
    people = ["anna", "anna", "ben"]
    whole, parts = Figures(), Figures()
    add_recognition(whole, PROBABILITIES, asked, names, people)
    for i in range(3):
        part = slice(i, i + 1)
        add_recognition(parts, PROBABILITIES[part], asked[part], names[part], people[part])
    assert whole.compute() == parts.compute()
    scores = whole.compute()
    assert scores["accuracy"]["sad"].value == 0.5
    assert scores["mean_probability"]["all"].value == pytest.approx(1.7 / 3)
    assert list(scores["accuracy"]) == ["happy", "sad", "all"]


def test_refuses_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="labels"):
        recognition(PROBABILITIES, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="labels must lie"):
        recognition(PROBABILITIES, torch.tensor([0, 1, 3]))
    with pytest.raises(ValueError, match="labels"):
        add_recognition(Figures(), PROBABILITIES, torch.tensor([0]), ["happy"], ["anna"])
