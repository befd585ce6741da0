"""What lies behind the face: background, the hair behind the head, neck, clothes and ears."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ecgan.lab.drawn.canvas import Canvas, Colour, Points, closed_curve, disc, ellipse
from ecgan.lab.drawn.hair import Hair
from ecgan.lab.drawn.people import Person, Shot
from ecgan.lab.drawn.rig import Pose


def mix(first: ArrayLike, second: ArrayLike, share: float) -> Colour:
    """A colour `share` of the way from the first to the second."""
    a, b = np.asarray(first, np.float32), np.asarray(second, np.float32)
    return np.asarray(a + (b - a) * np.float32(share))


def shadow(colour: ArrayLike, depth: float = 1.0) -> Colour:
    """A colour in shadow: darker and a little warmer."""
    factor = 1 - depth * np.array([0.17, 0.27, 0.27], np.float32)
    return np.asarray(np.asarray(colour, np.float32) * factor)


def both(points: ArrayLike) -> tuple[Points, Points]:
    """Points of the right half, and their mirror image."""
    right = np.asarray(points, np.float64)
    return right, right * (-1, 1)


def symmetric(points: ArrayLike, samples: int = 6) -> Points:
    """A smooth closed shape from its right half, top to bottom."""
    right, left = both(points)
    inner = left[::-1]
    if abs(right[-1, 0]) < 1e-9:
        inner = inner[1:]
    if abs(right[0, 0]) < 1e-9:
        inner = inner[:-1]
    return closed_curve(np.concatenate([right, inner]), samples)


def paint_background(canvas: Canvas, shot: Shot) -> None:
    """Plain, graded or patterned, in two colours of the shot."""
    first, second = (np.asarray(colour, np.float32) for colour in shot.colours)
    side = canvas.pixels.shape[0]
    random = np.random.default_rng(shot.pattern)
    kind = shot.background
    canvas.pixels[...] = first.astype(np.uint8)
    if kind == "gradient":
        ramp = np.linspace(0, 1, side, dtype=np.float32)
        share = np.clip(ramp[:, None] * 0.8 + ramp[None] * (random.random() - 0.5) * 0.5, 0, 1)
        canvas.pixels[...] = (first + (second - first) * share[..., None] + 0.5).astype(np.uint8)
    elif kind == "halo":
        radius = side * random.uniform(0.40, 0.47)
        pale = mix(first, second, 0.65)
        canvas.fill(ellipse(side / 2, side * 0.47, radius, radius, 64), pale)
    elif kind == "dots":
        step = side / random.integers(6, 10)
        for row, y in enumerate(np.arange(0, side + step, step)):
            for x in np.arange((row % 2) * step / 2, side + step, step):
                canvas.fill(ellipse(x, y, step / 6, step / 6, 12), mix(first, second, 0.6))
    elif kind == "stripes":
        step = side / random.integers(5, 9)
        slant = random.uniform(-1, 1) * side
        for x in np.arange(-side, 2 * side, 2 * step):
            band = np.array([[x, -1], [x + step, -1], [x + step + slant, side], [x + slant, side]])
            canvas.fill(band, mix(first, second, 0.4))
    elif kind == "hills":
        for number in range(3):
            x = np.linspace(0, 1, 12)
            y = 0.45 + 0.2 * number + 0.07 * np.sin(random.uniform(3, 7) * x + random.uniform(0, 6))
            edge = np.stack([x, y], 1) * side
            low = np.array([[side, side], [0, side]])
            canvas.fill(np.concatenate([edge, low]), mix(first, second, 0.25 * (number + 1)))
    elif kind == "leaves":
        for _ in range(16):
            angle, length = random.uniform(0, 2 * np.pi), side * random.uniform(0.12, 0.24)
            t = np.linspace(0, np.pi, 9)
            leaf = np.stack([np.cos(t), 0.32 * np.sin(t)], 1)
            leaf = np.concatenate([leaf, leaf[-2:0:-1] * (1, -1)]) * length / 2
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            canvas.fill(leaf @ turn + random.uniform(0, side, 2), mix(first, second, 0.5))


def paint_behind(
    canvas: Canvas, person: Person, shot: Shot, hair: Hair, colours: tuple[Colour, Colour]
) -> None:
    """All that the face hides in part and no expression moves. `colours`: hair, clothes."""
    head = Pose(shot, canvas.size, canvas.factor)
    body = Pose(shot, canvas.size, canvas.factor, body=True)
    unit, (hair_colour, clothes) = head.unit, colours
    scarf = person.hair_style == "scarf"
    dark = mix(hair_colour, shadow(hair_colour), 0.6 if scarf else 0.75)
    if not scarf:
        for part in hair.back:
            canvas.fill(head(part, -0.35, depth=False), dark)
    _neck(canvas, person, shot, body)
    _clothes(canvas, person, body, clothes)
    if scarf:
        for part in hair.back:
            canvas.fill(head(part, -0.1, depth=False), dark)
        return
    for side in (-1, 1):
        w = person.width
        ear = np.array(
            [
                (1.0, -0.12), (1.13, -0.2), (1.24, -0.08), (1.21, 0.2), (1.13, 0.44), (1.02, 0.5),
                (0.95, 0.2),
            ]
        )  # fmt: skip
        ear = (ear - (1.0, 0.15)) * person.ear + (1.0 * w, 0.15)
        shape = head(closed_curve(ear * (side, 1)), -0.05, depth=False)
        canvas.fill(shape, mix(person.skin, shadow(person.skin), 0.3))
        inner = (ear - (1.1, 0.14)) * (0.55, 0.62) + (1.115, 0.13)
        canvas.fill(
            head(closed_curve(inner * (side, 1)), -0.05, depth=False),
            shadow(person.skin),
            alpha=0.8,
            blur=0.03 * unit,
        )
        if person.earrings:
            centre = head(np.array([[side * 1.12 * w, 0.56]]), -0.05, depth=False)[0]
            canvas.fill(disc(centre, 0.075 * unit, 0.09 * unit, 16), (238, 196, 92))
            canvas.fill(
                ellipse(centre[0] - 0.02 * unit, centre[1] - 0.03 * unit, 0.02 * unit, 0.03 * unit),
                (255, 244, 206),
            )


def _neck(canvas: Canvas, person: Person, shot: Shot, body: Pose) -> None:
    wide = 0.56 if person.female else 0.68
    wide += 0.1 * person.fat
    neck = symmetric([(wide * 0.95, 0.9), (wide, 1.7), (wide * 1.12, 2.05), (1.5, 2.4), (1.5, 3.0)])
    shape = body(neck, depth=False)
    canvas.fill(shape, mix(person.skin, shadow(person.skin), 0.35))
    lit = -np.cos(shot.light) * 0.12
    under = symmetric([(0.98, 0.6), (0.9, 1.5), (0.55, 2.05), (0.0, 2.2)]) * (person.width, 1.0)
    neck_mask = canvas.mask(shape)
    canvas.fill(
        body(under - (-lit, -0.03), depth=False),
        shadow(person.skin, 1.25),
        alpha=0.75,
        blur=0.06 * body.unit,
        clip=neck_mask,
    )


def _clothes(canvas: Canvas, person: Person, body: Pose, colour: Colour) -> None:
    width = 1.62 if person.female else 1.85
    width += 0.2 * person.fat
    dip = (2.2, 2.4, 2.2)[person.collar]
    top = [(0.0, dip + 0.1), (0.4, dip), (0.66, 2.02), (width * 0.7, 2.22), (width, 2.5)]
    shoulders = symmetric([*top, (width + 0.2, 3.6), (0.0, 3.7)])
    canvas.fill(body(shoulders, depth=False), colour)
    for part in both([(width, 2.5), (width + 0.2, 3.6), (width * 0.62, 3.6), (width * 0.72, 2.7)]):
        canvas.fill(
            body(part, depth=False),
            mix(colour, shadow(colour), 0.8),
            alpha=0.7,
            blur=0.1 * body.unit,
        )
    if person.collar == 2:
        for part in both([(0.0, 2.42), (0.62, 1.98), (0.78, 2.12), (0.36, 2.62)]):
            canvas.fill(body(part, depth=False), mix(colour, (255, 255, 255), 0.35))
            edge = body(part, depth=False)
            canvas.fill(edge[[2, 3, 0]], shadow(colour), alpha=0.25)
    else:
        rim = [(0.0, dip + 0.1), (0.4, dip), (0.66, 2.02), (0.72, 2.1), (0.45, dip + 0.09),
               (0.0, dip + 0.2)]  # fmt: skip
        canvas.fill(body(symmetric(rim), depth=False), mix(colour, shadow(colour), 0.6))


def light_gain(pose: Pose, shot: Shot, size: int, factor: int) -> Colour:
    """(size, size, 3) factor of the light: brighter and warmer towards where it comes from."""
    middle = pose.to_output(pose(np.array([[0.0, 0.3]]), depth=False))[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    unit = pose.unit / factor
    towards = (x - middle[0]) * np.cos(shot.light) - (y - middle[1]) * np.sin(shot.light)
    share = np.clip(towards / (1.9 * unit), -1.2, 1.2) * shot.contrast
    tint = np.array([0.10, 0.095, 0.075], np.float32)
    colour = 1 + 0.03 * shot.warmth * np.array([1, 0.1, -1.2], np.float32)
    gain = (1 + share[..., None] * tint) * colour
    return np.asarray(gain, np.float32)
