"""A small turn of the head: the fitted model turned about the top of the neck, and what of the
photo moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ecgan.lab.reanimate.facekit import FaceKit, Floats
from ecgan.lab.reanimate.fit import Fit
from ecgan.lab.reanimate.flow import Mask, extend, face_outline, inside
from ecgan.lab.reanimate.portrait import Portrait
from ecgan.lab.reanimate.raster import Raster, rasterise

# Of half the distance between the ends of the jaw line, from the middle between them: to the
# pivot and the middle of the head (up, forward), and the radii of the head with its hair.
_PIVOT = (-0.55, -0.35)
_MIDDLE = (0.0, -0.45)
_RADII = (1.12, 1.5, 1.25)
_NECK = (-0.5, -1.8)
"""Height about the pivot at which the neck starts to hold back the motion, and where none is left,
in the same unit."""
_AWAY = (1.25, 2.4)
"""Radii of the head between which the motion fades out to the sides and above."""
_LEAST_FACING = 0.2
"""Cosine to the camera, before and after the turn, from which skin is seen well enough."""


@dataclass(frozen=True)
class Head:
    """Where the head is in the picture: an ellipsoid upon a pivot, in camera coordinates."""

    pivot: Floats
    """(2,) pixels."""
    unit: float
    """Half the distance between the ends of the jaw line, in pixels."""
    middle: Floats
    """(3,) pixels from the pivot: right, up, to the camera."""

    def places(self, size: int) -> tuple[Floats, Floats]:
        """Pixels right of and above the pivot, (size, size) each."""
        rows, columns = np.mgrid[:size, :size].astype(np.float32)
        return columns - self.pivot[0], self.pivot[1] - rows

    def radius(self, size: int) -> Floats:
        """(size, size): distance from the middle, 1 on the head's outline."""
        right, up = self.places(size)
        across = (right - self.middle[0]) / (_RADII[0] * self.unit)
        along = (up - self.middle[1]) / (_RADII[1] * self.unit)
        return np.asarray(np.hypot(across, along), dtype=np.float32)

    def depth(self, size: int) -> Floats:
        """(size, size) pixels before the pivot, smooth; the middle's outside of the head."""
        front = np.sqrt(np.clip(1 - self.radius(size) ** 2, 0, 1)) * _RADII[2] * self.unit
        smooth = cv2.GaussianBlur(front + self.middle[2], (0, 0), 0.1 * self.unit)
        return np.asarray(smooth, dtype=np.float32)


@dataclass(frozen=True)
class Turned:
    """A portrait's geometry after the turn."""

    fit: Fit
    flow: Floats
    """(size, size, 2): where each pixel comes from, less its own place."""
    head: Head
    face: Mask
    """(size, size)."""
    raster: Raster
    """Of the face's triangles."""


def turn_head(
    portrait: Portrait, turn: tuple[float, float, float], shape: Sequence[float] = ()
) -> Turned:
    """Turn the head of a portrait by yaw, pitch and roll in degrees, and give it another shape
    (coefficients of the model's identity modes, added to the person's own).

    The face moves as the model does, exactly; hair, ears and outline as an ellipsoid around
    it, the neck less and less, shoulders and background not at all.
    """
    kit, face, rest, size = portrait.kit, portrait.face, portrait.fit, portrait.size
    matrix = turn_matrix(turn)
    head, fitted = head_of(kit, rest), turned_fit(kit, rest, matrix)
    fitted = replace(fitted, vertices=reshaped(kit, fitted.vertices, shape))
    before, after = portrait.rest, fitted.project(fitted.vertices)
    drawn = rasterise(after, face, size, size)
    carried = np.column_stack([before[:, :2] - after[:, :2], portrait.normals[:, 2]])
    values = drawn.interpolate(carried.astype(np.float32), face)
    outline = inside(face_outline(after[kit.landmarks, :2]), size)
    rigid = _rigid_flow(head, matrix, size)
    known = drawn.covered & outline & (values[..., 2] > _LEAST_FACING)
    flow = rigid + extend(np.where(known[..., None], values[..., :2] - rigid, 0), known, outline)
    return Turned(fitted, flow.astype(np.float32), _turned_head(head, matrix), outline, drawn)


