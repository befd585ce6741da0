"""Distances between sets of features, and what they do with odd input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgan.evaluation.bootstrap import Samples
from ecgan.evaluation.distances import (
    feature_distances,
    frechet_distance,
    inception_score,
    kernel_distance,
)


def rows(seed: int, count: int, features: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (count, features))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(2, 12), st.integers(2, 12), st.integers(1, 9))
def test_fid_is_symmetric_and_zero_for_the_same(seed: int, n: int, m: int, features: int) -> None:
    one, two = rows(seed, n, features), rows(seed + 1, m, features, 0.5)
    found = frechet_distance(one, two)
    assert found == pytest.approx(frechet_distance(two, one), abs=1e-9)
    assert found > -1e-9
    assert frechet_distance(one, one[::-1]) == pytest.approx(0, abs=1e-9)


def test_kid_has_no_bias() -> None:
    found = [kernel_distance(rows(2 * s, 20, 8), rows(2 * s + 1, 20, 8)) for s in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 300**0.5
    assert min(found) < 0


def test_the_inception_score_runs_from_one_to_the_number_of_classes() -> None:
    assert inception_score(np.full((6, 3), 1 / 3)) == pytest.approx(1)
    assert inception_score(np.eye(3)[[0, 1, 2] * 2]) == pytest.approx(3)
    assert inception_score(np.eye(4)[[0, 0, 1, 2]], splits=2) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("one", "two"),
    [((5, 3), (5, 4)), ((1, 3), (5, 3)), ((5,), (5, 3))],
)
def test_other_shapes_are_refused(one: tuple[int, ...], two: tuple[int, ...]) -> None:
    for distance in (frechet_distance, kernel_distance):
        with pytest.raises(ValueError, match="expected two sets"):
            distance(np.zeros(one), np.zeros(two))


def test_odd_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        frechet_distance(np.full((3, 2), np.nan), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="sum to one"):
        inception_score(np.ones((3, 2)))
    with pytest.raises(ValueError, match="4 at least"):
        inception_score(np.ones((3, 1)), splits=4)


def features(seed: int, shift: float, groups: tuple[str, ...] = ("happy", "sad")) -> Samples:
    collected = Samples()
    for group in groups:
        people = [str(person) for person in range(8) for _ in range(3)]
        values = rows(seed, 24, 30, shift)
        collected.add([group] * 24, people, values)
    return collected


def test_distances_by_group_with_intervals_over_people() -> None:
    made, real = features(0, 0.4), features(1, 0.0, ("happy", "sad", "angry"))
    found = feature_distances(made, real, seed=1)
    assert set(found) == {"fid", "kid"}
    assert list(found["fid"]) == ["happy", "sad", "all"]
    expected = frechet_distance(made.select(["happy"])[0], real.select(["happy"])[0])
    happy = found["fid"]["happy"]
    assert happy.value == pytest.approx(expected)
    assert (happy.people, happy.images, found["fid"]["all"].images) == (8, 24, 48)
    for figure in found.values():
        for interval in figure.values():
            assert interval.low is not None
            assert interval.high is not None
            assert interval.low < interval.value < interval.high
    assert found == feature_distances(made, real, seed=1)


def test_nothing_to_compare_gives_nothing() -> None:
    assert feature_distances(features(0, 0, ("happy",)), features(1, 0, ("sad",))) == {}


def test_one_person_has_no_interval() -> None:
    made, real = Samples(), Samples()
    for collected, seed in ((made, 0), (real, 1)):
        collected.add(["sad"] * 3, ["a"] * 3, rows(seed, 3, 4))
    assert feature_distances(made, real)["kid"]["sad"].low is None
