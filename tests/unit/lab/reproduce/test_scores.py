"""Table 2 from answers that are known."""

from __future__ import annotations

import numpy as np
import pytest

from ecgan.lab.reproduce.scores import (
    Answers,
    Row,
    difference,
    stacked,
    table_2,
)

PEOPLE = ["a", "a", "b", "b"]


def answers(*seeds: tuple[int, ...]) -> Answers:
    return stacked(seeds, PEOPLE[: len(seeds[0])])


BASE = Row(
    None,
    answers((1, 0, 0, 0), (1, 1, 0, 0)),
    {"cyclegan": answers((0, 0), (0, 1)), "default": answers((1, 1), (1, 1))},
)
CYCLEGAN = Row(
    "cyclegan", answers((1, 0, 1, 0), (1, 0, 1, 0)), {"cyclegan": answers((1, 0), (1, 0))}
)
DEFAULT = Row("default", answers((1, 1, 1, 1), (1, 1, 1, 0)), {"default": answers((1, 1), (1, 0))})
TABLE = table_2([BASE, CYCLEGAN, DEFAULT], seeds=(0, 1), expressions=("neutral", "happy"))


def test_rows_are_means_over_seeds_and_images() -> None:
    original, cyclegan, default = TABLE["rows"]
    assert [row["trained_on"] for row in TABLE["rows"]] == [
        "original",
        "original + cyclegan",
        "original + default",
    ]
    assert original["tested_on_original"]["value"] == 0.375
    assert original["tested_on_original"]["n"] == 2
    assert original["tested_on_generated"] is None
    assert original["tested_on_generated_of"]["cyclegan"]["value"] == 0.25
    assert cyclegan["tested_on_original"]["value"] == 0.5
    assert default["tested_on_original"]["value"] == 0.875
    assert default["tested_on_generated"]["value"] == 0.75
    assert default["seeds"] == [
        {"seed": 0, "original": 1.0, "generated": 1.0},
        {"seed": 1, "original": 0.75, "generated": 0.5},
    ]
    assert {seed["generated"] for seed in original["seeds"]} == {None}


def test_intervals_are_over_people() -> None:
    """a has 0.75 of 0.375 and b none, so that resamples give 0, 0.375 or 0.75."""
    interval = TABLE["rows"][0]["tested_on_original"]
    assert (interval["low"], interval["high"]) == (0.0, 0.75)


def test_differences_of_every_pair_in_every_column() -> None:
    found = {
        (one["first"], one["second"], one["column"]): one["difference"]["value"]
        for one in TABLE["differences"]
    }
    assert found == {
        ("cyclegan", "original", "tested_on_original"): 0.125,
        ("default", "original", "tested_on_original"): 0.5,
        ("default", "cyclegan", "tested_on_original"): 0.375,
        ("default", "cyclegan", "tested_on_generated"): 0.25,
        ("default", "cyclegan", "trained_on_original_tested_on_generated"): 0.75,
    }


def test_a_difference_is_taken_person_by_person() -> None:
    """Both people gain as much, so the interval has no width, however different they are."""
    gain = difference(answers((1, 1, 1, 0)), answers((1, 0, 0, 0)))
    assert (gain["value"], gain["low"], gain["high"]) == (0.5, 0.5, 0.5)
    other = Answers(np.ones((1, 4)), ["a", "b", "a", "b"])
    with pytest.raises(ValueError, match="the same images"):
        difference(other, answers((1, 1, 1, 1)))


def test_points_of_curves() -> None:
    point = answers((1, 0, 1, 0), (1, 1, 1, 1)).point()
    assert (point["accuracy"]["value"], point["seeds"]) == (0.75, [0.5, 1.0])


def test_the_papers_numbers_are_marked_as_not_comparable() -> None:
    assert TABLE["paper"]["comparable"] is False
    assert TABLE["paper"]["rows"]["original + generated to original"]["paper"] == 0.7813
