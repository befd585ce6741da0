"""From a person, a shot and an action to pixels, mask and landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.data.drawn import features
from ecgan.data.drawn.canvas import Canvas, Pixels, Points, ribbon
from ecgan.data.drawn.expressions import Action
from ecgan.data.drawn.hair import build_hair
from ecgan.data.drawn.people import Person, Shot
from ecgan.data.drawn.rig import Face, Pose, build_face
from ecgan.data.drawn.scenery import light_gain, mix, paint_background, paint_behind, shadow

REST = Action({}, {})


@dataclass(frozen=True)
class Picture:
    """One drawn face."""

    image: NDArray[np.uint8]
    """(size, size, 3) RGB."""
    mask: NDArray[np.uint8]
    """(size, size): the share of each pixel that shows the face, 0 to 255; hair is none of it."""
    landmarks: NDArray[np.float64]
    """(68, 2) x, y in pixels; the centre of the first pixel is (0, 0)."""


class Sitting:
    """A person in one pose, light and background; draws any number of expressions, which differ
    within their masks alone."""

    def __init__(self, person: Person, shot: Shot, size: int) -> None:
        self.person, self.shot, self.size = person, shot, size
        self._factor = 3 if 64 < size <= 160 else 2
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
        self._gain = light_gain(self._pose, shot, size, self._factor)

    def draw(self, action: Action = REST) -> Picture:
        """The person with an expression."""
        person, pose, unit = self.person, self._pose, self._pose.unit
        face = build_face(person, action, gaze_down=self.shot.gaze[1])
        canvas = Canvas(self.size, self._factor)
        canvas.pixels[...] = self._base.pixels
        outline = pose(face.outline)
        skin = canvas.mask(outline)
        canvas.fill(outline, person.skin)
        self._shade(canvas, outline, skin)
        brush = features.Brush(canvas, pose, person, self.shot, face, action, skin)
        features.paint_skin(brush)
        self._hair_shadow(canvas, skin)
        beard = features.paint_beard(brush)
        features.paint_nose(brush)
        features.paint_mouth(brush)
        features.paint_eyes(brush)
        features.paint_brows(brush)
        features.paint_glasses(brush)
        mask = canvas.mask(outline, *beard)
        mask = cv2.subtract(mask, self._paint_hair(canvas))
        image = canvas.reduced() * self._gain
        points = pose.to_output(_projected(pose, face))
        return Picture(
            image=np.clip(image + 0.5, 0, 255).astype(np.uint8),
            mask=canvas.reduced(mask),
            landmarks=points,
        )

    def _shade(self, canvas: Canvas, outline: Points, skin: Pixels) -> None:
        """A soft crescent on the side away from the light."""
        unit, light = self._pose.unit, self.shot.light
        away = np.array([-np.cos(light), np.sin(light)]) * 0.26 * unit
        lit = np.zeros_like(skin)
        shifted = np.round((outline - away) * 16).astype(np.int32)
        cv2.fillPoly(lit, [shifted], 255, cv2.LINE_AA, 4)
        small = cv2.resize(lit, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        width = _odd(0.22 * unit / 4)
        small = cv2.blur(cv2.blur(small, (width, width)), (width, width))
        lit = np.asarray(cv2.resize(small, skin.shape[::-1], interpolation=cv2.INTER_LINEAR))
        crescent = cv2.subtract(skin, lit)
        alpha = min(1.0, 0.55 + 0.4 * self.shot.contrast)
        canvas.tint(crescent, shadow(self.person.skin), alpha, outline)

    def _hair_shadow(self, canvas: Canvas, skin: Pixels) -> None:
        unit, light = self._pose.unit, self.shot.light
        offset = np.array([-np.cos(light) * 0.06, 0.09]) * unit
        for part in self._hair.front:
            shape = self._pose(part, 0.05) + offset
            colour = shadow(self.person.skin, 1.2)
            canvas.fill(
                shape, colour, alpha=0.6 * self._hair.strength, blur=0.035 * unit, clip=skin
            )

    def _paint_hair(self, canvas: Canvas) -> Pixels:
        """Paint what lies on the head; gives its mask."""
        unit, colour = self._pose.unit, self._hair_colour
        shapes = [self._pose(part, 0.05) for part in self._hair.front]
        covered = canvas.mask(*shapes)
        strength = self._hair.strength
        for shape in shapes:
            canvas.fill(shape, colour, alpha=strength)
        if shapes:
            dark = shadow(colour)
            for shape in shapes:
                away = np.array([np.cos(self.shot.light), -np.sin(self.shot.light)]) * 0.16 * unit
                rim = canvas.mask(shape + away)
                soft = cv2.subtract(canvas.mask(shape), cv2.blur(rim, (_odd(0.2 * unit),) * 2))
                canvas.tint(soft, dark, 0.55 * strength, shape)
        for line in self._hair.shine:
            light = mix(colour, (255, 250, 240), 0.45)
            curve = ribbon(self._pose(line, 0.1), np.array([0.0, 0.2, 0.16, 0.0]) * unit)
            canvas.fill(curve, light, alpha=0.5, blur=0.045 * unit, clip=covered)
        return np.asarray(covered * strength, np.uint8)


def _projected(pose: Pose, face: Face) -> Points:
    points = face.landmarks()
    flat = pose(points)
    flat[27:31] = pose(points[27:31], features.NOSE_LIFT)
    flat[31:36] = pose(points[31:36], features.NOSE_LIFT / 2)
    return flat


def _odd(width: float) -> int:
    return 2 * int(width / 2) + 1
