"""Paints what is on a face: skin, nose, mouth, eyes, brows, beard and glasses."""

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
    disc,
    ellipse,
    open_curve,
    ribbon,
)
from ecgan.lab.drawn.expressions import Action
from ecgan.lab.drawn.people import Person, Shot
from ecgan.lab.drawn.rig import Eye, Face, Pose, brow_curve
from ecgan.lab.drawn.scenery import mix, shadow, symmetric

NOSE_LIFT = 0.22
"""How far the tip of the nose stands out, in eye distances."""
_ROSE = (206, 84, 84)
_TEETH = (252, 248, 240)
_THROAT = (96, 30, 38)
_TONGUE = (214, 104, 108)
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
        self,
        points: ArrayLike,
        colour: ArrayLike,
        alpha: float,
        blur: float,
        lift: float = 0.0,
    ) -> None:
        """A soft spot on the skin; `blur` in eye distances."""
        shape = self.pose(points, lift)
        unit = self.pose.unit
        self.canvas.fill(shape, colour, alpha=alpha, blur=blur * unit, clip=self.skin)

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
        brush.crease(
            [(side * 0.3, 0.21), (side * 0.48, 0.27 - lift), (side * 0.68, 0.21)], bag, 0.022
        )
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
        brush.crease(
            [(x * 1.25, -0.46), (x, -0.3), (x * 1.1, -0.16)], 0.62 * frown + 0.2 * old, 0.034
        )
        crow = 0.5 * action(6, side) * (0.3 + person.age) + 0.35 * old
        for dy in (-0.07, 0.02, 0.11):
            brush.crease(
                [(side * 0.82, 0.02 + 0.5 * dy), (side * 0.89, 0.02 + dy), (side * 0.95, 2 * dy)],
                crow,
                0.02,
            )
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
        brush.crease(
            [(wing[0] * 0.55, 0.14), (wing[0] * 0.85, 0.24), (wing[0] * 1.2, 0.28)],
            0.5 * action(9, side),
            0.022,
        )
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


