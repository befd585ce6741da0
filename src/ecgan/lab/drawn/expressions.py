"""Which facial action units (FACS) make each expression, and each person's own way of doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS, MAX_INTENSITY, NEUTRAL
from ecgan.seeding import numpy_generator

ACTION_UNITS = MappingProxyType(
    {
        1: "inner brow raiser",
        2: "outer brow raiser",
        4: "brow lowerer",
        5: "upper lid raiser",
        6: "cheek raiser",
        7: "lid tightener",
        9: "nose wrinkler",
        10: "upper lip raiser",
        12: "lip corner puller",
        14: "dimpler",
        15: "lip corner depressor",
        16: "lower lip depressor",
        17: "chin raiser",
        20: "lip stretcher",
        22: "lip funneler",
        23: "lip tightener",
        24: "lip pressor",
        25: "lips part",
        26: "jaw drop",
        27: "mouth stretch",
        64: "eyes down",
    }
)
"""What the drawn faces can do, by FACS number."""

Levels = Mapping[int, float]
"""Action unit -> 0 (rest) to about 1.2 (as strong as it gets)."""


@dataclass(frozen=True)
class Recipe:
    """An expression at intensity 1: what everybody does, and ways of which a person has one."""

    core: Levels
    variants: tuple[Levels, ...] = field(default=({},))


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "neutral": Recipe({}),
        "happy": Recipe(
            {6: 0.75, 12: 0.95},
            ({25: 0.75}, {25: 0.9, 26: 0.45}, {14: 0.3}, {25: 0.6, 7: 0.4}),
        ),
        "sad": Recipe(
            {1: 0.85, 4: 0.5, 15: 0.85},
            ({17: 0.6, 64: 0.3}, {64: 0.75}, {17: 0.9, 7: 0.3}, {25: 0.35, 64: 0.4, 20: 0.2}),
        ),
        "angry": Recipe(
            {4: 1.0, 7: 0.55},
            (
                {23: 0.9, 17: 0.4, 5: 0.35},
                {24: 0.9, 17: 0.6},
                {22: 0.5, 25: 0.7, 10: 0.3, 5: 0.5, 16: 0.5},
                {23: 0.7, 15: 0.3, 9: 0.25, 5: 0.5},
            ),
        ),
        "fear": Recipe(
            {1: 0.95, 4: 0.55, 5: 0.9, 20: 0.75},
            (
                {2: 0.45, 25: 0.8, 26: 0.4},
                {2: 0.6, 25: 0.6, 16: 0.4},
                {2: 0.3, 15: 0.2, 7: 0.25, 25: 0.4},
                {2: 0.5, 25: 0.9, 26: 0.75},
            ),
        ),
        "disgust": Recipe(
            {9: 0.95, 10: 0.7, 7: 0.45, 4: 0.35},
            (
                {15: 0.4, 17: 0.5},
                {25: 0.6, 16: 0.4},
                {17: 0.7, 15: 0.2, 6: 0.4},
                {25: 0.5, 26: 0.3},
            ),
        ),
        "surprise": Recipe(
            {1: 0.95, 2: 0.95, 5: 0.75},
            ({25: 0.8, 26: 0.9}, {25: 0.9, 27: 0.75}, {25: 0.7, 26: 0.55}, {25: 0.8, 27: 0.5}),
        ),
    }
)
"""FACS recipes of the vocabulary, after the prototypes of Ekman & Friesen's EMFACS."""

STYLE_SPREAD = 0.2
"""Standard deviation of a person's gain on each action unit."""
TAKE_SPREAD = 0.08
"""The same from take to take of one person."""
ASYMMETRY = 0.13
"""Standard deviation of the difference between the two halves of a face."""


@dataclass(frozen=True)
class Action:
    """Levels of the action units on the left and on the right of the picture."""

    left: Levels
    right: Levels

    def __call__(self, unit: int, side: int = 0) -> float:
        """Level of a unit at side -1 (left of the picture), 1 (right) or 0 (mean of both)."""
        left, right = self.left.get(unit, 0.0), self.right.get(unit, 0.0)
        return left if side < 0 else right if side > 0 else (left + right) / 2

    def levels(self) -> dict[int, float]:
        """Mean levels by number, rounded."""
        return {unit: round(self(unit), 3) for unit in sorted(self.left)}


def perform(seed: int, person: int, expression: str, intensity: float, take: int = 0) -> Action:
    """How a person makes an expression: variant, gains and asymmetry are the person's own; a take
    differs a little from the next.

    All levels are proportional to `intensity`, 0 (neutral) to `MAX_INTENSITY`.

    Raises:
        UsageError: an expression without a recipe, or an intensity out of range.
    """
    if expression not in RECIPES:
        raise UsageError(f"cannot draw {expression!r}, expected one of {', '.join(EXPRESSIONS)}")
    if not 0 <= intensity <= MAX_INTENSITY:
        raise UsageError(f"an intensity takes 0 to {MAX_INTENSITY}, got {intensity}")
    if expression == NEUTRAL:
        return Action({}, {})
    recipe = RECIPES[expression]
    own = numpy_generator(seed, "drawn style", person, expression)
    now = numpy_generator(seed, "drawn take", person, expression, take)
    variant = recipe.variants[int(own.integers(len(recipe.variants)))]
    left, right = {}, {}
    for unit, level in sorted({**recipe.core, **variant}.items()):
        gain = 1 + STYLE_SPREAD * _bounded(own) + TAKE_SPREAD * _bounded(now)
        tilt = ASYMMETRY * _bounded(own) / 2
        left[unit] = intensity * level * gain * (1 - tilt)
        right[unit] = intensity * level * gain * (1 + tilt)
    return Action(left, right)


def _bounded(generator: np.random.Generator) -> float:
    return max(-2.0, min(2.0, float(generator.standard_normal())))
