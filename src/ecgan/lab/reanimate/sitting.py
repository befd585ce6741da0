"""A person's further looks: the photo turned, cut out, relit by a lamp, and fitted again."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.background import Cutter, Matte, backdrop
from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.flow import Mask, face_outline, inside, nearest
from ecgan.lab.reanimate.looks import KeyLight, Look
from ecgan.lab.reanimate.portrait import Portrait, dressed
from ecgan.lab.reanimate.raster import vertex_normals
from ecgan.lab.reanimate.shading import GAMMA, LIGHT, relight
from ecgan.lab.reanimate.turning import Head, Turned, turn_head

FINER = 2
"""Times the size of the pictures at which a photo is turned and cut out, so that it stays sharp."""

UNCUT = 0.5
"""Strength of the lamp on a head that could not be cut out, so that it does not glow."""
WRAP = 0.25
"""How far around the edge the soft lamp reaches, as a cosine."""
FRONT = LIGHT.astype(np.float32)
"""Where the light of the photo comes from."""
AMBIENT = 0.28
"""Share of light that comes from everywhere."""
TINT = np.array([0.16, 0.0, -0.2], np.float32)
"""Exponent of red, green and blue at full warmth."""
LOWEST, HIGHEST = 0.25, 1.9
"""Bounds of the ratio in linear light."""
ELSEWHERE = 0.3
"""Strength of the lamp on what is not the person."""


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


def lamp_ratio(key: KeyLight, normals: Floats, face: Mask) -> Floats:
    """(size, size, 3): factor in linear light, 1 on average over the face.

    Args:
        key: the lamp.
        normals: (size, size, 3) of all that is seen, x right, y up, z near.
        face: (size, size).
    """
    azimuth, elevation = np.radians([key.azimuth, key.elevation])
    level = np.cos(elevation)
    way = np.array(
        [np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level], np.float32
    )
    lamp = np.exp(key.warmth * TINT) * _soft(normals @ way)[..., None]
    fill = np.exp(-0.5 * key.warmth * TINT)
    front = _soft(normals @ FRONT)[..., None]
    before = AMBIENT + (1 - AMBIENT) * front
    strength = key.strength
    after = AMBIENT * fill + (1 - AMBIENT) * ((1 - strength) * front + strength * 1.3 * lamp)
    ratio = after / before
    mean = float(ratio[face].mean()) if face.any() else 1.0
    return np.asarray(np.clip(ratio / max(mean, 1e-3), LOWEST, HIGHEST), dtype=np.float32)


def scene_normals(normals: Floats, known: Mask, head: Head) -> Floats:
    """(size, size, 3): the skin's normals, carried on over hair, ears and neck into those of an
    ellipsoid, and over the shoulders into those of a wide column."""
    size, unit = normals.shape[0], head.unit
    right, up = head.places(size)
    radius = head.radius(size)
    across, along = (right - head.middle[0]) / (1.3 * unit), (up - head.middle[1]) / (2 * unit)
    within = np.clip(2 * (1.5 - radius), 0, 1)[..., None]
    ball = _unit(np.dstack([across, along, np.sqrt(np.clip(1 - across**2 - along**2, 0.1, 1))]))
    column = np.clip(right / (3.5 * unit), -0.75, 0.75)
    body = _unit(np.dstack([column, np.full_like(column, 0.15), np.sqrt(1 - column**2)]))
    beyond = within * ball + (1 - within) * body
    distance, carried = nearest(normals, known)
    near = np.exp(-((distance / (0.22 * unit)) ** 2))[..., None]
    mixed = near * carried + (1 - near) * beyond
    return _unit(cv2.GaussianBlur(mixed.astype(np.float32), (0, 0), 0.03 * unit))


def _soft(cosine: Floats) -> Floats:
    return np.asarray(np.clip((cosine + WRAP) / (1 + WRAP), 0, 1), dtype=np.float32)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-6), dtype=np.float32)
