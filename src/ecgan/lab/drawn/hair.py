"""Hair styles as polygons in face coordinates: what hangs behind the head, and what lies on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ecgan.lab.drawn.canvas import Points, closed_curve, ellipse
from ecgan.lab.drawn.people import Person


@dataclass(frozen=True)
class Hair:
    """Polygons, in the order in which they are painted."""

    back: list[Points] = field(default_factory=list)
    front: list[Points] = field(default_factory=list)
    shine: list[Points] = field(default_factory=list)
    """Open lines of light on the front."""
    strength: float = 1.0
    """Opacity of the front."""


def build_hair(person: Person) -> Hair:
    """The hair of a person; nothing for a bald one."""
    style = _STYLES[person.hair_style](person)
    if not person.mirrored:
        return style
    flip = np.array([-1.0, 1.0])
    return Hair(
        [part * flip for part in style.back],
        [part * flip for part in style.front],
        [part * flip for part in style.shine],
        style.strength,
    )


def _cap(
    person: Person,
    hairline: list[tuple[float, float]],
    *,
    rise: float = 0.2,
    puff: float = 0.07,
    ends: tuple[float, float] = (0.2, 0.2),
    lean: float = 0.0,
) -> Points:
    """Hair over the skull: up from the left end over the crown to the right end, and back along
    the hairline, which is given from right to left."""
    w, up = person.width, rise * person.volume
    p = puff * person.volume
    over = [
        (-1.05 - p, ends[0]), (-1.09 - 1.2 * p, -0.35), (-0.98 - 1.3 * p, -0.95 - 0.4 * up),
        (-0.55 - p + lean, -1.28 - 0.9 * up), (lean, -1.36 - up),
        (0.55 + p + lean, -1.28 - 0.9 * up), (0.98 + 1.3 * p, -0.95 - 0.4 * up),
        (1.09 + 1.2 * p, -0.35), (1.05 + p, ends[1]),
    ]  # fmt: skip
    return closed_curve(np.array([*over, *hairline]) * (w, 1), 6)


def _arc(person: Person, y: float = -1.2, wide: float = 0.75) -> Points:
    """A line of light across the crown."""
    x = np.linspace(-wide, wide * 0.3, 9) * person.width
    return np.stack([x, y + 0.38 * (x / person.width) ** 2], 1)


def _sides(y: float, low: float = 0.16) -> list[tuple[float, float]]:
    """Hairline of short hair from the right ear to the left one, forehead at height y and the
    sides down to `low`."""
    return [
        (0.97, low), (0.95, low - 0.36), (0.86, -0.52), (0.7, y + 0.12), (0.35, y), (0.0, y - 0.03),
        (-0.35, y), (-0.7, y + 0.12), (-0.86, -0.52), (-0.95, low - 0.36), (-0.97, low),
    ]  # fmt: skip


def _crop(person: Person) -> Hair:
    return Hair(front=[_cap(person, _sides(-0.9))], shine=[_arc(person)])


def _buzz(person: Person) -> Hair:
    return Hair(front=[_cap(person, _sides(-0.95), rise=0.04, puff=0.012)], strength=0.86)


def _quiff(person: Person) -> Hair:
    line = [
        (0.97, 0.16), (0.95, -0.2), (0.87, -0.55), (0.72, -0.88), (0.3, -1.02), (-0.1, -0.93),
        (-0.5, -0.88), (-0.78, -0.76), (-0.88, -0.5), (-0.95, -0.2), (-0.97, 0.16),
    ]  # fmt: skip
    return Hair(
        front=[_cap(person, line, rise=0.42, puff=0.05, lean=-0.16)],
        shine=[_arc(person, -1.34, 0.6)],
    )


def _part(person: Person) -> Hair:
    line = [
        (0.99, 0.22), (0.96, -0.2), (0.88, -0.52), (0.74, -0.9), (0.52, -1.08), (0.3, -0.86),
        (-0.1, -0.66), (-0.5, -0.52), (-0.8, -0.4), (-0.92, -0.12), (-0.98, 0.22),
    ]  # fmt: skip
    hair = Hair(front=[_cap(person, line, rise=0.24, lean=-0.04)], shine=[_arc(person)])
    return _with_back(hair, person, 1.0) if person.female else hair


def _fringe(person: Person) -> Hair:
    line = [
        (0.98, 0.2), (0.95, -0.2), (0.84, -0.46), (0.62, -0.62), (0.42, -0.5), (0.2, -0.66),
        (-0.02, -0.52), (-0.26, -0.66), (-0.5, -0.5), (-0.74, -0.6), (-0.9, -0.3), (-0.97, 0.2),
    ]  # fmt: skip
    return Hair(front=[_cap(person, line, rise=0.24)], shine=[_arc(person)])


def _pixie(person: Person) -> Hair:
    line = [
        (1.0, 0.42), (0.93, 0.1), (0.92, -0.3), (0.72, -0.74), (0.45, -0.92), (0.1, -0.72),
        (-0.3, -0.56), (-0.66, -0.44), (-0.86, -0.16), (-0.9, 0.2), (-1.0, 0.5),
    ]  # fmt: skip
    return Hair(
        front=[_cap(person, line, rise=0.24, puff=0.1, ends=(0.4, 0.34))], shine=[_arc(person)]
    )


def _bangs(person: Person) -> Hair:
    line = [
        (1.02, 1.6), (0.9, 0.5), (0.9, -0.2), (0.78, -0.5), (0.4, -0.58), (0.0, -0.56),
        (-0.4, -0.58), (-0.78, -0.5), (-0.9, -0.2), (-0.9, 0.5), (-1.02, 1.6),
    ]  # fmt: skip
    front = _cap(person, line, rise=0.2, puff=0.1, ends=(1.6, 1.6))
    return _with_back(Hair(front=[front], shine=[_arc(person)]), person, 2.2)


def _long(person: Person) -> Hair:
    line = [
        (1.02, 1.25), (0.93, 0.5), (0.92, -0.1), (0.76, -0.6), (0.42, -0.95), (0.04, -1.14),
        (-0.4, -0.92), (-0.74, -0.6), (-0.92, -0.1), (-0.93, 0.5), (-1.02, 1.25),
    ]  # fmt: skip
    front = _cap(person, line, rise=0.18, puff=0.08, ends=(1.25, 1.25))
    return _with_back(Hair(front=[front], shine=[_arc(person)]), person, 2.6)


def _waves(person: Person) -> Hair:
    line = [
        (1.08, 0.9), (0.9, 0.55), (0.98, 0.15), (0.88, -0.3), (0.7, -0.72), (0.36, -1.06),
        (0.0, -0.8), (-0.4, -0.62), (-0.76, -0.4), (-0.96, 0.0), (-0.88, 0.4), (-1.06, 0.9),
    ]  # fmt: skip
    front = _cap(person, line, rise=0.26, puff=0.13, ends=(0.9, 0.9))
    hair = Hair(front=[front], shine=[_arc(person)])
    length = 2.3 if person.female else 1.35
    back = _scalloped(_back_curve(person, length, 0.2), 0.07, 13)
    return Hair([back], hair.front, hair.shine)


def _bob(person: Person) -> Hair:
    line = [
        (1.0, 1.2), (0.86, 0.8), (0.93, 0.1), (0.8, -0.46), (0.5, -0.9), (0.2, -1.02),
        (-0.2, -0.7), (-0.6, -0.5), (-0.88, -0.1), (-0.88, 0.7), (-0.98, 1.24),
    ]  # fmt: skip
    front = _cap(person, line, rise=0.22, puff=0.13, ends=(1.2, 1.24))
    return _with_back(Hair(front=[front], shine=[_arc(person)]), person, 1.35)


def _tied(person: Person) -> Hair:
    line = [
        (0.98, 0.1), (0.95, -0.25), (0.84, -0.6), (0.6, -0.9), (0.3, -1.02), (0.0, -1.05),
        (-0.3, -1.02), (-0.6, -0.9), (-0.84, -0.6), (-0.95, -0.25), (-0.98, 0.1),
    ]  # fmt: skip
    return Hair(
        front=[_cap(person, line, rise=0.09, puff=0.02, ends=(0.1, 0.1))], shine=[_arc(person)]
    )


def _bun(person: Person) -> Hair:
    hair = _tied(person)
    return Hair([ellipse(0.0, -1.55, 0.42, 0.36)], hair.front, hair.shine)


def _ponytail(person: Person) -> Hair:
    hair = _tied(person)
    tail = [
        (0.5, -1.3), (1.1, -1.35), (1.5, -0.9), (1.56, 0.0), (1.4, 0.9), (1.5, 1.5), (1.2, 1.1),
        (1.12, 0.2), (1.05, -0.6),
    ]  # fmt: skip
    return Hair([closed_curve(tail)], hair.front, hair.shine)


def _afro(person: Person) -> Hair:
    ball = ellipse(0.0, -0.5, 1.42 + 0.15 * person.volume, 1.2 + 0.12 * person.volume, 60)
    front = _cap(person, _sides(-0.88, -0.06), rise=0.34, puff=0.16, ends=(-0.12, -0.12))
    return Hair([_scalloped(ball, 0.05, 17)], [front])


def _curls(person: Person) -> Hair:
    front = _scalloped(
        _cap(person, _sides(-0.82, -0.04), rise=0.32, puff=0.12, ends=(-0.1, -0.1)), 0.055, 24
    )
    hair = Hair(front=[front])
    if not person.female:
        return hair
    back = _scalloped(_back_curve(person, 1.6, 0.32), 0.1, 15)
    return Hair([back], hair.front)


def _ring(person: Person) -> Hair:
    """What is left around the ears of an old man."""
    parts = []
    for side in (-1, 1):
        patch = [
            (0.96, 0.2), (0.99, -0.2), (0.9, -0.62), (1.0, -0.8), (1.15, -0.45), (1.18, 0.0),
            (1.1, 0.35),
        ]  # fmt: skip
        parts.append(closed_curve(np.array(patch) * (side * person.width, 1)))
    return Hair(front=parts)


def _bald(person: Person) -> Hair:
    del person
    return Hair()


def _scarf(person: Person) -> Hair:
    line = [
        (0.98, 1.3), (0.99, 0.5), (0.95, -0.3), (0.7, -0.82), (0.3, -1.0), (0.0, -1.03),
        (-0.3, -1.0), (-0.7, -0.82), (-0.95, -0.3), (-0.99, 0.5), (-0.98, 1.3),
    ]  # fmt: skip
    front = _cap(person, line, rise=0.22, puff=0.14, ends=(1.3, 1.3))
    return Hair([_back_curve(person, 2.25, 0.2)], [front], [_arc(person)])


def _with_back(hair: Hair, person: Person, length: float) -> Hair:
    return Hair([_back_curve(person, length, 0.12)], hair.front, hair.shine)


def _back_curve(person: Person, length: float, puff: float) -> Points:
    w = person.width + puff * person.volume
    half = [
        (0.0, -1.4), (0.75, -1.15), (1.1, -0.4), (1.1, 0.5), (1.08, 0.55 + 0.5 * (length - 0.55)),
        (1.0, length - 0.12), (0.75, length), (0.0, length),
    ]  # fmt: skip
    right = np.array(half) * (w, 1)
    left = right[-2:0:-1] * (-1, 1)
    return closed_curve(np.concatenate([right, left]))


def _scalloped(points: Points, depth: float, count: int) -> Points:
    """Curls: round bumps along an outline."""
    steps = np.linalg.norm(np.diff(points, axis=0, append=points[:1]), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], 8 * count, endpoint=False)
    closed = np.concatenate([points, points[:1]])
    dense = np.stack([np.interp(wanted, along, closed[:, axis]) for axis in (0, 1)], 1)
    tangent = np.roll(dense, -1, 0) - np.roll(dense, 1, 0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    bump = np.abs(np.sin(np.pi * count * np.arange(len(dense)) / len(dense)))
    return np.asarray(dense + depth * (bump[:, None] ** 0.7) * outward)


_STYLES: dict[str, Callable[[Person], Hair]] = {
    "crop": _crop,
    "buzz": _buzz,
    "quiff": _quiff,
    "part": _part,
    "fringe": _fringe,
    "pixie": _pixie,
    "bangs": _bangs,
    "long": _long,
    "waves": _waves,
    "bob": _bob,
    "bun": _bun,
    "ponytail": _ponytail,
    "afro": _afro,
    "curls": _curls,
    "ring": _ring,
    "bald": _bald,
    "scarf": _scarf,
}
