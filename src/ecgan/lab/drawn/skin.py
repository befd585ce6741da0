"""Paints a face's skin: cheeks, wrinkles and nose, with a brush that features share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ecgan.lab.drawn.canvas import (
    Canvas,
    Colour,
    Pixels,
    Points,
    closed_curve,
    ellipse,
    mix,
    open_curve,
    ribbon,
    shadow,
)
from ecgan.lab.drawn.people import Action, Person, Shot
from ecgan.lab.drawn.rig import Face, Pose

NOSE_LIFT = 0.22
"""How far the tip of the nose stands out, in eye distances."""
_TAPER = np.array([0.1, 1, 0.8, 0.1])


@dataclass(frozen=True)
class Brush:
    """A canvas with all that the painting depends on."""

    canvas: Canvas
    pose: Pose
    person: Person
    shot: Shot
    face: Face
    action: Action
    skin: Pixels
    """Mask of the head."""
    creases: dict[int, list[tuple[ArrayLike, float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Control points, opacity and width of what `paint_creases` will draw, by number of points."""

    @cached_property
    def shade(self) -> Colour:
        return shadow(self.person.skin, 1.15)

    @cached_property
    def line(self) -> Colour:
        """For creases."""
        return shadow(np.asarray(self.person.skin, np.float32) * 0.82, 1.2)

    def soft(
        self, points: ArrayLike, colour: ArrayLike, alpha: float, blur: float, lift: float = 0.0
    ) -> None:
        """A soft spot on the skin; `blur` in eye distances."""
        shape, blur = self.pose(points, lift), blur * self.pose.unit
        self.canvas.fill(shape, colour, alpha=alpha, blur=blur, clip=self.skin)

    def crease(
        self, control: Sequence[ArrayLike] | Points, alpha: float, width: float = 0.03
    ) -> None:
        """A tapering line on the skin, drawn with the others by `paint_creases`."""
        if alpha >= 0.03:
            points = np.asarray(control, np.float64)
            self.creases[len(points)].append((points, min(0.75, alpha), width))

    def paint_creases(self) -> None:
        """All creases at once: one by one they are the costliest part of a small picture."""
        unit = self.pose.unit
        shapes: list[Points] = []
        alphas: list[float] = []
        for some in self.creases.values():
            controls, levels, widths = zip(*some, strict=True)
            curves = self.pose(open_curve(np.array(controls), 5))
            shapes.extend(ribbon(curves, np.multiply.outer(widths, _TAPER) * unit))
            alphas.extend(levels)
        self.creases.clear()
        self.canvas.fill_all(shapes, alphas, self.line, blur=0.008 * unit, clip=self.skin)


def paint_skin(brush: Brush) -> None:
    """Cheeks, freckles, sockets of the eyes, and the wrinkles of age and of action."""
    person, action = brush.person, brush.action
    warm = mix(person.skin, (232, 92, 80), 0.5)
    for side in (-1, 1):
        lift = 0.05 * action(6, side)
        cheek = ellipse(side * 0.68, 0.62 - lift, 0.27, 0.2)
        brush.soft(cheek, warm, 0.42 * min(1.0, person.blush + 0.2 * action(6, side)), 0.11)
        socket = ellipse(side * 0.5, -0.04, 0.36, 0.2)
        brush.soft(socket, brush.shade, 0.28, 0.07)
        bulge = min(1.2, action(6, side) + 0.4 * action(12, side))
        if bulge > 0.05:
            light = np.minimum(np.asarray(person.skin, np.float32) * 1.16 + 6, 255)
            brush.soft(ellipse(side * 0.64, 0.46, 0.2, 0.12), light, 0.55 * bulge, 0.06)
        bag = 0.4 * max(0.0, person.age - 0.3) + 0.3 * action(6, side) + 0.2 * action(9, side)
        below = [(side * 0.3, 0.21), (side * 0.48, 0.27 - lift), (side * 0.68, 0.21)]
        brush.crease(below, bag, 0.022)
    if person.freckles:
        for side in (-1, 1):
            for x, y in ((0.45, 0.5), (0.56, 0.58), (0.68, 0.5), (0.62, 0.43), (0.35, 0.56)):
                brush.soft(ellipse(side * x, y, 0.022, 0.022, 8), brush.line, 0.45, 0.006)
    light = mix(person.skin, (255, 246, 230), 0.55)
    toward = 0.25 * np.cos(brush.shot.light)
    brush.soft(ellipse(toward, -0.72, 0.5, 0.22), light, 0.3, 0.16)
    chin = 1.68 * person.length + brush.face.drop - 0.03 * action(17)
    brush.soft(ellipse(0.5 * toward, chin, 0.2, 0.09), light, 0.3, 0.06)
    _wrinkles(brush)
    brush.paint_creases()


