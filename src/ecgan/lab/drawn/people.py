"""Who is drawn and how: a person's looks, pose, light and background of a shot, and which facial
action units (FACS) make an expression in each person's own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml

from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS, MAX_INTENSITY, NEUTRAL
from ecgan.seeding import numpy_generator

Rgb = tuple[int, int, int]
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


_FACS = read_table("expressions")
ACTION_UNITS: Mapping[int, str] = MappingProxyType(_FACS["units"])
"""What the drawn faces can do, by FACS number."""
RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {name: Recipe(**values) for name, values in _FACS["recipes"].items()}
)
COLOURS: dict[str, tuple[Rgb, ...]] = {
    name: tuple((red, green, blue) for red, green, blue in rows)
    for name, rows in read_table("colours").items()
}
"""By what has them, skin from light to dark."""

HAIR_BY_SEX = {
    "female": (
        "long", "waves", "bangs", "bob", "bun", "ponytail", "afro", "curls", "pixie", "part",
        "scarf",
    ),
    "male": (
        "crop", "part", "quiff", "buzz", "curls", "afro", "bald", "fringe", "ring", "crop", "waves",
    ),
}  # fmt: skip
BEARDS = ("none", "none", "none", "stubble", "full", "goatee", "moustache", "stubble")
GLASSES = ("round", "square", "cat")
BACKGROUNDS = ("plain", "gradient", "halo", "dots", "stripes", "hills", "leaves")


@dataclass(frozen=True)
class Person:
    """Looks of one person. Lengths are in eye distances, factors are around 1."""

    number: int
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

    def around(mean: float, spread: float, shift: float = 0.0) -> float:
        value = float(np.clip(random.standard_normal(), -2.2, 2.2))
        return mean + spread * value + (shift if female else -shift)

    def one(colours: tuple[Rgb, ...]) -> Rgb:
        chosen = colours[int(random.integers(len(colours)))]
        red, green, blue = (int(np.clip(v + random.integers(-6, 7), 0, 255)) for v in chosen)
        return red, green, blue

    tone = int(random.integers(len(COLOURS["skin"])))
    dark = tone >= 6
    hair = one(COLOURS["hair"][:4] if dark else COLOURS["hair"])
    if random.random() < 0.06 and female:
        hair = one(COLOURS["dyed"])
    elif random.random() < 1.6 * (age - 0.45):
        hair = one(COLOURS["grey"])
    styles = HAIR_BY_SEX["female" if female else "male"]
    style = styles[int(random.integers(len(styles)))]
    beard = BEARDS[int(random.integers(len(BEARDS)))]
    glasses = GLASSES[int(random.integers(len(GLASSES)))]
    wears = random.random() < 0.24 + 0.2 * age
    return Person(
        number=number,
        female=female,
        age=age,
        skin=one(COLOURS["skin"][tone : tone + 1]),
        hair=hair,
        iris=one(COLOURS["iris"][:3] if tone >= 5 else COLOURS["iris"]),
        clothes=one(COLOURS["clothes"]),
        lip_red=float(random.uniform(0.35, 0.95) if female else random.uniform(0.1, 0.4)),
        hair_style=style,
        beard="none" if female else beard,
        glasses=glasses if wears else None,
        frame=COLOURS["frame"][int(random.integers(4))],
        width=around(1.02, 0.05, -0.02),
        length=around(1.0, 0.045, -0.015),
        jaw=around(0.97, 0.06, -0.05),
        chin=around(1.0, 0.13, -0.1),
        fat=float(random.beta(1.6, 3)),
        eye_width=around(0.280, 0.017, 0.008),
        eye_open=around(0.172, 0.018, 0.010),
        eye_slant=around(0.012, 0.022, 0.006),
        eye_gap=around(0.5, 0.012),
        crease=float(random.uniform(0, 1)),
        lashes=float(random.uniform(0.5, 1)) if female else float(random.uniform(0, 0.25)),
        brow_y=around(-0.345, 0.03, -0.025),
        brow_arch=around(0.075, 0.028, 0.02),
        brow_slant=around(0.0, 0.024),
        brow_thick=around(0.082, 0.018, -0.018),
        nose_width=around(0.225, 0.028, -0.015) + (0.03 if dark else 0.0),
        nose_length=around(1.0, 0.06, -0.02),
        nose_tip=around(0.0, 0.03),
        mouth_width=around(0.4, 0.035, -0.008),
        mouth_y=around(1.25, 0.03),
        mouth_curve=around(0.014, 0.018),
        lip_upper=around(0.075, 0.014, 0.01) + (0.016 if dark else 0.0),
        lip_lower=around(0.105, 0.018, 0.012) + (0.016 if dark else 0.0),
        ear=around(1.0, 0.1),
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
