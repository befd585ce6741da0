"""Recipes: known shapes, fixed styles, strength that follows the intensity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS
from ecgan.lab.reanimate.recipes import (
    ACTION_UNITS,
    LARGEST,
    RECIPES,
    shape_weights,
    smiles,
    style_of,
    variants_of,
    weights_of,
)

# Units without which an expression is another one (Ekman, Friesen and Hager 2002).
CORE = {
    "happy": {"AU12"},
    "sad": {"AU1", "AU15"},
    "angry": {"AU4", "AU7"},
    "fear": {"AU1", "AU2", "AU4", "AU5"},
    "disgust": {"AU9", "AU10"},
    "surprise": {"AU1", "AU2", "AU5", "AU26/AU27"},
}


def test_every_expression_has_several_variants_of_known_units() -> None:
    assert set(RECIPES) == set(EXPRESSIONS) - {"neutral"}
    for expression, variants in RECIPES.items():
        assert len(variants) >= 3
        for units in variants.values():
            assert set(units) <= set(ACTION_UNITS)
            for needed in CORE[expression]:
                assert set(needed.split("/")) & set(units), (expression, needed)


def test_names_of_variants() -> None:
    assert variants_of("HA") == ("toothy", "laugh", "closed", "natural")
    assert variants_of("neutral") == ()
    with pytest.raises(UsageError, match="'wink', expected one of happy"):
        variants_of("wink")


def test_style_is_the_persons_own() -> None:
    assert style_of("ann") == style_of("ann")
    assert style_of("ann") != style_of("bob")
    assert style_of("ann", 1) != style_of("ann")
    assert all(abs(lean) <= 0.3 for lean in style_of("ann").side.values())


@given(st.sampled_from([(e, v) for e, some in RECIPES.items() for v in some]),
       st.floats(0.3, 1.2), st.integers(0, 1000))  # fmt: skip
def test_weights_grow_with_the_intensity(
    recipe: tuple[str, str], intensity: float, seed: int
) -> None:
    style = style_of(f"person{seed}")
    full, part = (
        weights_of(*recipe, strength, style, np.random.default_rng(seed))
        for strength in (1.0, intensity)
    )
    assert full.keys() == part.keys()
    for name, weight in full.items():
        most = LARGEST.get(name[:-2] if name[-2] == "_" else name, 1.5)
        assert abs(weight) <= most
        if max(abs(part[name]), abs(weight)) < most:
            assert part[name] == pytest.approx(intensity * weight, abs=2e-4)


@pytest.mark.parametrize("variant", list(RECIPES["angry"]))
def test_anger_pulls_the_inner_brows_down_and_sadness_up(variant: str) -> None:
    style = style_of("ann")
    angry = weights_of("angry", variant, 1.0, style, np.random.default_rng(0))
    sad = weights_of("sad", "pouting", 1.0, style, np.random.default_rng(0))
    for side in "LR":
        assert angry[f"browInnerUp_{side}"] < -0.3
        assert sad[f"browInnerUp_{side}"] > 0.3


def test_natural_smiles_follow_the_measured_ones() -> None:
    drawn = [style_of(f"person{number}").smile for number in range(400)]
    table = smiles()
    for unit, mean, row in zip(table.units, table.mean, table.covariance, strict=True):
        strengths = np.array([smile[unit] for smile in drawn])
        assert (strengths >= 0).all()
        deviation = row[table.units.index(unit)] ** 0.5
        if mean > 2 * deviation and unit != "AU6":  # otherwise the clip at zero moves the mean
            assert strengths.mean() == pytest.approx(mean, abs=0.2 * deviation + 0.01)
    weights = weights_of("happy", "natural", 1.0, style_of("ann"), np.random.default_rng(0))
    sides = weights["mouthSmile_L"] + weights["mouthSmile_R"]
    own = style_of("ann").smile["AU12"] * 2 * ACTION_UNITS["AU12"][1]["mouthSmile"]
    assert sides == pytest.approx(own, rel=0.5)


def test_sides_lean_as_the_style_says() -> None:
    weights = shape_weights({"AU12": 1.0, "AU26": 1.0}, {"AU12": 0.2})
    share = ACTION_UNITS["AU12"][1]["mouthSmile"]
    assert weights["mouthSmile_L"] == pytest.approx(1.2 * share)
    assert weights["mouthSmile_R"] == pytest.approx(0.8 * share)
    assert weights["jawOpen"] == ACTION_UNITS["AU26"][1]["jawOpen"]
