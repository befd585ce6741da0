"""Paints the features of a face: mouth, eyes, brows, beard and glasses."""

from __future__ import annotations

import numpy as np

from ecgan.lab.drawn.canvas import (
    Canvas,
    Colour,
    Points,
    band,
    closed_curve,
    ellipse,
    mix,
    open_curve,
    ribbon,
    shadow,
    symmetric,
)
from ecgan.lab.drawn.rig import Eye
from ecgan.lab.drawn.skin import Brush

_ROSE = (206, 84, 84)
_TEETH = (252, 248, 240)
_THROAT = (96, 30, 38)
_TONGUE = (214, 104, 108)


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
    groove = ellipse(0, 0.5 * (brush.face.base[2, 1] + middle[1]) + 0.02, 0.04, 0.1, 14)
    brush.soft(groove, brush.shade, 0.3, 0.025)
    canvas.fill(pose(band(mouth.lower, mouth.bottom), lift), lips)
    canvas.fill(pose(band(mouth.top, mouth.upper), lift), mix(lips, shadow(lips), 0.65))
    light = mix(lips, (255, 240, 235), 0.6)
    centre = 0.5 * (mouth.lower + mouth.bottom)[len(mouth.lower) // 2]
    thick = (mouth.bottom - mouth.lower)[:, 1].max()
    gleam = pose(ellipse(0.06 * np.cos(brush.shot.light), centre[1], 0.13, 0.22 * thick, 16), lift)
    canvas.fill(gleam, light, alpha=0.45, blur=0.018 * unit)
    if mouth.opening > 0.015:
        _mouth_inside(brush, lift)
    width = np.array([0.035, 0.024, 0.018, 0.024, 0.035]) * unit
    seam = ribbon(pose(mouth.upper, lift), width)
    canvas.fill(seam, shadow(lips * 0.55), alpha=0.85)
    for side, (x, y) in ((-1, mouth.top[0]), (1, mouth.top[-1])):
        pull = max(brush.action(unit, side) for unit in (12, 14, 15, 20))
        corner = ellipse(x + side * 0.02, y + 0.01, 0.05, 0.05, 12)
        brush.soft(corner, brush.shade, 0.4 + 0.4 * pull, 0.025)


def _mouth_inside(brush: Brush, lift: float) -> None:
    mouth, pose, action = brush.face.mouth, brush.pose, brush.action
    layer = Canvas(brush.canvas.size, brush.canvas.factor)
    inside = pose(band(mouth.upper, mouth.lower), lift)
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
    edge = mouth.upper[2:-2]
    rim = edge + np.array([0, height])
    level = 0.6 * min(1.0, action(26) + action(27))  # a round mouth shows a straight row
    rim[:, 1] += level * np.minimum(0, mouth.upper[12, 1] + height - rim[:, 1])
    teeth = np.concatenate([edge - (0, 0.03), rim[::-1] * (0.95, 1)])
    layer.fill(pose(teeth, lift), _TEETH)
    shade = band(mouth.upper - (0, 0.02), mouth.upper - (0, -0.03))
    layer.fill(pose(shade, lift), (150, 110, 110), alpha=0.5, blur=0.012 * pose.unit)
    if brush.canvas.size >= 96:
        for x in np.linspace(-0.24, 0.24, 7):
            line = np.array([(x, mouth.upper[12, 1]), (x * 0.97, mouth.upper[12, 1] + height)])
            gap_line = ribbon(pose(line, lift), [0.008 * pose.unit] * 2)
            layer.fill(gap_line, (214, 200, 190), alpha=0.5)
    if action(16) > 0.15 or action(20) > 0.3:
        rows = band(mouth.lower[5:-5] - (0, 0.055), mouth.lower[5:-5])
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
            lid = band(eye.upper - (0, 0.11), eye.upper)
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
    gaze_x = eye.centre[0] + 0.45 * shot.gaze[0] - 0.12 * shot.yaw
    gaze_y = eye.centre[1] + 0.3 * shot.gaze[1] + 0.07 * brush.action(64)
    x, y = pose([[gaze_x, gaze_y]])[0]
    radius = eye.iris * unit
    layer.fill(ellipse(x, y, radius, radius, 28), colour * 0.55)
    layer.fill(ellipse(x, y, 0.84 * radius, 0.84 * radius, 28), colour)
    glow = ellipse(x, y + 0.38 * radius, 0.55 * radius, 0.38 * radius, 18)
    layer.fill(glow, mix(colour, (255, 236, 200), 0.4), alpha=0.8, blur=0.1 * radius)
    small = 0.47 * radius * (1 - 0.12 * brush.action(5))
    layer.fill(ellipse(x, y, small, small, 20), (24, 18, 22))
    right, down = np.array([0.32 * np.cos(shot.light), -0.36]) * radius
    large, small = 0.2 * radius, 0.1 * radius
    white = (255, 255, 255)
    layer.fill(ellipse(x + right, y + down, large, large, 12), white)
    layer.fill(ellipse(x - 0.8 * right, y - 0.8 * down, small, small, 10), white, alpha=0.6)


def paint_brows(brush: Brush) -> None:
    person, unit = brush.person, brush.pose.unit
    hair = np.asarray(person.hair, np.float32)
    colour = mix(shadow(hair, 0.6 + 0.002 * hair.sum()), brush.line * 0.8, 0.2)
    widths = np.array([0.62, 1.0, 0.98, 0.72, 0.16]) * person.brow_thick * unit
    for brow in brush.face.brows:
        shape = ribbon(brush.pose(open_curve(brow, 5), 0.02), widths)
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
    lift, wire = 0.2, [0.05 * pose.unit] * 2
    eyes = np.array([(-0.5, 0.0), (0.5, 0.0)])
    front = (pose(eyes) - pose(eyes, depth=False)).mean(0)  # from the ears' plane to the glasses'
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
        shape = pose(np.stack([side * (0.51 + x), 0.05 + y], 1), lift, depth=False) + front
        canvas.fill(shape, (255, 255, 255), alpha=0.10)
        glare = shape[[20, 23, 28, 30]] * 0.8 + shape.mean(0) * 0.2
        canvas.fill(glare, (255, 255, 255), alpha=0.18)
        canvas.fill(ribbon(shape, wire), person.frame)
        arm = np.array([(side * 0.92, 0.0), (side * 1.07 * person.width, -0.02)])
        ends = pose(arm, depth=False) + front * [[1.0], [0.0]]
        canvas.fill(ribbon(ends, wire), person.frame)
    bridge = open_curve(np.array([(-0.13, 0.0), (0.0, -0.06), (0.13, 0.0)]), 5)
    canvas.fill(ribbon(pose(bridge, lift, depth=False) + front, wire), person.frame)


def _grown(points: Points, margin: float) -> Points:
    """A polygon pushed out from its centre: what a soft edge reaches."""
    centre = points.mean(0)
    away = points - centre
    return np.asarray(points + margin * away / np.linalg.norm(away, axis=1, keepdims=True))
