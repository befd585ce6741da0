"""Expressions as FACS action units, and action units as shapes of the face model.

The tables are in recipes.yaml; docs/reanimation.md prints them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import yaml

from ecgan.errors import UsageError
from ecgan.expressions import NEUTRAL, canonical_expression
from ecgan.seeding import numpy_generator

Units = dict[str, float]
"""Strength of each action unit."""
_TABLE = yaml.safe_load((resources.files(__package__) / "recipes.yaml").read_text("utf-8"))
ACTION_UNITS: dict[str, tuple[str, dict[str, float]]] = {
    unit: (name, shapes) for unit, (name, shapes) in _TABLE["units"].items()
}
"""Name, and the weight of each shape at full strength, without its side."""
RECIPES: dict[str, dict[str, Units]] = _TABLE["recipes"]
"""Strength of each unit in each variant of each expression, at intensity 1."""
LARGEST: dict[str, float] = _TABLE["largest"]
"""Largest weight of a shape, either way; 1.5 of all others."""
_WHOLE = frozenset(_TABLE["whole"])
"""Shapes without sides."""
NATURAL = "natural"
"""The variant of happy that is drawn from measured smiles, one for each person."""
CHEEKS = 0.7
"""AU6 for each AU12 in a natural smile: a felt smile raises the cheeks (Ekman & Friesen 1982)."""
SMILES_FILE = Path(__file__).with_name("smiles.json")
"""Mean and covariance of the action units of real smiles, made by benchmarks/smiles.py."""

UNIT_SPREAD, PERSON_SPREAD, SIDE_SPREAD = 0.10, 0.12, 0.09
"""Standard deviations of the strength of a unit: from picture to picture, from person to person,
and of left against right, which stays with the person."""
MOST = 1.5
"""Largest factor on a unit."""


@dataclass(frozen=True)
class Style:
    """How one person moves: the same in all of their pictures."""

    strength: dict[str, float]
    """Factor of each action unit."""
    side: dict[str, float]
    """Left over right: the left gets 1 + side, the right 1 - side."""
    enamel: tuple[float, float, float]
    """Reflectance of the teeth relative to average ones."""
    lined: float
    """Depth of wrinkles; 1 is average."""
    teeth_drop: float
    """Centimetres by which the upper teeth stand lower than the model's."""
    smile: Units
    """Strength of the units of this person's natural smile."""


@dataclass(frozen=True)
class Smiles:
    """How people smile."""

    units: tuple[str, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def draw(self, random: np.random.Generator, spread: float = 1.0) -> Units:
        """One person's, no unit below zero, with the cheeks that landmarks do not show."""
        mean = np.array(self.mean)
        own = random.multivariate_normal(mean, self.covariance) - mean
        drawn = (mean + spread * own).clip(0)
        units = {unit: round(float(s), 4) for unit, s in zip(self.units, drawn, strict=True)}
        units["AU6"] = max(units.get("AU6", 0.0), round(CHEEKS * units["AU12"], 4))
        return units


@cache
def smiles() -> Smiles:
    """The measured ones."""
    table = json.loads(SMILES_FILE.read_text(encoding="utf-8"))
    rows = tuple(tuple(map(float, row)) for row in table["covariance"])
    return Smiles(tuple(table["units"]), tuple(map(float, table["mean"])), rows)


def style_of(subject: str, seed: int = 0, spread: float = 1.0) -> Style:
    """Drawn from the person's name; at a spread of 0 everybody's is the mean one."""
    random = numpy_generator(seed, "style", subject)
    units = list(ACTION_UNITS)
    strength = np.exp(spread * random.normal(0, PERSON_SPREAD, len(units)))
    lean = random.normal(0, SIDE_SPREAD, len(units)) + random.normal(0, SIDE_SPREAD / 2)
    side = spread * lean
    bright = np.exp(spread * random.normal(0, 0.08))
    yellow = 0.95 + spread * (random.uniform(0.86, 1.04) - 0.95)
    return Style(
        strength={u: round(float(s), 4) for u, s in zip(units, strength, strict=True)},
        side={u: round(float(s), 4) for u, s in zip(units, side.clip(-0.3, 0.3), strict=True)},
        enamel=(float(bright), float(bright * (0.4 + 0.6 * yellow)), float(bright * yellow)),
        lined=float(np.exp(spread * random.normal(0, 0.3) - 0.1)),
        teeth_drop=float(np.clip(0.15 + spread * random.normal(0, 0.1), -0.05, 0.4)),
        smile=smiles().draw(random, spread),
    )


def variants_of(expression: str) -> tuple[str, ...]:
    """Names of the variants, the one that stands for the expression first; neutral has none.

    Raises:
        UsageError: there is no recipe for it.
    """
    name = canonical_expression(expression)
    if name == NEUTRAL:
        return ()
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise UsageError(f"no recipe for {expression!r}, expected one of {known}")
    return (*RECIPES[name], NATURAL) if name == "happy" else tuple(RECIPES[name])


def weights_of(
    expression: str,
    variant: str,
    intensity: float,
    style: Style,
    random: np.random.Generator,
    *,
    spread: float = 1.0,
) -> dict[str, float]:
    """Shape weights of one picture: the recipe, times the person's style, times small changes
    from picture to picture (`spread` times the usual ones), times the intensity."""
    name = canonical_expression(expression)
    natural = name == "happy" and variant == NATURAL
    units = style.smile if natural else RECIPES[name][variant]
    drawn = {}
    for unit, strength in units.items():
        own = 1.0 if natural else style.strength[unit]
        factor = float(np.clip(own * np.exp(spread * random.normal(0, UNIT_SPREAD)), 0.5, MOST))
        drawn[unit] = strength * intensity * factor
    weights = shape_weights(drawn, style.side)
    for shape, weight in weights.items():
        most = LARGEST.get(shape.removesuffix("_L").removesuffix("_R"), 1.5)
        weights[shape] = max(-most, min(weight, most))
    return weights


def shape_weights(units: Mapping[str, float], side: Mapping[str, float]) -> dict[str, float]:
    """Weights of the model's shapes for action units; a shape with sides gets `_L` and `_R`."""
    weights: dict[str, float] = {}
    for unit, strength in units.items():
        lean = side.get(unit, 0.0)
        for shape, share in ACTION_UNITS[unit][1].items():
            parts = {shape: 1.0}
            if shape not in _WHOLE:
                parts = {f"{shape}_L": 1 + lean, f"{shape}_R": 1 - lean}
            for name, factor in parts.items():
                weights[name] = weights.get(name, 0.0) + strength * share * factor
    return {name: round(weight, 4) for name, weight in sorted(weights.items())}


def shape_names() -> set[str]:
    """Shapes that a model must have."""
    return set(shape_weights(dict.fromkeys(ACTION_UNITS, 1.0), {}))
