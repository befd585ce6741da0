"""Expression names, their aliases and recipes, and z."""

from __future__ import annotations

import numpy as np
import pytest

from ecgan.errors import UsageError
from ecgan.expressions import Vocabulary, canonical_expression, parse_targets

WITH_RECIPES = Vocabulary(("neutral", "happy", "fear:gasping", "fear:frozen", "sad:crying"))


@pytest.mark.parametrize(
    ("label", "name"),
    [("AF", "fear"), ("Fear: Gasping", "fear:gasping"), ("Big-Wink", "big_wink")],
)
def test_canonical_names(label: str, name: str) -> None:
    assert canonical_expression(label) == name


def test_an_expression_stands_for_its_first_recipe() -> None:
    assert WITH_RECIPES.expressions == ("neutral", "happy", "fear", "sad")
    assert WITH_RECIPES.expressive == ("happy", "fear", "sad")
    assert [WITH_RECIPES.index(name) for name in ("fear", "afraid", "fear:frozen")] == [2, 2, 3]
    np.testing.assert_array_equal(WITH_RECIPES.code("fear", 0.25), [0.75, 0, 0.25, 0, 0])
    np.testing.assert_array_equal(WITH_RECIPES.code("fear:frozen"), [0, 0, 0, 1, 0])


def test_targets_keep_the_name_that_was_asked_for() -> None:
    assert parse_targets("all", WITH_RECIPES) == ("happy", "fear", "sad")
    assert parse_targets("AF, fear, fear:frozen", WITH_RECIPES) == ("fear", "fear:frozen")
    assert parse_targets("AF*.5+joy * 0.25, happy*1", WITH_RECIPES) == (
        "fear*0.5+happy*0.25",
        "happy",
    )
    with pytest.raises(UsageError, match="unknown expression"):
        parse_targets("fear*0.5", WITH_RECIPES, blends=False)


def test_z_of_a_blend_has_each_share() -> None:
    z = WITH_RECIPES.code("fear*0.5+fear:frozen*0.25+sad*0.125", 0.8)
    np.testing.assert_allclose(z, [0.3, 0, 0.4, 0.2, 0.1], rtol=1e-6)
    assert WITH_RECIPES.shares("fear+fear:gasping") == {"fear:gasping": 1.0}


@pytest.mark.parametrize(
    ("name", "hint"), [("fear:gaspin", "fear:gasping"), ("hapy", "happy"), ("joyfull", "happy")]
)
def test_the_nearest_name_is_given(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{hint}'"):
        WITH_RECIPES.index(name)


def test_who_leads_comes_first_and_the_others_by_name() -> None:
    names = ("sad:b", "neutral", "happy:c", "sad:a", "happy:b", "fear", "happy:a")
    led = Vocabulary(names).led_by({"happy": "b", "fear": "x"})
    assert led.names == ("sad:a", "sad:b", "neutral", "happy:b", "happy:a", "happy:c", "fear")
    assert led.index("happy") == 3
