"""Means over images with intervals over people."""

import numpy as np
import pytest

from ecgan.evaluation.bootstrap import Figures, Samples, mean_over_people


def test_value_is_the_mean_over_images() -> None:
    interval = mean_over_people([0.0, 0.0, 0.0, 1.0], ["anna", "anna", "anna", "ben"])
    assert interval.value == 0.25
    assert (interval.people, interval.images) == (2, 4)


def test_equal_seeds_give_equal_intervals() -> None:
    values = np.random.default_rng(0).normal(size=12)
    people = [str(i // 2) for i in range(12)]
    first, again = (mean_over_people(values, people, seed=3) for _ in range(2))
    assert first == again
    assert first != mean_over_people(values, people, seed=4)


def test_images_of_one_person_do_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=10)
    names = [str(i) for i in range(10)]
    once = mean_over_people(values, names)
    copied = mean_over_people(np.repeat(values, 20), [n for n in names for _ in range(20)])
    assert once.low is not None and once.high is not None
    assert (copied.low, copied.high) == (pytest.approx(once.low), pytest.approx(once.high))
    as_if_independent = mean_over_people(np.repeat(values, 20), [str(i) for i in range(200)])
    assert as_if_independent.low is not None and as_if_independent.high is not None
    width = once.high - once.low
    assert as_if_independent.high - as_if_independent.low < width / 3


def test_interval_agrees_with_resampling_one_by_one() -> None:
    rng = np.random.default_rng(1)
    people = [str(p) for p in rng.integers(0, 8, 40)]
    values = rng.normal(size=40) + np.array([int(p) for p in people])
    found = mean_over_people(values, people, resamples=20_000)
    names = sorted(set(people))
    means = []
    for _ in range(4000):
        drawn = rng.choice(names, len(names))
        chosen = [v for n in drawn for v, p in zip(values, people, strict=True) if p == n]
        means.append(np.mean(chosen))
    low, high = np.quantile(means, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.12)
    assert found.high == pytest.approx(high, abs=0.12)


def test_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(150):
        interval = mean_over_people(rng.normal(size=40), [str(i) for i in range(40)], resamples=400)
        assert interval.low is not None and interval.high is not None
        hits += interval.low <= 0 <= interval.high
    assert 0.88 <= hits / 150 <= 0.99


def test_one_person_has_no_interval() -> None:
    interval = mean_over_people([0.2, 0.4], ["anna", "anna"])
    assert (interval.low, interval.high) == (None, None)
    assert interval.to_json()["low"] is None


@pytest.mark.parametrize(
    ("values", "people"), [([], []), ([1.0], ["a", "b"]), ([float("nan")], ["a"]), ([[1.0]], ["a"])]
)
def test_refuses_what_has_no_mean(values: list[float], people: list[str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        mean_over_people(values, people)


def test_groups_and_all_images_together() -> None:
    means = Samples()
    means.add(["sad", "happy"], ["anna", "anna"], [0.0, 1.0])
    means.add(["sad"], ["ben"], [1.0])
    found = means.compute()
    assert list(found) == ["sad", "happy", "all"]
    assert found["sad"].value == 0.5
    assert found["all"].value == pytest.approx(2 / 3)


def test_figures_are_means_by_their_names() -> None:
    figures = Figures()
    figures.add("happy", "anna", {"ssim": 0.5})
    figures.add("sad", "ben", {"ssim": 1.0, "error": 0.25})
    figures.add("sad", "anna", {"ssim": 0.0})
    found = figures.compute()
    assert list(found) == ["ssim", "error"]
    assert found["ssim"]["sad"].value == found["ssim"]["all"].value == 0.5
    assert found["error"]["all"].images == 1
    assert "ssim" in figures and "psnr_db" not in figures
    by_people = figures.by_people("ssim", {"sex": {"anna": "f", "ben": "m"}})
    assert {group: it.value for group, it in by_people["sex"].items()} == {"f": 0.25, "m": 1.0}


def test_a_group_is_the_mean_of_its_people_over_all_expressions() -> None:
    means = Samples()
    means.add(["happy", "happy", "sad", "sad"], ["ann", "bob", "ann", "eve"], [1, 0, 0, 1])
    found = means.by_people({"ann": "a", "bob": "b"})
    assert {group: interval.value for group, interval in found.items()} == {"a": 0.5, "b": 0.0}
    assert (found["a"].images, found["a"].people) == (2, 1)