def _wrinkles(brush: Brush) -> None:
    person, action = brush.person, brush.action
    old = max(0.0, person.age - 0.35)
    raised = 0.5 * (action(1) + action(2)) * (0.35 + 0.5 * person.age)
    inner = max(0.0, action(1) - action(2)) * (0.3 + 0.4 * person.age)
    for number, y in enumerate((-0.66, -0.8, -0.94)):
        wide = 0.52 - 0.06 * number
        line = [(-wide, y + 0.05), (-wide / 3, y), (wide / 3, y), (wide, y + 0.05)]
        brush.crease(line, 0.45 * old + 0.75 * raised, 0.024)
        if inner > 0.05 and number < 2:
            brush.crease([(-0.22, y + 0.08), (0, y + 0.02), (0.22, y + 0.08)], 0.8 * inner, 0.026)
    frown = max(0.0, action(4) - 0.25 * action(1)) + 0.4 * action(9)
    for side in (-1, 1):
        x = side * (0.085 - 0.02 * action(4))
        between = [(x * 1.25, -0.46), (x, -0.3), (x * 1.1, -0.16)]
        brush.crease(between, 0.62 * frown + 0.2 * old, 0.034)
        crow = 0.5 * action(6, side) * (0.3 + person.age) + 0.35 * old
        for dy in (-0.07, 0.02, 0.11):
            foot = [(side * 0.82, 0.02 + 0.5 * dy), (side * 0.89, 0.02 + dy), (side * 0.95, 2 * dy)]
            brush.crease(foot, crow, 0.02)
        corner = brush.face.mouth.top[0 if side < 0 else -1]
        fold = 0.55 * action(12, side) + 0.75 * action(10, side) + 0.6 * action(9, side)
        fold += 0.22 * action(20, side) + 0.5 * old + 0.25 * action(15, side)
        wing = brush.face.base[0 if side < 0 else -1]
        x = side * max(0.5, abs(corner[0]) + 0.1)
        end = min(corner[1], wing[1] + 0.42)
        path = [
            (wing[0] + side * 0.07, wing[1] - 0.08),
            (0.45 * wing[0] + 0.6 * x, 0.65 * wing[1] + 0.35 * end - 0.01),
            (0.1 * wing[0] + 0.93 * x, 0.3 * wing[1] + 0.7 * end),
            (x, end + 0.02),
        ]
        brush.crease(path, 0.5 * fold, 0.034)
        if fold > 0.2:
            shape = ribbon(open_curve(np.array(path), 5), [0.02, 0.09, 0.02])
            brush.soft(shape, brush.shade, 0.35 * min(1.0, fold), 0.04)
        beside = [(wing[0] * 0.55, 0.14), (wing[0] * 0.85, 0.24), (wing[0] * 1.2, 0.28)]
        brush.crease(beside, 0.5 * action(9, side), 0.022)
    for y in (0.04, 0.14):
        brush.crease([(-0.1, y), (0, y - 0.03), (0.1, y)], 0.7 * action(9), 0.024)
    if action(17) > 0.1:
        y = 1.62 * person.length
        for x, dy in ((-0.1, 0.03), (0.0, -0.03), (0.1, 0.03), (-0.05, 0.1), (0.06, 0.1)):
            brush.soft(ellipse(x, y + dy, 0.03, 0.022, 8), brush.shade, 0.7 * action(17), 0.012)


def paint_nose(brush: Brush) -> None:
    """Bridge, wings, nostrils and the light on the tip."""
    person, face, pose = brush.person, brush.face, brush.pose
    base, tip = face.base, face.bridge[-1]
    away = -1.0 if np.cos(brush.shot.light) > 0 else 1.0
    dark = brush.shade
    side = [
        (0.05 * away, 0.02), (0.10 * away, 0.3), (0.9 * away * abs(base[0, 0]), tip[1] + 0.06),
        (0.5 * away * abs(base[0, 0]), base[2, 1] - 0.05), (0.04 * away, 0.45),
    ]  # fmt: skip
    brush.soft(closed_curve(np.array(side)), dark, 0.5 * brush.shot.contrast, 0.035, NOSE_LIFT / 2)
    under = [
        tuple(base[0] + (0.0, -0.05)), tuple(base[0] + (0.02, 0.02)), tuple(base[1]),
        tuple(base[2] + (0, 0.02)), tuple(base[3]), tuple(base[4] + (-0.02, 0.02)),
        tuple(base[4] + (0.0, -0.05)), (tip[0] + 0.08, base[2, 1] - 0.07),
        (tip[0] - 0.08, base[2, 1] - 0.07),
    ]  # fmt: skip
    brush.soft(closed_curve(np.array(under)), dark, 0.8, 0.018, NOSE_LIFT / 2)
    for index, sign in ((1, -1), (3, 1)):
        x, y = base[index] + (sign * 0.01, -0.018)
        brush.soft(ellipse(x, y, 0.052, 0.026, 12), brush.line * 0.75, 0.85, 0.008, NOSE_LIFT / 2)
        wing = base[0 if sign < 0 else 4]
        lift = NOSE_LIFT / 2
        along = np.array([(sign * -0.02, -0.13), (sign * 0.03, -0.05), (0.0, 0.02)])
        curve = open_curve(along + wing, 5)
        stroke = ribbon(pose(curve, lift), np.array([0.0, 0.026, 0.012]) * pose.unit)
        brush.canvas.fill(stroke, brush.line, alpha=0.6, clip=brush.skin)
    light = mix(person.skin, (255, 250, 240), 0.7)
    x = tip[0] + 0.03 * np.cos(brush.shot.light)
    brush.soft(ellipse(x, tip[1], 0.075, 0.06, 14), light, 0.6, 0.025, NOSE_LIFT)
    brush.soft(ellipse(x, 0.32, 0.035, 0.22, 14), light, 0.35, 0.025, NOSE_LIFT * 0.7)
