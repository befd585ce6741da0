"""What lies behind lids and lips: the model's parts in supersampled boxes of eyes and mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgan.lab.reanimate.facekit import PARTS, FaceKit, Floats, Ints
from ecgan.lab.reanimate.raster import Raster, rasterise

SAMPLES = 3
"""A side; each pixel is SAMPLES ** 2 samples."""

EYE_SETBACK = 0.012
"""Of the width of the face: how far the eyeballs move back, so that none pierces a lid."""


@dataclass(frozen=True)
class Box:
    """Whole pixels: columns x0 to x1 and rows y0 to y1, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def area(self) -> int:
        return (self.x1 - self.x0) * (self.y1 - self.y0)


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
        height, width = self.box.y1 - self.box.y0, self.box.x1 - self.box.x0
        split = samples.reshape(height, SAMPLES, width, SAMPLES, *samples.shape[2:])
        return np.asarray(split.mean(axis=(1, 3)), dtype=np.float32)

    def fraction(self, *parts: str) -> Floats:
        """(height, width): share of each pixel that shows one of the parts."""
        shown = np.isin(self.parts, [PARTS.index(part) for part in parts])
        return self.average(shown.astype(np.float32))


@dataclass(frozen=True)
class Layers:
    """The boxes of a face."""

    each: tuple[Layer, ...]

    def fraction(self, part: str, size: int) -> Floats:
        """(size, size): share of each pixel that shows the part, 0 outside of the boxes."""
        out = np.zeros((size, size), np.float32)
        for layer in self.each:
            box = layer.box
            shares = layer.fraction(part)
            out[box.y0 : box.y1, box.x0 : box.x1] = np.maximum(
                out[box.y0 : box.y1, box.x0 : box.x1], shares
            )
        return out


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


def layers_of(kit: FaceKit, projected: Floats, boxes: list[Box]) -> Layers:
    """Draw all parts of the model in some boxes."""
    each = []
    corners = projected[kit.triangles]
    across, along = (corners[:, k, :2] - corners[:, 0, :2] for k in (1, 2))
    facing = across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0] < 0
    projected = projected.copy()
    eyes = np.unique(kit.of("eyes"))
    projected[eyes, 2] -= np.float32(EYE_SETBACK * np.ptp(projected[kit.landmarks, 0]))
    for box in boxes:
        if box.area <= 0:
            continue
        near = (
            (corners[:, :, 0].max(axis=1) >= box.x0 - 1)
            & (corners[:, :, 0].min(axis=1) <= box.x1)
            & (corners[:, :, 1].max(axis=1) >= box.y0 - 1)
            & (corners[:, :, 1].min(axis=1) <= box.y1)
            & facing
        )
        triangles, parts = kit.triangles[near], kit.parts[near].astype(np.int64)
        points = projected.copy()
        # A sample's centre lies at (sample + 0.5) / SAMPLES - 0.5 pixels from the pixel's.
        points[:, 0] = (points[:, 0] - box.x0 + 0.5) * SAMPLES - 0.5
        points[:, 1] = (points[:, 1] - box.y0 + 0.5) * SAMPLES - 0.5
        height, width = (box.y1 - box.y0) * SAMPLES, (box.x1 - box.x0) * SAMPLES
        raster = rasterise(points, triangles, width, height)
        shown = np.where(raster.covered, parts[np.maximum(raster.triangle, 0)], -1)
        each.append(Layer(box, raster, triangles, shown))
    return Layers(tuple(each))
