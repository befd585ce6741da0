"""A classifier tells sets of images apart where they differ, and nothing by whom they show."""

import numpy as np
import pytest

from ecgan.lab.reproduce.two_sample import classifier_two_sample_test

PEOPLE = [str(person) for person in range(20) for _ in range(3)]


def rows(seed: int, count: int, features: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (count, features))


def test_alike_sets_cannot_be_told_apart_and_others_can() -> None:
    alike = classifier_two_sample_test(rows(0, 60, 100, 0), rows(1, 60, 100, 0), PEOPLE, PEOPLE)
    assert alike.low is not None
    assert alike.high is not None
    assert alike.low < 0.5 < alike.high
    assert (
        classifier_two_sample_test(rows(0, 60, 100, 0), rows(1, 60, 100, 1.0), PEOPLE, PEOPLE).value
        > 0.95
    )


def test_a_person_is_never_learned_and_tested() -> None:
    """Who it is tells made from real here, which helps only if the person was seen."""
    rng = np.random.default_rng(0)
    looks = {person: rng.normal(0, 10, 200) for person in set(PEOPLE)}
    made = np.array([looks[person] for person in PEOPLE]) + rng.normal(0, 0.1, (60, 200))
    sign = {person: 1.0 if int(person) % 2 else -1.0 for person in looks}
    offset = np.array([sign[person] for person in PEOPLE])[:, None] * np.eye(200)[0] * 30
    found = classifier_two_sample_test(made + offset, made - offset, PEOPLE, PEOPLE)
    assert found.value < 0.75


def test_the_two_sample_test_needs_two_people_and_names() -> None:
    with pytest.raises(ValueError, match="two people"):
        classifier_two_sample_test(rows(0, 60, 100, 0), rows(1, 60, 100, 0), ["a"] * 60, ["a"] * 60)
    with pytest.raises(ValueError, match="person of each image"):
        classifier_two_sample_test(rows(0, 60, 100, 0), rows(1, 60, 100, 0), PEOPLE[1:], PEOPLE)
