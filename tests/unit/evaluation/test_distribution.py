"""Distances between sets of features, and what they do with odd input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgan.evaluation.distribution import (
    frechet_distance,
    frechet_distance_of,
    inception_score,
    kernel_distance,
    kernel_distance_of_subsets,
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
    joined = np.vstack([one, two])
    indices = np.arange(n + m)
    again = frechet_distance_of(joined @ joined.T, indices[:n], indices[n:])
    assert again == pytest.approx(found, abs=1e-8)


def test_kid_has_no_bias() -> None:
    found = [kernel_distance(rows(2 * s, 20, 8), rows(2 * s + 1, 20, 8)) for s in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / 300**0.5
    assert min(found) < 0


def test_subsets_tell_their_error() -> None:
    one, two = rows(0, 60, 4), rows(1, 60, 4, 1.0)
    found = kernel_distance_of_subsets(one, two, size=20, subsets=50, seed=3)
    assert found == kernel_distance_of_subsets(one, two, size=20, subsets=50, seed=3)
    assert abs(found.value - kernel_distance(one, two)) < 4 * found.standard_error
    assert kernel_distance_of_subsets(one, two, subsets=3).standard_error == pytest.approx(0)


def test_the_inception_score_runs_from_one_to_the_number_of_classes() -> None:
    assert inception_score(np.full((6, 3), 1 / 3)).value == pytest.approx(1)
    assert inception_score(np.eye(3)[[0, 1, 2] * 2]).value == pytest.approx(3)
    parts = inception_score(np.eye(4)[[0, 0, 1, 2]], splits=2)
    assert (parts.value, parts.standard_error) == (pytest.approx(1.5), pytest.approx(0.5))


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
    with pytest.raises(ValueError, match="one subset"):
        kernel_distance_of_subsets(rows(0, 4, 2), rows(1, 4, 2), subsets=0)