def reshaped(kit: FaceKit, vertices: Floats, shape: Sequence[float]) -> Floats:
    """(vertices, 3) with the identity modes added, landmarks of the same size and place on
    average: another face, not a nearer one."""
    if not len(shape):
        return vertices
    weights = np.asarray(shape, dtype=np.float32)[: len(kit.identity)]
    changed = vertices + np.tensordot(weights, kit.identity[: len(weights)], 1)
    old, new = vertices[kit.landmarks], changed[kit.landmarks]
    scale = np.linalg.norm(old - old.mean(axis=0)) / np.linalg.norm(new - new.mean(axis=0))
    placed = (changed - new.mean(axis=0)) * scale + old.mean(axis=0)
    return np.asarray(placed, dtype=np.float32)


def turn_matrix(turn: tuple[float, float, float]) -> Floats:
    """(3, 3) rotation of the camera's x right, y up, z near; signs as in `Look.turn`."""
    yaw, pitch, roll = np.radians(turn)
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return np.asarray(np.array(about_z) @ about_y @ about_x, dtype=np.float32)


def head_of(kit: FaceKit, fitted: Fit) -> Head:
    """From the ends of the fitted jaw line."""
    pivot, centre, unit = _head_points(kit, fitted)
    place = fitted.scale * pivot[:2] * [1, -1] + fitted.shift
    return Head(
        pivot=np.asarray(place, dtype=np.float32),
        unit=float(fitted.scale * unit),
        middle=np.asarray(fitted.scale * (centre - pivot), dtype=np.float32),
    )


def turned_fit(kit: FaceKit, fitted: Fit, matrix: Floats) -> Fit:
    """The fit with its head turned about the pivot."""
    pivot, _, _ = _head_points(kit, fitted)
    flip = np.array([1, -1], np.float32)
    shift = fitted.shift + fitted.scale * flip * (pivot - matrix @ pivot)[:2]
    warp = (fitted.warp * flip) @ matrix[:2, :2].T * flip
    return replace(
        fitted,
        rotation=np.asarray(matrix @ fitted.rotation, dtype=np.float32),
        shift=np.asarray(shift, dtype=np.float32),
        warp=np.asarray(warp, dtype=np.float32),
    )


def _head_points(kit: FaceKit, fitted: Fit) -> tuple[Floats, Floats, float]:
    """Pivot and middle of the head, turned to the camera, and their unit, in centimetres."""
    right, left = fitted.vertices[kit.landmarks[[0, 16]]]
    between, unit = (right + left) / 2, float(np.linalg.norm(left - right)) / 2
    pivot, middle = (
        fitted.rotation @ (between + unit * np.array([0, *offset], np.float32))
        for offset in (_PIVOT, _MIDDLE)
    )
    return pivot, middle, unit


def _turned_head(head: Head, matrix: Floats) -> Head:
    return replace(head, middle=np.asarray(matrix @ head.middle, dtype=np.float32))


def _rigid_flow(head: Head, matrix: Floats, size: int) -> Floats:
    """Of the ellipsoid, faded out over neck and background."""
    after = _turned_head(head, matrix)
    right, up = after.places(size)
    places = np.stack([right, up, after.depth(size)], axis=2)
    moved = (places @ matrix)[..., :2] - places[..., :2]
    neck = _fade(up / head.unit, *_NECK)
    away = _fade(after.radius(size), *_AWAY)
    return np.asarray(moved * [1, -1] * (neck * away)[..., None], dtype=np.float32)


def _fade(values: Floats, whole: float, none: float) -> Floats:
    """1 at `whole`, 0 at `none`, smooth between (smoothstep)."""
    part = np.clip((values - none) / (whole - none), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), dtype=np.float32)
