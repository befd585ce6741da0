"""Who is drawn and how: a person's looks, pose, light and background of a shot, and which facial
action units (FACS) make an expression in each person's own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import yaml

from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS, MAX_INTENSITY, NEUTRAL
from ecgan.seeding import numpy_generator

Rgb = tuple[int, int, int]
Choice = TypeVar("Choice")
Levels = Mapping[int, float]
"""Action unit -> 0 (rest) to about 1.2 (as strong as it gets)."""


def read_table(name: str) -> dict[str, Any]:
    """What is in a YAML file beside this one."""
    text = (resources.files("ecgan.lab.drawn") / f"{name}.yaml").read_text(encoding="utf-8")
    table: dict[str, Any] = yaml.safe_load(text)
    return table


@dataclass(frozen=True)
class Recipe:
    """An expression at intensity 1: what everybody does, and ways of which a person has one."""

    core: Levels
    variants: tuple[Levels, ...]


_FACS, _LOOKS = read_table("expressions"), read_table("looks")
ACTION_UNITS: Mapping[int, str] = MappingProxyType(_FACS["units"])
"""What the drawn faces can do, by FACS number."""
RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {name: Recipe(**values) for name, values in _FACS["recipes"].items()}
)
COLOURS: dict[str, list[Rgb]] = {
    name: [(red, green, blue) for red, green, blue in rows]
    for name, rows in _LOOKS["colours"].items()
}
HAIR_BY_SEX: dict[str, list[str]] = _LOOKS["hair_by_sex"]
BEARDS: list[str] = _LOOKS["beards"]
GLASSES: list[str] = _LOOKS["glasses"]
BACKGROUNDS: list[str] = _LOOKS["backgrounds"]


@dataclass(frozen=True)
class Person:
    """Looks of one person. Lengths are in eye distances, factors are around 1."""

    female: bool
    age: float
    """0 young to 1 old."""
    skin: Rgb
    hair: Rgb
    iris: Rgb
    clothes: Rgb
    lip_red: float
    hair_style: str
    beard: str
    glasses: str | None
    frame: Rgb
    width: float
    length: float
    jaw: float
    chin: float
    fat: float
    eye_width: float
    eye_open: float
    eye_slant: float
    eye_gap: float
    crease: float
    lashes: float
    brow_y: float
    brow_arch: float
    brow_slant: float
    brow_thick: float
    nose_width: float
    nose_length: float
    nose_tip: float
    mouth_width: float
    mouth_y: float
    mouth_curve: float
    lip_upper: float
    lip_lower: float
    ear: float
    blush: float
    freckles: float
    earrings: bool
    volume: float
    """Of the hair."""
    mirrored: bool
    """The parting on the other side."""
    collar: int


@dataclass(frozen=True)
class Shot:
    """What all pictures of one sitting share. Angles are radians, lengths eye distances."""

    yaw: float
    pitch: float
    roll: float
    scale: float
    shift: tuple[float, float]
    light: float
    """Where the light comes from, 0 right, pi / 2 above."""
    contrast: float
    warmth: float
    gaze: tuple[float, float]
    background: str
    colours: tuple[Rgb, Rgb]
    pattern: int
    """Seed of the background's pattern."""


def person(seed: int, number: int) -> Person:
    """Person `number` of a seed: the same one however many are drawn."""
    random = numpy_generator(seed, "drawn person", number)
    female = bool(random.random() < 0.5)
    age = float(random.beta(1.3, 2.2))

    def proportions(part: str) -> dict[str, Any]:
        found = {}
        for name, (mean, spread, women, darker) in _LOOKS["proportions"][part].items():
            value = float(np.clip(random.standard_normal(), -2.2, 2.2))
            value = mean + spread * value + (women if female else -women)
            found[name] = value + (darker if dark else 0.0)
        return found

    def one(choices: Sequence[Choice]) -> Choice:
        return choices[int(random.integers(len(choices)))]

    def colour(choices: Sequence[Rgb]) -> Rgb:
        red, green, blue = (int(np.clip(v + random.integers(-6, 7), 0, 255)) for v in one(choices))
        return red, green, blue

    tone = int(random.integers(len(COLOURS["skin"])))
    dark = tone >= 6
    hair = colour(COLOURS["hair"][:4] if dark else COLOURS["hair"])
    if random.random() < 0.06 and female:
        hair = colour(COLOURS["dyed"])
    elif random.random() < 1.6 * (age - 0.45):
        hair = colour(COLOURS["grey"])
    style, beard, glasses = (
        one(HAIR_BY_SEX["female" if female else "male"]),
        one(BEARDS),
        one(GLASSES),
    )
    wears = random.random() < 0.24 + 0.2 * age
    return Person(
        female=female,
        age=age,
        skin=colour(COLOURS["skin"][tone : tone + 1]),
        hair=hair,
        iris=colour(COLOURS["iris"][:3] if tone >= 5 else COLOURS["iris"]),
        clothes=colour(COLOURS["clothes"]),
        lip_red=float(random.uniform(0.35, 0.95) if female else random.uniform(0.1, 0.4)),
        hair_style=style,
        beard="none" if female else beard,
        glasses=glasses if wears else None,
        frame=one(COLOURS["frame"]),
        **proportions("head"),
        fat=float(random.beta(1.6, 3)),
        **proportions("eyes"),
        crease=float(random.uniform(0, 1)),
        lashes=float(random.uniform(0.5, 1) if female else random.uniform(0, 0.25)),
        **proportions("features"),
        blush=float(random.uniform(0.1, 0.6)) + (0.25 if female else 0.0),
        freckles=float(random.random() < 0.16 and not dark),
        earrings=bool(female and random.random() < 0.35),
        volume=float(random.uniform(0.7, 1.3)),
        mirrored=bool(random.random() < 0.5),
        collar=int(random.integers(3)),
    )


def shot(seed: int, number: int, take: int = 0) -> Shot:
    """Sitting `take` of a person."""
    random = numpy_generator(seed, "drawn shot", number, take)
    first, second = random.choice(len(COLOURS["background"]), 2, replace=False)
    return Shot(
        yaw=float(np.clip(random.normal(0, 0.15), -0.32, 0.32)),
        pitch=float(np.clip(random.normal(0, 0.08), -0.17, 0.17)),
        roll=float(np.clip(random.normal(0, 0.06), -0.15, 0.15)),
        scale=float(random.uniform(0.93, 1.05)),
        shift=(float(random.normal(0, 0.06)), float(random.normal(0.02, 0.05))),
        light=float(random.uniform(0.12, 0.88) * np.pi),
        contrast=float(random.uniform(0.5, 1.2)),
        warmth=float(random.normal(0.25, 0.5)),
        gaze=(float(random.normal(0, 0.08)), float(random.normal(0, 0.06))),
        background=BACKGROUNDS[int(random.integers(len(BACKGROUNDS)))],
        colours=(COLOURS["background"][int(first)], COLOURS["background"][int(second)]),
        pattern=int(random.integers(1 << 30)),
    )


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
