"""A person's further looks: the photo turned, cut out, relit, and fitted again by construction."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.backdrops import backdrop
from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.flow import face_outline, inside
from ecgan.lab.reanimate.keylight import ELSEWHERE, lamp_ratio, scene_normals
from ecgan.lab.reanimate.looks import Look
from ecgan.lab.reanimate.matte import Cutter, Matte
from ecgan.lab.reanimate.portrait import GAMMA, Portrait, dressed
from ecgan.lab.reanimate.raster import vertex_normals
from ecgan.lab.reanimate.shading import relight
from ecgan.lab.reanimate.turning import Turned, turn_head

FINER = 2
"""Times the size of the pictures at which a photo is turned and cut out, so that it stays sharp."""

UNCUT = 0.5
"""Strength of the lamp on a head that could not be cut out, so that it does not glow."""


@dataclass(frozen=True)
class Sitting:
    """A portrait and its photo at a finer scale, ready for looks."""

    portrait: Portrait
    photo: Floats
    """(FINER * size, FINER * size, 3) in [0, 1]."""
    matte: Matte | None
    """At the same size; none: the background stays."""


def sitting_of(portrait: Portrait, pixels: NDArray[np.uint8], cutter: Cutter) -> Sitting:
    """Cut the person out.

    Args:
        portrait: of the photo as it is.
        pixels: the same crop, FINER times as large.
        cutter: finds the person.
    """
    photo = np.asarray(pixels / np.float32(255), dtype=np.float32)
    landmarks = portrait.rest[portrait.kit.landmarks, :2] * FINER + (FINER - 1) / 2
    face = inside(face_outline(landmarks), photo.shape[0])
    return Sitting(portrait, photo, cutter.matte(photo, face))


def portrait_in(sitting: Sitting, look: Look) -> Portrait:
    """The portrait in a look, its expression still that of the photo."""
    rest = sitting.portrait
    size = rest.size
    turned = turn_head(rest, look.turn, look.shape)
    flow = np.asarray(FINER * cv2.resize(turned.flow, None, fx=FINER, fy=FINER), np.float32)
    image = _moved(sitting.photo, flow, size)
    alpha = None
    if sitting.matte is not None:
        layers = np.dstack([sitting.matte.coloured, sitting.matte.alpha])
        moved = _moved(layers, flow, size)
        alpha = moved[..., 3:]
        if look.backdrop:
            image = moved[..., :3] + (1 - alpha) * backdrop(size, look.seed)
    lit = _lit(image, alpha, rest, turned, look)
    return dressed(rest, np.clip(lit, 0, 1).astype(np.float32), turned.fit)


def _moved(layers: Floats, flow: Floats, size: int) -> Floats:
    """Each channel along the flow, then at the size of the pictures."""
    side = layers.shape[0]
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    moved = cv2.remap(
        layers, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    shrunk = cv2.resize(moved, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(shrunk, 0, 1), dtype=np.float32)


def _lit(image: Floats, alpha: Floats | None, rest: Portrait, turned: Turned, look: Look) -> Floats:
    """The lamp's light on the turned photo, whose own light stays where it was."""
    size = rest.size
    skin = rest.kit.of("skin")
    normals = vertex_normals(turned.fit.vertices, skin) @ turned.fit.rotation.T
    both = np.concatenate([normals, rest.normals], axis=1).astype(np.float32)
    values = turned.raster.interpolate(both, rest.face)
    known = turned.raster.covered & turned.face
    ratio = lamp_ratio(look.key, scene_normals(values[..., :3], known, turned.head), turned.face)
    mild = 1 + ELSEWHERE * (cv2.GaussianBlur(ratio, (0, 0), size / 5) - 1)
    if alpha is None:
        alpha = UNCUT * np.clip(5 * (1.05 - turned.head.radius(size)), 0, 1)[..., None]
    elif look.backdrop:
        mild = np.ones_like(mild)
    ratio = alpha * ratio + (1 - alpha) * mild
    own = relight(values[..., :3], values[..., 3:], known)[..., None]
    linear = np.clip(image, 0, 1) ** GAMMA * ratio
    return np.asarray(linear ** (1 / GAMMA) * own, dtype=np.float32)
