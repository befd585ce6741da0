"""What lies behind lids and lips: parts of the model in boxes of eyes and mouth, with colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ecgan.lab.reanimate.facekit import PARTS, FaceKit, Floats, Ints
from ecgan.lab.reanimate.raster import Raster, rasterise

SAMPLES = 3
"""A side; each pixel is SAMPLES ** 2 samples."""

EYE_SETBACK = 0.012
"""Of the width of the face: how far the eyeballs move back, so that none pierces a lid."""
ENAMEL = np.array([2.05, 1.96, 1.77], np.float32)
FLESH = np.array([0.60, 0.21, 0.20], np.float32)
GUMS = np.array([0.62, 0.28, 0.26], np.float32)
CAVITY = np.array([0.16, 0.04, 0.035], np.float32)
"""Reflectance in linear light, relative to the white of the eye."""
DEPTH_CM = (2.5, 2.6)
"""Depth behind the front teeth at which a third of the light is left: on flesh, on teeth."""
GUMS_CM = 2.2
"""Depth behind the front teeth at which flesh is no longer gum."""
LIP_SHADOW_CM = 0.2


@dataclass(frozen=True)
class Box:
    """Whole pixels: columns x0 to x1 and rows y0 to y1, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns, to index a picture."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


@dataclass(frozen=True)
class Layer:
    """One box."""

    box: Box
    raster: Raster
    triangles: Ints
    """What was drawn."""
    parts: Ints
    """(SAMPLES * height, SAMPLES * width): indices into `PARTS`, -1 where nothing is."""

    def average(self, samples: Floats) -> Floats:
        """Means over the samples of each pixel."""
        shape = (self.box.height, SAMPLES, self.box.width, SAMPLES, *samples.shape[2:])
        split = samples.reshape(shape)
        return np.asarray(split.mean(axis=(1, 3)), dtype=np.float32)

    def fraction(self, *parts: str) -> Floats:
        """(height, width): share of each pixel that shows one of the parts."""
        shown = np.isin(self.parts, [PARTS.index(part) for part in parts])
        return self.average(shown.astype(np.float32))


def eye_boxes(landmarks: Floats, size: int) -> list[Box]:
    """Around each eye, with room for it to widen."""
    return [_box(landmarks[36:42], 0.35, 0.7, size), _box(landmarks[42:48], 0.35, 0.7, size)]


def mouth_box(landmarks: Floats, size: int) -> Box:
    """Around the lips."""
    return _box(landmarks[48:68], 0.12, 0.3, size)


def _box(points: Floats, room_x: float, room_y: float, size: int) -> Box:
    low, high = points.min(axis=0), points.max(axis=0)
    width = high[0] - low[0]
    edge = np.array([room_x, 0.5 * room_y]) * width
    x0, y0 = np.clip(np.floor(low - edge), 0, size).astype(int)
    x1, y1 = np.clip(np.ceil(high + edge) + 1, 0, size).astype(int)
    return Box(int(x0), int(y0), int(x1), int(y1))


def layers_of(kit: FaceKit, projected: Floats, boxes: list[Box]) -> list[Layer]:
    """Draw all parts of the model in some boxes; those outside of the picture are left out."""
    layers = []
    projected = projected.copy()
    eyes = np.unique(kit.of("eyes"))
    projected[eyes, 2] -= np.float32(EYE_SETBACK * np.ptp(projected[kit.landmarks, 0]))
    x, y = projected[:, 0], projected[:, 1]
    for box in boxes:
        if box.width <= 0 or box.height <= 0:
            continue
        within = (x >= box.x0 - 1) & (x <= box.x1) & (y >= box.y0 - 1) & (y <= box.y1)
        near = np.flatnonzero(within[kit.triangles].any(axis=1))
        corners = projected[kit.triangles[near], :2]
        across, along = (corners[:, k] - corners[:, 0] for k in (1, 2))
        near = near[across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0] < 0]
        triangles, parts = kit.triangles[near], kit.parts[near].astype(np.int64)
        points = projected.copy()
        # A sample's centre lies at (sample + 0.5) / SAMPLES - 0.5 pixels from the pixel's.
        points[:, 0] = (points[:, 0] - box.x0 + 0.5) * SAMPLES - 0.5
        points[:, 1] = (points[:, 1] - box.y0 + 0.5) * SAMPLES - 0.5
        raster = rasterise(points, triangles, box.width * SAMPLES, box.height * SAMPLES)
        shown = np.where(raster.covered, parts[np.maximum(raster.triangle, 0)], -1)
        layers.append(Layer(box, raster, triangles, shown))
    return layers


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
    teeth = parts == PARTS.index("teeth")
    lit = np.where(teeth, 0.4 + 0.6 * facing, 0.25 + 0.75 * facing)
    left = np.exp(-np.maximum(depths, 0) / np.where(teeth, DEPTH_CM[1], DEPTH_CM[0]))
    lit = lit * left
    lower = _shifted(skin, LIP_SHADOW_CM * cm)
    shadow = cv2.GaussianBlur(np.maximum(skin, lower), (0, 0), max(0.5, 0.5 * LIP_SHADOW_CM * cm))
    lit = lit * (1 - 0.4 * shadow)
    shine = np.where(teeth, 0.10, 0.05) * np.clip(normals[..., 2], 0, 1) ** 24 * (1 - shadow)
    shine = shine * left
    return np.asarray((colour * lit[..., None] + shine[..., None]) * light.white, np.float32)


def _shifted(mask: Floats, down: float) -> Floats:
    """The mask smeared down, as the upper lip's shadow falls."""
    steps = max(1, round(down))
    kernel = np.zeros((2 * steps + 1, 1), np.uint8)
    kernel[steps:] = 1
    return np.asarray(cv2.dilate(mask, kernel[::-1]), dtype=np.float32)
