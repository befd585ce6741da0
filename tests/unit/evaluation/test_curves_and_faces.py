"""Two-sample test, intensity monotonicity and landmark validity."""

import numpy as np
import pytest
from support.tiny_models import astronaut_points

from ecgan.evaluation.landmark_validity import (
    eye_distance,
    face_in_place,
    landmark_error,
)
from ecgan.evaluation.monotonicity import monotonicity
from ecgan.evaluation.two_sample import classifier_two_sample_test

PEOPLE = [str(person) for person in range(20) for _ in range(3)]


def rows(seed: int, shift: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (60, 100))


def test_alike_sets_cannot_be_told_apart_and_others_can() -> None:
    alike = classifier_two_sample_test(rows(0, 0), rows(1, 0), PEOPLE, PEOPLE)
    assert alike.low is not None
    assert alike.high is not None
    assert alike.low < 0.5 < alike.high
    assert classifier_two_sample_test(rows(0, 0), rows(1, 1.0), PEOPLE, PEOPLE).value > 0.95


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
        classifier_two_sample_test(rows(0, 0), rows(1, 0), ["a"] * 60, ["a"] * 60)
    with pytest.raises(ValueError, match="person of each image"):
        classifier_two_sample_test(rows(0, 0), rows(1, 0), PEOPLE[1:], PEOPLE)


def test_curves_that_rise_fall_and_stay() -> None:
    curves = [
        [0.0, 0.2, 0.5, 0.9, 0.995, 0.99],
        [0.0, 0.2, 0.5, 0.4, 0.9, 0.99],
        [0.9, 0.7, 0.5, 0.3, 0.2, 0.1],
        [0.3] * 6,
    ]
    found = monotonicity(curves)
    assert found.monotone.tolist() == [True, False, False, False]
    assert found.rank_correlation[0] > 0.95
    assert found.rank_correlation[2] == pytest.approx(-1)
    assert found.rank_correlation[3] == 0


def test_a_slow_fall_counts_as_a_whole() -> None:
    assert not monotonicity([[0.1, 0.9, 0.885, 0.87, 0.855, 0.84]]).monotone[0]


def test_curves_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="curves of 2 strengths"):
        monotonicity([[0.1, 0.2, 0.3]], (0, 1))
    with pytest.raises(ValueError, match="rise"):
        monotonicity([[0.1, 0.2]], (1, 0))


def test_a_face_counts_where_it_is_expected() -> None:
    points = astronaut_points().astype(np.float64)
    unit = eye_distance(points)
    near, far = points + np.array([0.2 * unit, 0]), points + np.array([0.3 * unit, 0])
    assert face_in_place([far, near], points) is near
    assert face_in_place([far], points) is None
    assert face_in_place([], points) is None
    assert landmark_error(near, points) == pytest.approx(0.2)