def paint_mouth(brush: Brush) -> None:
    """Mouth with teeth and tongue where it is open, then the lips."""
    person, pose, mouth, unit = brush.person, brush.pose, brush.face.mouth, brush.pose.unit
    canvas, lift = brush.canvas, 0.06
    lips = mix(shadow(person.skin, 0.75), _ROSE, person.lip_red)
    if sum(person.skin) < 380:
        lips = mix(shadow(person.skin, 0.35), (170, 66, 72), 0.3 + 0.6 * person.lip_red)
    below = mouth.bottom[len(mouth.bottom) // 2]
    brush.soft(ellipse(below[0], below[1] + 0.07, 0.24, 0.05, 16), brush.shade, 0.6, 0.03)
    middle = mouth.top[len(mouth.top) // 2]
    brush.soft(
        ellipse(0, 0.5 * (brush.face.base[2, 1] + middle[1]) + 0.02, 0.04, 0.1, 14),
        brush.shade,
        0.3,
        0.025,
    )
    canvas.fill(pose(mouth.lower_lip, lift), lips)
    canvas.fill(pose(mouth.upper_lip, lift), mix(lips, shadow(lips), 0.65))
    light = mix(lips, (255, 240, 235), 0.6)
    centre = 0.5 * (mouth.lower + mouth.bottom)[len(mouth.lower) // 2]
    thick = (mouth.bottom - mouth.lower)[:, 1].max()
    gleam = pose(ellipse(0.06 * np.cos(brush.shot.light), centre[1], 0.13, 0.22 * thick, 16), lift)
    canvas.fill(gleam, light, alpha=0.45, blur=0.018 * unit)
    if mouth.opening > 0.015:
        _mouth_inside(brush, lift)
    seam = np.concatenate([mouth.upper[:1], mouth.upper[1:-1], mouth.upper[-1:]])
    width = np.array([0.035, 0.024, 0.018, 0.024, 0.035]) * unit
    line = ribbon(pose(seam, lift), width)
    canvas.fill(line, shadow(lips * 0.55), alpha=0.85)
    for side, corner in ((-1, mouth.top[0]), (1, mouth.top[-1])):
        x, y = corner
        level = brush.action
        pull = max(level(12, side), level(14, side), level(15, side), level(20, side))
        brush.soft(
            ellipse(x + side * 0.02, y + 0.01, 0.05, 0.05, 12), brush.shade, 0.4 + 0.4 * pull, 0.025
        )


def _mouth_inside(brush: Brush, lift: float) -> None:
    mouth, pose, action = brush.face.mouth, brush.pose, brush.action
    layer = Canvas(brush.canvas.size, brush.canvas.factor)
    inside = pose(mouth.inside, lift)
    layer.pixels[...] = _THROAT
    gap = mouth.opening
    low = mouth.lower[len(mouth.lower) // 2]
    half = 0.5 * (mouth.top[-1, 0] - mouth.top[0, 0])
    if gap > 0.10:
        tongue = pose(ellipse(0, low[1] + 0.03, 0.62 * half, 0.42 * gap + 0.03, 24), lift)
        layer.fill(tongue, _TONGUE, blur=0.012 * pose.unit)
        groove = pose(ellipse(0, low[1], 0.02, 0.25 * gap, 12), lift)
        layer.fill(groove, shadow(_TONGUE), alpha=0.6, blur=0.012 * pose.unit)
    height = min(0.10, 0.02 + 0.55 * gap)
    edge = slice(2, -2)
    rim = mouth.upper[edge] + (0, height)
    level = 0.6 * min(1.0, action(26) + action(27))  # a round mouth shows a straight row
    rim[:, 1] += level * np.minimum(0, mouth.upper[12, 1] + height - rim[:, 1])
    teeth = np.concatenate([mouth.upper[edge] - (0, 0.03), rim[::-1] * (0.95, 1)])
    layer.fill(pose(teeth, lift), _TEETH)
    shade = np.concatenate([mouth.upper - (0, 0.02), (mouth.upper - (0, -0.03))[::-1]])
    layer.fill(pose(shade, lift), (150, 110, 110), alpha=0.5, blur=0.012 * pose.unit)
    if brush.canvas.size >= 96:
        for x in np.linspace(-0.24, 0.24, 7):
            line = np.array([(x, mouth.upper[12, 1]), (x * 0.97, mouth.upper[12, 1] + height)])
            layer.fill(
                ribbon(pose(line, lift), [0.008 * pose.unit] * 2), (214, 200, 190), alpha=0.5
            )
    if action(16) > 0.15 or action(20) > 0.3:
        rows = np.concatenate([(mouth.lower[5:-5] - (0, 0.055)), mouth.lower[5:-5][::-1]])
        layer.fill(pose(rows, lift), mix(_TEETH, _THROAT, 0.15))
    brush.canvas.paste(layer.pixels, layer.mask(inside))


def paint_eyes(brush: Brush) -> None:
    """Eyeballs, irises, lids and lashes."""
    person, pose, canvas = brush.person, brush.pose, brush.canvas
    unit = pose.unit
    layer = Canvas(canvas.size, canvas.factor)
    iris = np.asarray(person.iris, np.float32)
    ink = mix(shadow(np.asarray(person.hair, np.float32) * 0.5), (34, 24, 28), 0.6)
    for eye in brush.face.eyes:
        layer.fill(pose(eye.outline), (252, 248, 243))
        top = ribbon(pose(eye.upper), np.array([0.14, 0.16, 0.14]) * unit)
        layer.fill(top, (176, 164, 172), alpha=0.6, blur=0.02 * unit)
        _iris(layer, brush, eye, iris)
    canvas.paste(layer.pixels, canvas.mask(*(pose(eye.outline) for eye in brush.face.eyes)))
    for side, eye in zip((-1, 1), brush.face.eyes, strict=True):
        if person.lashes > 0.4:
            lid = np.concatenate([eye.upper - (0, 0.11), eye.upper[::-1]])
            tone = mix(person.skin, (150, 80, 90), 0.45)
            brush.soft(lid, tone, 0.5 * person.lashes, 0.02)
        crease = eye.upper * (1, 1) - (0, 0.05 + 0.02 * brush.action(5, side))
        brush.crease(crease[2:-2:2], 0.35 + 0.3 * person.crease, 0.022)
    brush.paint_creases()
    for side, eye in zip((-1, 1), brush.face.eyes, strict=True):
        upper = eye.upper
        if person.lashes > 0.4:
            wing = upper[0] + np.array([side * 0.055, -0.05 * person.lashes])
            upper = np.concatenate([[wing], upper])
        thick = (0.036 + 0.026 * person.lashes) * unit
        line = ribbon(pose(upper, 0.01), np.array([0.25, 1.0, 1.0, 0.85, 0.35]) * thick)
        canvas.fill(line, ink)
        lower = ribbon(pose(eye.lower), np.array([0.2, 0.6, 1.0, 0.6]) * 0.018 * unit)
        canvas.fill(lower, brush.line, alpha=0.7)


def _iris(layer: Canvas, brush: Brush, eye: Eye, colour: Colour) -> None:
    shot, pose, unit = brush.shot, brush.pose, brush.pose.unit
    down = 0.07 * brush.action(64)
    x = eye.centre[0] + 0.45 * shot.gaze[0] - 0.12 * shot.yaw
    y = eye.centre[1] + 0.3 * shot.gaze[1] + down
    centre = pose(np.array([[x, y]]))[0]
    radius = eye.iris * unit
    layer.fill(disc(centre, radius, radius, 28), colour * 0.55)
    layer.fill(disc(centre, 0.84 * radius, 0.84 * radius, 28), colour)
    glow = mix(colour, (255, 236, 200), 0.4)
    layer.fill(
        ellipse(centre[0], centre[1] + 0.38 * radius, 0.55 * radius, 0.38 * radius, 18),
        glow,
        alpha=0.8,
        blur=0.1 * radius,
    )
    small = 0.47 * radius * (1 - 0.12 * brush.action(5))
    layer.fill(disc(centre, small, small, 20), (24, 18, 22))
    light = np.array([0.32 * np.cos(shot.light), -0.36]) * radius
    layer.fill(disc(centre + light, 0.2 * radius, 0.2 * radius, 12), (255, 255, 255))
    layer.fill(
        disc(centre - 0.8 * light, 0.1 * radius, 0.1 * radius, 10), (255, 255, 255), alpha=0.6
    )


def paint_brows(brush: Brush) -> None:
    person, unit = brush.person, brush.pose.unit
    hair = np.asarray(person.hair, np.float32)
    colour = mix(shadow(hair, 0.6 + 0.002 * hair.sum()), brush.line * 0.8, 0.2)
    widths = np.array([0.62, 1.0, 0.98, 0.72, 0.16]) * person.brow_thick * unit
    for brow in brush.face.brows:
        shape = ribbon(brush.pose(brow_curve(brow), 0.02), widths)
        brush.canvas.fill(shape, colour, alpha=0.95, clip=brush.skin)


def paint_beard(brush: Brush) -> list[Points]:
    """The beard's polygons in canvas pixels, which may reach beyond the chin."""
    person, pose, mouth = brush.person, brush.pose, brush.face.mouth
    kind = person.beard
    if kind == "none":
        return []
    unit = pose.unit
    hair = np.asarray(person.hair, np.float32)
    colour = shadow(hair, 0.5)
    top = mouth.top[len(mouth.top) // 2, 1]
    left, right = mouth.top[0], mouth.top[-1]
    nose = brush.face.base[2, 1] + 0.045
    tips = [
        (0.0, nose + 0.02), (0.18, nose + 0.01), (right[0] * 0.8, nose + 0.13),
        (right[0] + 0.1, right[1] - 0.03), (right[0] + 0.06, right[1] + 0.07),
        (right[0] * 0.6, top + 0.03), (0.0, top - 0.01), (left[0] * 0.6, top + 0.03),
        (left[0] - 0.06, left[1] + 0.07), (left[0] - 0.1, left[1] - 0.03),
        (left[0] * 0.8, nose + 0.13), (-0.18, nose + 0.01),
    ]  # fmt: skip
    moustache = pose(closed_curve(np.array(tips)), 0.03)
    if kind == "moustache":
        brush.canvas.fill(moustache, colour, blur=0.012 * unit)
        return []
    lower = brush.face.outline[8 * 4 : 8 * 12 + 1]
    if kind == "goatee":
        chin = lower[:, 1].max()
        around = [
            (0.0, nose + 0.03), (0.3, nose + 0.08), (right[0] + 0.09, right[1]),
            (0.36, 0.5 * (right[1] + chin) + 0.05), (0.22, chin - 0.02), (0.0, chin + 0.05),
        ]  # fmt: skip
        polygons = [pose(symmetric(around), 0.01)]
        brush.canvas.fill(polygons[0], colour, alpha=0.95, blur=0.015 * unit)
        return [_grown(polygons[0], 0.05 * unit)]
    swell = 1.045 if kind == "full" else 1.0
    edge = (lower - (0, 0.5)) * (swell, swell + 0.01) + (0, 0.5)
    cheek = [
        (-0.86, 0.72), (-0.66, 0.95), (left[0] - 0.08, left[1] - 0.12), (-0.24, nose + 0.02),
        (0.0, nose + 0.03), (0.24, nose + 0.02), (right[0] + 0.08, right[1] - 0.12), (0.66, 0.95),
        (0.86, 0.72),
    ]  # fmt: skip
    shape = np.concatenate([edge, open_curve(np.array(cheek), 5)])
    polygon = pose(shape, 0.01)
    if kind == "stubble":
        tone = mix(brush.person.skin, hair * 0.7, 0.55)
        brush.canvas.fill(polygon, tone, alpha=0.45, blur=0.05 * unit, clip=brush.skin)
        return []
    brush.canvas.fill(polygon, colour, blur=0.02 * unit)
    brush.canvas.fill(moustache, shadow(hair, 0.25), alpha=0.8, blur=0.02 * unit)
    return [_grown(polygon, 0.07 * unit)]


def paint_glasses(brush: Brush) -> None:
    person, pose, canvas = brush.person, brush.pose, brush.canvas
    if person.glasses is None:
        return
    lift, unit = 0.2, brush.pose.unit
    t = np.linspace(0, 2 * np.pi, 41)
    cosine, sine = np.cos(t), np.sin(t)
    for side in (-1, 1):
        if person.glasses == "round":
            x, y = 0.40 * cosine, 0.39 * sine
        else:
            x = 0.43 * np.sign(cosine) * np.abs(cosine) ** 0.55
            y = 0.31 * np.sign(sine) * np.abs(sine) ** 0.6
        if person.glasses == "cat":
            y = y - 0.13 * np.clip(x / 0.43, 0, 1) ** 2 * (sine < 0.3)
        lens = np.stack([side * (0.51 + x), 0.05 + y], 1)
        shape = pose(lens, lift, depth=False) + _front(pose)
        canvas.fill(shape, (255, 255, 255), alpha=0.10)
        glare = shape[[20, 23, 28, 30]] * 0.8 + shape.mean(0) * 0.2
        canvas.fill(glare, (255, 255, 255), alpha=0.18)
        canvas.fill(ribbon(shape, [0.05 * unit] * 2), person.frame)
        arm = np.array([(side * 0.92, 0.0), (side * 1.07 * person.width, -0.02)])
        ends = pose(arm, depth=False) + _front(pose) * [[1.0], [0.0]]
        canvas.fill(ribbon(ends, [0.05 * unit] * 2), person.frame)
    bridge = open_curve(np.array([(-0.13, 0.0), (0.0, -0.06), (0.13, 0.0)]), 5)
    shape = pose(bridge, lift, depth=False) + _front(pose)
    canvas.fill(ribbon(shape, [0.05 * unit] * 2), person.frame)


def _front(pose: Pose) -> Points:
    """Shift from the plane of the ears to that of the glasses, in canvas pixels."""
    eyes = np.array([(-0.5, 0.0), (0.5, 0.0)])
    return np.asarray((pose(eyes) - pose(eyes, depth=False)).mean(0))


def _grown(points: Points, margin: float) -> Points:
    """A polygon pushed out from its centre: what a soft edge reaches."""
    centre = points.mean(0)
    away = points - centre
    return np.asarray(points + margin * away / np.linalg.norm(away, axis=1, keepdims=True))
