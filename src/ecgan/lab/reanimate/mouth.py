"""Colours of the open mouth: teeth, gums, tongue and cavity in the light of the photo."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ecgan.lab.reanimate.facekit import PARTS, Floats, Ints

ENAMEL = np.array([1.80, 1.72, 1.55], np.float32)
FLESH = np.array([0.60, 0.21, 0.20], np.float32)
GUMS = np.array([0.95, 0.47, 0.44], np.float32)
CAVITY = np.array([0.16, 0.04, 0.035], np.float32)
"""Reflectance in linear light, relative to the white of the eye."""
DEPTH_CM = (2.5, 2.7)
"""Depth behind the front teeth at which a third of the light is left: on flesh, on teeth."""
GUMS_CM = 2.2
"""Depth behind the front teeth at which flesh is no longer gum."""
LIP_SHADOW_CM = 0.2


@dataclass(frozen=True)
class Light:
    """What falls on the face, measured in the photo."""

    white: Floats
    """(3,) linear: the white of the eye."""
    enamel: Floats
    """(3,) this person's teeth, relative to `ENAMEL`."""


def shade_mouth(
    parts: Ints, normals: Floats, depths: Floats, skin: Floats, *, light: Light, cm: float
) -> Floats:
    """(height, width, 3) in linear light.

    Args:
        parts: (height, width) indices into `PARTS`, -1 where nothing is.
        normals: (height, width, 3), z towards the camera, y up.
        depths: (height, width) centimetres behind the front teeth.
        skin: (height, width), 1 where skin is in front.
        light: of the photo.
        cm: pixels a centimetre.
    """
    colour = np.broadcast_to(CAVITY, (*parts.shape, 3)).copy()
    gums = parts == PARTS.index("gums")
    front = np.clip(1 - depths[gums, None] / GUMS_CM, 0, 1)
    colour[gums] = FLESH + front * (GUMS - FLESH)
    colour[parts == PARTS.index("teeth")] = ENAMEL * light.enamel
    facing = np.clip(0.85 * normals[..., 2] + 0.25 * normals[..., 1], 0.05, 1)
    facing = np.where(gums, 0.4 + 0.6 * facing, facing)
    lit = 0.25 + 0.75 * facing
    teeth = parts == PARTS.index("teeth")
    left = np.exp(-np.maximum(depths, 0) / np.where(teeth, DEPTH_CM[1], DEPTH_CM[0]))
    lit = lit * left
    lower = _shifted(skin, LIP_SHADOW_CM * cm)
    shadow = cv2.GaussianBlur(np.maximum(skin, lower), (0, 0), max(0.5, 0.5 * LIP_SHADOW_CM * cm))
    lit = lit * (1 - 0.5 * shadow)
    shine = np.where(teeth, 0.10, 0.05) * np.clip(normals[..., 2], 0, 1) ** 24 * (1 - shadow)
    shine = shine * left
    return np.asarray((colour * lit[..., None] + shine[..., None]) * light.white, np.float32)


def _shifted(mask: Floats, down: float) -> Floats:
    """The mask smeared down, as the upper lip's shadow falls."""
    steps = max(1, round(down))
    kernel = np.zeros((2 * steps + 1, 1), np.uint8)
    kernel[steps:] = 1
    return np.asarray(cv2.dilate(mask, kernel[::-1]), dtype=np.float32)
