"""Hair styles as polygons in face coordinates: what hangs behind the head, and what lies on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from pydantic import TypeAdapter

from ecgan.lab.drawn.canvas import Points, closed_curve, ellipse, resampled
from ecgan.lab.drawn.people import Person, read_table

Outline = Sequence[tuple[float, float]]
Curls = tuple[float, int]


@dataclass(frozen=True)
class Hair:
    """Polygons, in the order in which they are painted."""

    back: list[Points]
    front: list[Points]
    shine: list[Points]
    """Open lines of light on the front."""
    strength: float
    """Opacity of the front."""


@dataclass(frozen=True)
class Ball:
    """Round hair behind the head: an afro, a bun."""

    y: float
    radii: tuple[float, float]
    growth: tuple[float, float] = (0.0, 0.0)
    """Added to the radii for hair of volume 1."""
    samples: int = 24
    curls: Curls | None = None


@dataclass(frozen=True)
class Style:
    """One style of hair.yaml, for a head of average width."""

    line: Outline = ()
    """Hairline of a cap of hair over the skull, from its right end to its left one."""
    sides: tuple[float, float] | None = None
    """The same of short hair: the height of the forehead and that of the ends."""
    ears: Outline = ()
    """Outline of the hair around the right ear of a bare head."""
    rise: float = 0.2
    """Height of the cap over the crown."""
    puff: float = 0.07
    """Its thickness at the sides."""
    ends: tuple[float, float] = (0.2, 0.2)
    """Height of its left and right end."""
    lean: float = 0.0
    """Shift of its crown to the right."""
    curls: Curls | None = None
    """Depth and number of the bumps along it."""
    strength: float = 1.0
    shine: tuple[float, float] | None = None
    """Height and half the width of the light on the crown."""
    back_lengths: tuple[float, float] = (0.0, 0.0)
    """How far down the hair of women and of men hangs behind; 0: not at all."""
    back_puff: float = 0.0
    back_curls: Curls | None = None
    ball: Ball | None = None
    tail: Outline = ()
    """Outline of a tail behind the head."""


@cache
def _styles() -> dict[str, Style]:
    return TypeAdapter(dict[str, Style]).validate_python(read_table("hair"))


def build_hair(person: Person) -> Hair:
    """The hair of a person; nothing for a bald one."""
    style = _styles()[person.hair_style]
    shine = [_arc(person, *style.shine)] if style.shine else []
    flip = (-1.0 if person.mirrored else 1.0, 1.0)
    back, front, shine = (
        [part * flip for part in some]
        for some in (_back(person, style), _front(person, style), shine)
    )
    return Hair(back, front, shine, style.strength)


def _front(person: Person, style: Style) -> list[Points]:
    if style.ears:
        outline = np.array(style.ears)
        return [closed_curve(outline * (side * person.width, 1)) for side in (-1, 1)]
    line = _sides(*style.sides) if style.sides else style.line
    if not line:
        return []
    cap = _cap(person, style, line)
    return [_scalloped(cap, style.curls)]


def _back(person: Person, style: Style) -> list[Points]:
    length = style.back_lengths[0 if person.female else 1]
    if length:
        curve = _back_curve(person, length, style.back_puff)
        return [_scalloped(curve, style.back_curls)]
    if style.ball:
        ball, volume = style.ball, person.volume
        rx, ry = (r + g * volume for r, g in zip(ball.radii, ball.growth, strict=True))
        round_hair = ellipse(0.0, ball.y, rx, ry, ball.samples)
        return [_scalloped(round_hair, ball.curls)]
    return [closed_curve(style.tail)] if style.tail else []


def _cap(person: Person, style: Style, line: Outline) -> Points:
    """Hair over the skull: up from the left end over the crown to the right end, and back along
    the hairline."""
    up, p = style.rise * person.volume, style.puff * person.volume
    lean = style.lean
    over = [
        (-1.05 - p, style.ends[0]), (-1.09 - 1.2 * p, -0.35), (-0.98 - 1.3 * p, -0.95 - 0.4 * up),
        (-0.55 - p + lean, -1.28 - 0.9 * up), (lean, -1.36 - up),
        (0.55 + p + lean, -1.28 - 0.9 * up), (0.98 + 1.3 * p, -0.95 - 0.4 * up),
        (1.09 + 1.2 * p, -0.35), (1.05 + p, style.ends[1]),
    ]  # fmt: skip
    return closed_curve(np.array([*over, *line]) * (person.width, 1), 6)


def _arc(person: Person, y: float, wide: float) -> Points:
    """A line of light across the crown."""
    x = np.linspace(-wide, wide * 0.3, 9) * person.width
    return np.stack([x, y + 0.38 * (x / person.width) ** 2], 1)


def _sides(y: float, low: float) -> Outline:
    """Hairline of short hair from the right ear to the left one, forehead at height y and the
    sides down to `low`."""
    return [
        (0.97, low), (0.95, low - 0.36), (0.86, -0.52), (0.7, y + 0.12), (0.35, y), (0.0, y - 0.03),
        (-0.35, y), (-0.7, y + 0.12), (-0.86, -0.52), (-0.95, low - 0.36), (-0.97, low),
    ]  # fmt: skip


def _back_curve(person: Person, length: float, puff: float) -> Points:
    w = person.width + puff * person.volume
    half = [
        (0.0, -1.4), (0.75, -1.15), (1.1, -0.4), (1.1, 0.5), (1.08, 0.55 + 0.5 * (length - 0.55)),
        (1.0, length - 0.12), (0.75, length), (0.0, length),
    ]  # fmt: skip
    right = np.array(half) * (w, 1)
    left = right[-2:0:-1] * (-1, 1)
    return closed_curve(np.concatenate([right, left]))


def _scalloped(points: Points, curls: Curls | None) -> Points:
    """An outline with curls, if there are some: round bumps of a depth and number along it."""
    if curls is None:
        return points
    depth, count = curls
    closed = np.concatenate([points, points[:1]])
    dense = resampled(closed, np.linspace(0, 1, 8 * count, endpoint=False))
    tangent = np.roll(dense, -1, 0) - np.roll(dense, 1, 0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    bump = np.abs(np.sin(np.pi * count * np.arange(len(dense)) / len(dense)))
    return np.asarray(dense + depth * (bump[:, None] ** 0.7) * outward)
