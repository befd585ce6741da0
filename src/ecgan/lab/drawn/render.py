"""From a person, a shot and an action to pixels, mask and landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.drawn.canvas import (
    Canvas,
    Colour,
    Pixels,
    Points,
    both,
    closed_curve,
    ellipse,
    mix,
    ribbon,
    shadow,
    spread,
    symmetric,
    within,
    without,
)
from ecgan.lab.drawn.features import (
    paint_beard,
    paint_brows,
    paint_eyes,
    paint_glasses,
    paint_mouth,
)
from ecgan.lab.drawn.hair import Hair, build_hair
from ecgan.lab.drawn.people import Action, Person, Shot, read_table
from ecgan.lab.drawn.rig import Pose, build_face
from ecgan.lab.drawn.skin import NOSE_LIFT, Brush, paint_nose, paint_skin

REST = Action({}, {})
_EAR = np.array(read_table("looks")["ear"])


@dataclass(frozen=True)
class Picture:
    """One drawn face."""

    image: NDArray[np.uint8]
    """(size, size, 3) RGB."""
    mask: NDArray[np.uint8]
    """(size, size): the share of each pixel that shows the face, 0 (nothing at all) to 255; hair on
    the head is none of it, the beard is."""
    landmarks: NDArray[np.float64]
    """(68, 2) x, y in pixels; the centre of the first pixel is (0, 0)."""


class Sitting:
    """A person in one pose, light and background; draws any number of expressions, which differ
    within their masks alone."""

    def __init__(self, person: Person, shot: Shot, size: int) -> None:
        self.person, self.shot, self.size = person, shot, size
        self._factor = 3 if size <= 160 else 2
        self._pose = Pose(shot, size, self._factor)
        self._hair = build_hair(person)
        self._hair_colour = np.asarray(person.hair, np.float32)
        clothes = np.asarray(person.clothes, np.float32)
        if person.hair_style == "scarf":
            self._hair_colour = clothes
            clothes = shadow(mix(clothes, (90, 90, 110), 0.3), 0.8)
        self._base = Canvas(size, self._factor)
        paint_background(self._base, shot)
        colours = (self._hair_colour, clothes)
        paint_behind(self._base, person, shot, self._hair, colours)
        self._prepare_hair()
        self._gain = light_gain(self._pose, shot, size, self._factor)

    def draw(self, action: Action = REST) -> Picture:
        """The person with an expression."""
        person, pose = self.person, self._pose
        face = build_face(person, action, gaze_down=self.shot.gaze[1])
        canvas = Canvas(self.size, self._factor)
        canvas.pixels[...] = self._base.pixels
        outline = pose(face.outline)
        skin = canvas.mask(outline)
        canvas.fill(outline, person.skin)
        self._shade(canvas, outline, skin)
        brush = Brush(canvas, pose, person, self.shot, face, action, skin)
        paint_skin(brush)
        shade = within(self._hair_shade, skin)
        canvas.paste(shadow(person.skin, 1.2), shade, 0.6 * self._hair.strength)
        beard = paint_beard(brush)
        paint_nose(brush)
        paint_mouth(brush)
        paint_eyes(brush)
        paint_brows(brush)
        paint_glasses(brush)
        visible = canvas.mask(outline, *beard) * ((255 - self._hair_cover) * np.float32(1 / 255))
        canvas.paste(self._hair_layer, self._hair_cover)
        image = canvas.reduced(canvas.pixels) * self._gain
        points = face.landmarks()
        landmarks = pose(points)
        landmarks[27:31] = pose(points[27:31], NOSE_LIFT)
        landmarks[31:36] = pose(points[31:36], NOSE_LIFT / 2)
        return Picture(
            image=np.clip(image + 0.5, 0, 255).astype(np.uint8),
            mask=np.ceil(canvas.reduced(visible)).astype(np.uint8),
            landmarks=pose.to_output(landmarks),
        )

    def _shade(self, canvas: Canvas, outline: Points, skin: Pixels) -> None:
        """A soft crescent on the side away from the light."""
        unit, light = self._pose.unit, self.shot.light
        away = np.array([-np.cos(light), np.sin(light)]) * 0.26 * unit
        lit = canvas.mask(outline - away)
        small = cv2.resize(lit, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        small = spread(spread(np.asarray(small, np.uint8), 0.055 * unit), 0.055 * unit)
        lit = np.asarray(cv2.resize(small, skin.shape[::-1]), np.uint8)
        alpha = min(1.0, 0.55 + 0.4 * self.shot.contrast)
        canvas.paste(shadow(self.person.skin), without(skin, lit), alpha)

    def _prepare_hair(self) -> None:
        """Paint once what lies on the head and its shadow: no expression moves them."""
        unit, colour, light = self._pose.unit, self._hair_colour, self.shot.light
        layer = Canvas(self.size, self._factor)
        towards = np.array([np.cos(light), -np.sin(light)])
        shapes = [self._pose(part, 0.05) for part in self._hair.front]
        covered = layer.mask(*shapes)
        self._hair_layer, self._hair_cover, self._hair_shade = layer.pixels, covered, covered
        if not shapes:
            return
        layer.pixels[...] = colour.astype(np.uint8)
        for shape in shapes:
            rim = spread(layer.mask(shape + 0.16 * unit * towards), 0.2 * unit)
            layer.paste(shadow(colour), without(layer.mask(shape), rim), 0.55)
        shine = mix(colour, (255, 250, 240), 0.45)
        for line in self._hair.shine:
            curve = ribbon(self._pose(line, 0.1), np.array([0.0, 0.2, 0.16, 0.0]) * unit)
            layer.fill(curve, shine, alpha=0.5, blur=0.045 * unit)
        offset = np.array([-np.cos(light) * 0.06, 0.09]) * unit
        self._hair_shade = spread(layer.mask(*(shape + offset for shape in shapes)), 0.1 * unit)
        self._hair_cover = np.asarray(covered * self._hair.strength, np.uint8)


def paint_background(canvas: Canvas, shot: Shot) -> None:
    """Plain, graded or patterned, in two colours of the shot."""
    first, second = (np.asarray(colour, np.float32) for colour in shot.colours)
    side = canvas.pixels.shape[0]
    random = np.random.default_rng(shot.pattern)
    canvas.pixels[...] = first.astype(np.uint8)
    if shot.background == "gradient":
        ramp = np.linspace(0, 1, side, dtype=np.float32)
        slope = np.clip(ramp[:, None] * 0.8 + ramp[None] * (random.random() - 0.5) * 0.5, 0, 1)
        canvas.pixels[...] = (first + (second - first) * slope[..., None] + 0.5).astype(np.uint8)
    for shape, share in _pattern(shot.background, side, random):
        canvas.fill(shape, mix(first, second, share))


def _pattern(kind: str, side: int, random: np.random.Generator) -> Iterator[tuple[Points, float]]:
    """Shapes of a background, each with its share of the second colour."""
    if kind == "halo":
        radius = side * random.uniform(0.40, 0.47)
        yield ellipse(side / 2, side * 0.47, radius, radius, 64), 0.65
    elif kind == "dots":
        step = side / random.integers(6, 10)
        for row, y in enumerate(np.arange(0, side + step, step)):
            for x in np.arange((row % 2) * step / 2, side + step, step):
                yield ellipse(x, y, step / 6, step / 6, 12), 0.6
    elif kind == "stripes":
        step = side / random.integers(5, 9)
        slant = random.uniform(-1, 1) * side
        for x in np.arange(-side, 2 * side, 2 * step):
            band = [[x, -1], [x + step, -1], [x + step + slant, side], [x + slant, side]]
            yield np.array(band), 0.4
    elif kind == "hills":
        for number in range(3):
            x = np.linspace(0, 1, 12)
            y = 0.45 + 0.2 * number + 0.07 * np.sin(random.uniform(3, 7) * x + random.uniform(0, 6))
            edge = np.stack([x, y], 1) * side
            yield np.concatenate([edge, [[side, side], [0, side]]]), 0.25 * (number + 1)
    elif kind == "leaves":
        for _ in range(16):
            angle, length = random.uniform(0, 2 * np.pi), side * random.uniform(0.12, 0.24)
            t = np.linspace(0, np.pi, 9)
            leaf = np.stack([np.cos(t), 0.32 * np.sin(t)], 1)
            leaf = np.concatenate([leaf, leaf[-2:0:-1] * (1, -1)]) * length / 2
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            yield leaf @ turn + random.uniform(0, side, 2), 0.5


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
        ear = (_EAR - (1.0, 0.15)) * person.ear + (1.0 * w, 0.15)
        shape = head(closed_curve(ear * (side, 1)), -0.05, depth=False)
        canvas.fill(shape, mix(person.skin, shadow(person.skin), 0.3))
        inner = (ear - (1.1, 0.14)) * (0.55, 0.62) + (1.115, 0.13)
        shape = head(closed_curve(inner * (side, 1)), -0.05, depth=False)
        canvas.fill(shape, shadow(person.skin), alpha=0.8, blur=0.03 * unit)
        if person.earrings:
            x, y = head([[side * 1.12 * w, 0.56]], -0.05, depth=False)[0]
            canvas.fill(ellipse(x, y, 0.075 * unit, 0.09 * unit, 16), (238, 196, 92))
            light = ellipse(x - 0.02 * unit, y - 0.03 * unit, 0.02 * unit, 0.03 * unit)
            canvas.fill(light, (255, 244, 206))


def _neck(canvas: Canvas, person: Person, shot: Shot, body: Pose) -> None:
    wide = 0.56 if person.female else 0.68
    wide += 0.1 * person.fat
    neck = symmetric([(wide * 0.95, 0.9), (wide, 1.7), (wide * 1.12, 2.05), (1.5, 2.4), (1.5, 3.0)])
    shape = body(neck, depth=False)
    canvas.fill(shape, mix(person.skin, shadow(person.skin), 0.35))
    lit = -np.cos(shot.light) * 0.12
    under = symmetric([(0.98, 0.6), (0.9, 1.5), (0.55, 2.05), (0.0, 2.2)]) * (person.width, 1.0)
    cast, clip = body(under - (-lit, -0.03), depth=False), canvas.mask(shape)
    canvas.fill(cast, shadow(person.skin, 1.25), alpha=0.75, blur=0.06 * body.unit, clip=clip)


def _clothes(canvas: Canvas, person: Person, body: Pose, colour: Colour) -> None:
    width = 1.62 if person.female else 1.85
    width += 0.2 * person.fat
    dip = (2.2, 2.4, 2.2)[person.collar]
    top = [(0.0, dip + 0.1), (0.4, dip), (0.66, 2.02), (width * 0.7, 2.22), (width, 2.5)]
    shoulders = symmetric([*top, (width + 0.2, 3.6), (0.0, 3.7)])
    canvas.fill(body(shoulders, depth=False), colour)
    for part in both([(width, 2.5), (width + 0.2, 3.6), (width * 0.62, 3.6), (width * 0.72, 2.7)]):
        sleeve = body(part, depth=False)
        canvas.fill(sleeve, mix(colour, shadow(colour), 0.8), alpha=0.7, blur=0.1 * body.unit)
    if person.collar == 2:
        for part in both([(0.0, 2.42), (0.62, 1.98), (0.78, 2.12), (0.36, 2.62)]):
            edge = body(part, depth=False)
            canvas.fill(edge, mix(colour, (255, 255, 255), 0.35))
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
