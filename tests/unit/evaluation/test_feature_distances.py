"""FID and KID by group, and the two-sample test."""

import numpy as np
import pytest
import torch

from ecgan.evaluation.bootstrap import Samples
from ecgan.evaluation.distribution import frechet_distance
from ecgan.evaluation.feature_distances import classifier_two_sample_test, feature_distances

PEOPLE = [str(person) for person in range(20) for _ in range(3)]


def rows(seed: int, count: int, features: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (count, features))


def features(seed: int, shift: float, groups: tuple[str, ...] = ("happy", "sad")) -> Samples:
    collected = Samples()
    for group in groups:
        people = [str(person) for person in range(8) for _ in range(3)]
        values = torch.from_numpy(rows(seed, 24, 30, shift))
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
        collected.add(["sad"] * 3, ["a"] * 3, torch.from_numpy(rows(seed, 3, 4)))
    assert feature_distances(made, real)["kid"]["sad"].low is None


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
