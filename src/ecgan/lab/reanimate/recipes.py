"""Expressions as FACS action units, and action units as shapes of the face model.

Units after Ekman, Friesen & Hager (2002); which of them make an expression after their table of
prototypes and major variants. docs/reanimation.md prints both tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ecgan.errors import UsageError
from ecgan.expressions import NEUTRAL, canonical_expression
from ecgan.seeding import numpy_generator

ACTION_UNITS: dict[str, tuple[str, dict[str, float]]] = {
    "AU1": ("inner brow raiser", {"browInnerUp": 1.1}),
    "AU2": ("outer brow raiser", {"browOuterUp": 1.0}),
    "AU4": ("brow lowerer", {"browDown": 1.6, "browInnerUp": -0.7}),
    "AU5": ("upper lid raiser", {"eyeWide": 1.0}),
    "AU6": ("cheek raiser", {"cheekSquint": 0.8, "cheekRaiser": 0.35}),
    "AU7": ("lid tightener", {"eyeSquint": 0.9}),
    "AU9": ("nose wrinkler", {"noseSneer": 0.9}),
    "AU10": ("upper lip raiser", {"mouthUpperUp": 0.9}),
    "AU12": ("lip corner puller", {"mouthSmile": 0.95}),
    "AU14": ("dimpler", {"mouthDimple": 0.8}),
    "AU15": ("lip corner depressor", {"mouthFrown": 1.0}),
    "AU16": ("lower lip depressor", {"mouthLowerDown": 1.0}),
    "AU17": ("chin raiser", {"mouthShrugLower": 0.8}),
    "AU20": ("lip stretcher", {"mouthStretch": 0.9}),
    "AU22": ("lip funneler", {"mouthFunnel": 0.7}),
    "AU23": ("lip tightener", {"mouthRollLower": 0.24, "mouthRollUpper": 0.24}),
    "AU24": ("lip pressor", {"mouthPress": 1.0}),
    "AU25": ("lips part", {"mouthLowerDown": 0.35, "mouthUpperUp": 0.2}),
    "AU26": ("jaw drop", {"jawOpen": 0.3}),
    "AU27": ("mouth stretch", {"jawOpen": 0.75}),
    "AU29": ("jaw thrust", {"jawForward": 0.6}),
    "AU43": ("eyes closed", {"eyeBlink": 1.0}),
}
"""Name, and the weight of each shape at full strength; a shape that is there twice, for left and
right, stands without its side. Lowered brows also undo the raised inner ones: the model's browDown
lowers the middle of the brow most, which alone looks worried."""

Units = dict[str, float]

RECIPES: dict[str, dict[str, Units]] = {
    "happy": {
        "closed": {"AU6": 0.6, "AU12": 0.85, "AU7": 0.25, "AU14": 0.15},
        "toothy": {"AU6": 0.85, "AU12": 0.95, "AU25": 0.9, "AU10": 0.2, "AU7": 0.4, "AU26": 0.15},
        "laugh": {"AU6": 0.9, "AU12": 1.0, "AU25": 0.9, "AU10": 0.3, "AU26": 0.9, "AU7": 0.3},
    },
    "sad": {
        "downcast": {"AU1": 1.2, "AU4": 0.35, "AU15": 0.9, "AU17": 0.4, "AU43": 0.25},
        "pouting": {"AU1": 1.1, "AU4": 0.3, "AU15": 1.0, "AU17": 0.9, "AU7": 0.2},
        "crying": {"AU1": 1.3, "AU4": 0.5, "AU6": 0.7, "AU15": 0.8, "AU20": 0.4, "AU25": 0.7,
                   "AU26": 0.2, "AU7": 0.5},
    },
    "angry": {
        "tight": {"AU4": 1.15, "AU5": 0.7, "AU7": 0.6, "AU23": 1.0, "AU24": 0.9, "AU17": 0.25},
        "teeth": {"AU4": 1.2, "AU5": 0.7, "AU7": 0.6, "AU10": 0.35, "AU16": 0.85, "AU25": 0.7,
                  "AU20": 0.2, "AU29": 0.4},
        "shouting": {"AU4": 1.2, "AU5": 0.8, "AU7": 0.5, "AU10": 0.4, "AU16": 0.7, "AU22": 0.5,
                     "AU26": 1.2, "AU25": 0.5},
    },
    "fear": {
        "frozen": {"AU1": 1.2, "AU2": 0.4, "AU4": 0.4, "AU5": 1.15, "AU7": 0.2, "AU20": 0.9,
                   "AU25": 0.8, "AU26": 0.4},
        "gasping": {"AU1": 1.3, "AU2": 0.4, "AU4": 0.4, "AU5": 1.2, "AU20": 1.0, "AU25": 0.8,
                    "AU26": 0.9},
        "clenched": {"AU1": 1.25, "AU2": 0.3, "AU4": 0.45, "AU5": 1.0, "AU20": 0.85, "AU16": 0.75,
                     "AU25": 0.4},
    },
    "disgust": {
        "wrinkled": {"AU9": 1.0, "AU10": 0.5, "AU17": 0.7, "AU6": 0.5, "AU7": 0.5, "AU15": 0.4},
        "sneering": {"AU9": 1.0, "AU10": 0.95, "AU25": 0.5, "AU6": 0.5, "AU7": 0.5},
        "retching": {"AU9": 1.0, "AU10": 0.8, "AU16": 0.6, "AU25": 0.5, "AU26": 0.7, "AU6": 0.5,
                     "AU7": 0.6, "AU15": 0.5},
    },
    "surprise": {
        "agape": {"AU1": 0.9, "AU2": 1.0, "AU5": 0.9, "AU27": 0.95},
        "oh": {"AU1": 0.85, "AU2": 0.95, "AU5": 0.8, "AU26": 1.1, "AU22": 0.7},
        "startled": {"AU1": 1.0, "AU2": 1.1, "AU5": 1.1, "AU26": 1.0, "AU25": 0.5},
    },
}  # fmt: skip
"""Strength of each unit in each variant of each expression, at intensity 1."""

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
LARGEST = {
    "browDown": 2.3, "browInnerUp": 1.25, "browOuterUp": 1.1, "eyeSquint": 0.95, "eyeWide": 1.35,
    "eyeBlink": 0.6, "cheekSquint": 1.0, "noseSneer": 0.95, "mouthSmile": 1.25, "jawOpen": 0.85,
}  # fmt: skip
"""Largest weight of a shape, either way, beyond which it no longer looks like a face; 1.5 of all
others."""


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
    """Names of the variants; neutral has none.

    Raises:
        UsageError: there is no recipe for it.
    """
    name = canonical_expression(expression)
    if name == NEUTRAL:
        return ()
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise UsageError(f"no recipe for {expression!r}, expected one of {known}")
    return (NATURAL, *RECIPES[name]) if name == "happy" else tuple(RECIPES[name])


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
    return {name: _bounded(name, weight) for name, weight in weights.items()}


def _bounded(name: str, weight: float) -> float:
    most = LARGEST.get(name.removesuffix("_L").removesuffix("_R"), 1.5)
    return max(-most, min(weight, most))


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


_WHOLE = frozenset(
    {"jawOpen", "jawForward", "mouthFunnel", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
     "mouthShrugUpper", "mouthPucker", "mouthClose"}
)  # fmt: skip
