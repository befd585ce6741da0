"""Recipes of action units: complete, in range, and each person's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS, MAX_INTENSITY
from ecgan.lab.drawn.people import ACTION_UNITS, RECIPES, perform

DOCS = Path(__file__).parents[4] / "docs/drawn.md"


def test_every_expression_has_a_recipe_of_known_action_units() -> None:
    assert tuple(RECIPES) == EXPRESSIONS
    for name, recipe in RECIPES.items():
        assert bool(recipe.core) == (name != "neutral")
        assert len(recipe.variants) == (1 if name == "neutral" else 4)
        for levels in (recipe.core, *recipe.variants):
            assert set(levels) <= set(ACTION_UNITS)
            assert all(0 < level <= 1 for level in levels.values())


def test_no_two_expressions_share_their_core() -> None:
    cores = [frozenset(recipe.core) for recipe in RECIPES.values()]
    assert len(set(cores)) == len(cores)


def test_the_documented_tables_are_the_recipes() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name, recipe in RECIPES.items():
        core, ways = re.search(rf"^\| {name} \| (.*?) \| (.*?) \|$", text, re.M).groups()  # type: ignore[union-attr]
        assert _levels(core) == dict(recipe.core)
        assert [_levels(way) for way in ways.split("; or ")] == [dict(v) for v in recipe.variants]
    for unit, meaning in ACTION_UNITS.items():
        assert re.search(rf"^\| {unit} \| {meaning} \|", text, re.M), unit


def _levels(text: str) -> dict[int, float]:
    return {int(unit): float(level) for unit, level in re.findall(r"AU(\d+) ([\d.]+)", text)}


def test_levels_grow_in_proportion_to_the_intensity() -> None:
    weak, strong = (perform(3, 8, "fear", intensity) for intensity in (0.5, 1.0))
    for side in (-1, 1):
        for unit in strong.left:
            assert weak(unit, side) == pytest.approx(0.5 * strong(unit, side))
    assert not perform(3, 8, "fear", 0.0).left[5]


def test_people_differ_more_than_takes_of_one() -> None:
    first, again = perform(0, 1, "fear", 1.0, 0), perform(0, 1, "fear", 1.0, 1)
    assert perform(0, 1, "fear", 1.0, 0) == first
    assert set(first.left) == set(again.left)
    assert first != again

    def distance(person: int, take: int) -> float:
        other = perform(0, person, "fear", 1.0, take)
        return sum(abs(other(unit) - first(unit)) for unit in ACTION_UNITS)

    takes = [distance(1, take) for take in range(1, 9)]
    others = [distance(person, 0) for person in range(2, 10)]
    assert sum(others) > 2 * sum(takes) > 0


def test_faces_are_not_symmetric() -> None:
    action = perform(0, 1, "happy", 1.0)
    assert action(12, -1) != action(12, 1)
    assert action(12) == pytest.approx((action(12, -1) + action(12, 1)) / 2)
    assert action.levels()[12] == round(action(12), 3)


@pytest.mark.parametrize(
    ("expression", "intensity", "words"),
    [("wink", 1.0, "cannot draw 'wink'"), ("sad", -0.1, "0 to 1.2"), ("sad", 1.3, "got 1.3")],
)
def test_refusals(expression: str, intensity: float, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        perform(0, 0, expression, intensity)
    assert MAX_INTENSITY == 1.2
