"""A portrait with an expression: its skin moved, relit, and laid over eyes and mouth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.flow import extend, face_outline, inside, nearest
from ecgan.lab.reanimate.layers import SAMPLES, Layer, eye_boxes, layers_of, mouth_box, shade_mouth
from ecgan.lab.reanimate.portrait import Portrait
from ecgan.lab.reanimate.raster import rasterise, vertex_normals
from ecgan.lab.reanimate.shading import GAMMA, relight, wrinkles

MOUTH_PARTS = ("mouth", "teeth", "gums")
SHADE_TONE = np.array([0.85, 1.0, 1.08], np.float32)
"""Exponents of red, green and blue: shaded skin is lit by skin, and turns red rather than grey."""
PIERCED_CM = 0.25
"""How far from the inner edge of the lips teeth still show; further out they pierce thin skin."""
OPEN_CM = 0.06
"""How far the lips part before all that lies between them shows."""
LASHES_CM = 1.2
"""How far from its edge a lid moves with it."""
LEAST = {"angry": 0.5, "disgust": 0.25, "happy": 0.3, "sad": 0.35}
"""Share of the eye that still shows, against rest; the other expressions widen the eyes."""
LOWERING = ("browDown", "eyeSquint", "cheekSquint", "cheekRaiser", "eyeBlink")
EASED, MOST_STEPS = 0.85, 8
"""Factor on these shapes in each step, and how many there are at most."""


@dataclass(frozen=True)
class Rendered:
    """A picture and its truth."""

    pixels: NDArray[np.uint8]
    """(size, size, 3) RGB."""
    landmarks: Floats
    """(68, 2) pixels."""
    flow: Floats
    """(size, size, 2): where each pixel of the skin comes from, less its own place."""


def render(
    portrait: Portrait, weights: Mapping[str, float], gaze: tuple[float, float] = (0.0, 0.0)
) -> Rendered:
    """Give a portrait an expression.

    Args:
        portrait: the person at rest.
        weights: of the model's shapes by name; unknown names are an error of the recipe.
        gaze: turn of the eyes in iris radii, to the right and down in the picture.
    """
    kit, size = portrait.kit, portrait.size
    if not any(weights.values()) and not any(gaze):
        pixels = np.round(portrait.image * 255).astype(np.uint8)
        still = np.zeros((size, size, 2), np.float32)
        return Rendered(pixels, portrait.rest[kit.landmarks, :2], still)
    vertices = portrait.moved(weights)
    projected = portrait.fit.project(vertices)
    landmarks = projected[kit.landmarks, :2]
    skin = kit.of("skin")
    drawn = rasterise(projected, portrait.face, size, size)
    face = inside(face_outline(landmarks), size)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    normals = vertex_normals(vertices, skin) @ portrait.fit.rotation.T
    carried = np.concatenate([portrait.rest[:, :2] - projected[:, :2], normals,
                              portrait.normals], axis=1)  # fmt: skip
    values = drawn.interpolate(carried, portrait.face)
    known = drawn.covered & face & (values[..., 4] > 0.25)
    boxes = [*eye_boxes(landmarks, size), mouth_box(landmarks, size)]
    *eyes, mouth = layers_of(kit, projected, boxes)
    flow = _with_lashes(extend(values[..., :2], known, face), eyes, portrait.fit.scale)
    moved = cv2.remap(
        portrait.image, columns + flow[..., 0], rows + flow[..., 1],
        cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    ratio = relight(values[..., 2:5], values[..., 5:8], known)
    ratio = ratio * wrinkles(landmarks, weights, size, portrait.fit.scale, portrait.lined)
    out = np.clip(moved, 0, 1) * ratio[..., None] ** SHADE_TONE
    for layer in eyes:
        _lay_eye(out, layer, portrait, gaze)
    _lay_mouth(out, mouth, portrait, projected, vertices)
    pixels = np.clip(np.round(out * 255), 0, 255).astype(np.uint8)
    return Rendered(pixels, landmarks.astype(np.float32), flow)


def _with_lashes(flow: Floats, eyes: Sequence[Layer], cm: float) -> Floats:
    """The flow with the skin next to the lids' edges moved as these are, so that lashes and the
    crease of the lid keep their form while the brow moves; cm: pixels a centimetre."""
    opening = np.zeros(flow.shape[:2], np.uint8)
    for layer in eyes:
        opening[layer.box.window] = layer.fraction("eyes") > 0.5
    edge = (cv2.dilate(opening, np.ones((3, 3), np.uint8)) > opening) > 0
    if not edge.any():
        return flow
    distance, at_edge = nearest(flow, edge)
    as_edge = cv2.GaussianBlur(at_edge, (0, 0), 1.0)
    share = np.clip(1 - distance / (LASHES_CM * cm), 0, 1)
    share = (share * share * (3 - 2 * share))[..., None]
    return np.asarray(flow + share * (as_edge - flow), dtype=np.float32)


def _lay_eye(out: Floats, layer: Layer, portrait: Portrait, gaze: tuple[float, float]) -> None:
    """Put the eyeball where the lids leave it free."""
    box = layer.box
    share = layer.fraction("eyes")[..., None]
    if not share.any():
        return
    radius = portrait.irises[0].radius
    rows, columns = np.mgrid[box.window]
    x = (columns - gaze[0] * radius).astype(np.float32)
    y = (rows - gaze[1] * radius).astype(np.float32)
    eyeball = cv2.remap(portrait.eyeballs, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    window = out[box.window]
    window[:] = window * (1 - share) + np.clip(eyeball, 0, 1) * share


def _lay_mouth(
    out: Floats, layer: Layer, portrait: Portrait, projected: Floats, vertices: Floats
) -> None:
    """Put teeth, gums, tongue and cavity between the lips, in linear light."""
    kit = portrait.kit
    between = inside(projected[kit.landmarks[60:68], :2], portrait.size)[layer.box.window]
    reach = 2 * round(PIERCED_CM * portrait.fit.scale) + 1
    lips = cv2.dilate(between.astype(np.uint8), np.ones((reach, reach), np.uint8))
    opened = (_opened(projected, portrait) * lips.astype(np.float32))[..., None]
    share = opened * layer.fraction(*MOUTH_PARTS)[..., None]
    if not share.any():
        return
    normals = vertex_normals(vertices, kit.of(*MOUTH_PARTS)) @ portrait.fit.rotation.T
    depth = projected[:, 2:] / np.float32(portrait.fit.scale)
    front = portrait.rest[np.unique(kit.of("teeth")), 2].max() / portrait.fit.scale
    carried = np.concatenate([normals, front - depth], axis=1).astype(np.float32)
    values = layer.raster.interpolate(carried, layer.triangles)
    skin = (layer.parts == 0).astype(np.float32)
    normals, depths, cm = values[..., :3], values[..., 3], portrait.fit.scale * SAMPLES
    colours = shade_mouth(layer.parts, normals, depths, skin, light=portrait.light, cm=cm)
    own = np.isin(layer.parts, (1, 2, 3)).astype(np.float32)[..., None]
    mixed = opened * layer.average(colours * own)
    window = out[layer.box.window]
    linear = np.clip(window, 0, 1) ** GAMMA * (1 - share) + mixed
    window[:] = np.where(share > 0, np.clip(linear, 0, 1) ** (1 / GAMMA), window)


def _opened(projected: Floats, portrait: Portrait) -> float:
    """0 while the lips are no further apart than at rest, where a gap is the fit's; 1 when open."""
    upper, lower = portrait.kit.landmarks[[61, 62, 63]], portrait.kit.landmarks[[67, 66, 65]]
    gap, at_rest = (
        np.linalg.norm(places[upper, :2] - places[lower, :2], axis=1)
        for places in (projected, portrait.rest)
    )
    wider = float((gap - at_rest).max()) / portrait.fit.scale
    return float(np.clip(wider / OPEN_CM, 0, 1))


def open_lids(
    portrait: Portrait, weights: Mapping[str, float], expression: str
) -> dict[str, float]:
    """Weights whose shapes of `LOWERING` are eased, both sides alike, until the eyes show."""
    eased = dict(weights)
    least = LEAST.get(expression, 0.0) * shown_eyes(portrait, portrait.fit.vertices)
    for _ in range(MOST_STEPS if least.any() else 0):
        if (shown_eyes(portrait, portrait.moved(eased)) >= least).all():
            break
        eased = {
            name: round(EASED * weight, 4) if _lowers(name, weight) else weight
            for name, weight in eased.items()
        }
    return eased


def _lowers(shape: str, weight: float) -> bool:
    name = shape.rpartition("_")[0]
    return name in LOWERING or (name == "browInnerUp" and weight < 0)


def shown_eyes(portrait: Portrait, vertices: Floats) -> Floats:
    """(2,): pixels of each eye that lids and brows leave free."""
    projected = portrait.fit.project(vertices)
    boxes = eye_boxes(projected[portrait.kit.landmarks, :2], portrait.size)
    layers = layers_of(portrait.kit, projected, boxes)
    return np.array([layer.fraction("eyes").sum() for layer in layers], np.float32)
