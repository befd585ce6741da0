"""From a person, a shot and an action to pixels, mask and landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.drawn import features
from ecgan.lab.drawn.canvas import Canvas, Pixels, Points, ribbon, spread, within, without
from ecgan.lab.drawn.expressions import Action
from ecgan.lab.drawn.hair import build_hair
from ecgan.lab.drawn.people import Person, Shot
from ecgan.lab.drawn.rig import Face, Pose, build_face
from ecgan.lab.drawn.scenery import light_gain, mix, paint_background, paint_behind, shadow

REST = Action({}, {})


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
        brush = features.Brush(canvas, pose, person, self.shot, face, action, skin)
        features.paint_skin(brush)
        shade = within(self._hair_shade, skin)
        canvas.tint(shade, shadow(person.skin, 1.2), 0.6 * self._hair.strength, outline)
        beard = features.paint_beard(brush)
        features.paint_nose(brush)
        features.paint_mouth(brush)
        features.paint_eyes(brush)
        features.paint_brows(brush)
        features.paint_glasses(brush)
        visible = canvas.mask(outline, *beard) * ((255 - self._hair_cover) * np.float32(1 / 255))
        canvas.paste(self._hair_layer, self._hair_cover)
        image = canvas.reduced(canvas.pixels) * self._gain
        points = pose.to_output(_projected(pose, face))
        return Picture(
            image=np.clip(image + 0.5, 0, 255).astype(np.uint8),
            mask=np.ceil(canvas.reduced(visible)).astype(np.uint8),
            landmarks=points,
        )

    def _shade(self, canvas: Canvas, outline: Points, skin: Pixels) -> None:
        """A soft crescent on the side away from the light."""
        unit, light = self._pose.unit, self.shot.light
        away = np.array([-np.cos(light), np.sin(light)]) * 0.26 * unit
        lit = canvas.mask(outline - away)
        small = cv2.resize(lit, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        small = spread(spread(np.asarray(small, np.uint8), 0.055 * unit), 0.055 * unit)
        lit = np.asarray(cv2.resize(small, skin.shape[::-1]), np.uint8)
        crescent = without(skin, lit)
        alpha = min(1.0, 0.55 + 0.4 * self.shot.contrast)
        canvas.tint(crescent, shadow(self.person.skin), alpha, outline)

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
            layer.tint(without(covered, rim), shadow(colour), 0.55, shape)
        shine = mix(colour, (255, 250, 240), 0.45)
        for line in self._hair.shine:
            curve = ribbon(self._pose(line, 0.1), np.array([0.0, 0.2, 0.16, 0.0]) * unit)
            layer.fill(curve, shine, alpha=0.5, blur=0.045 * unit)
        offset = np.array([-np.cos(light) * 0.06, 0.09]) * unit
        self._hair_shade = spread(layer.mask(*(shape + offset for shape in shapes)), 0.1 * unit)
        self._hair_cover = np.asarray(covered * self._hair.strength, np.uint8)


def _projected(pose: Pose, face: Face) -> Points:
    points = face.landmarks()
    flat = pose(points)
    flat[27:31] = pose(points[27:31], features.NOSE_LIFT)
    flat[31:36] = pose(points[31:36], features.NOSE_LIFT / 2)
    return flat
