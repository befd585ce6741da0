"""A neutral photo with the model fitted to it: all of a person that no expression changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.facekit import FaceKit, Floats, Ints
from ecgan.lab.reanimate.fit import Fit, fit
from ecgan.lab.reanimate.flow import face_triangles
from ecgan.lab.reanimate.layers import Light, eye_boxes, layers_of
from ecgan.lab.reanimate.raster import vertex_normals
from ecgan.lab.reanimate.recipes import Style
from ecgan.lab.reanimate.shading import GAMMA

GREY = 0.35
"""How far the light is taken to be grey: the white of an eye has a colour of its own."""
SCLERA_TO_SKIN = 0.75
"""The white of an eye is no darker than this times the cheeks; lashes and glasses shade it."""
IRIS_RADIUS = 0.098
"""Of the distance between the eye centres: 11.8 mm across, 60 to 64 mm apart."""


@dataclass(frozen=True)
class Iris:
    """A disc in pixels."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Portrait:
    """A person at rest in a square picture."""

    image: Floats
    """(size, size, 3) in [0, 1]: the photo."""
    kit: FaceKit
    face: Ints
    """(triangles, 3): the skin whose motion moves the photo."""
    fit: Fit
    rest: Floats
    """(vertices, 3) projected."""
    normals: Floats
    """(vertices, 3) of the skin, turned to the camera."""
    eyeballs: Floats
    """(size, size, 3): the photo with the eyes uncovered."""
    irises: tuple[Iris, Iris]
    light: Light
    lined: float
    """Depth of wrinkles; 1 is average."""

    @property
    def size(self) -> int:
        return int(self.image.shape[0])

    def moved(self, weights: Mapping[str, float]) -> Floats:
        """(vertices, 3): the model with an expression, in its centimetres."""
        vertices = self.fit.vertices.copy()
        for name, weight in weights.items():
            if weight:
                vertices += np.float32(weight) * self.kit.shapes[name]
        return vertices


def portrait_of(
    pixels: NDArray[np.uint8],
    points: NDArray[np.floating],
    kit: FaceKit,
    style: Style | None = None,
) -> Portrait:
    """Fit the model and take the photo apart.

    Args:
        pixels: (size, size, 3) RGB, upright.
        points: (68, 2) in its pixels.
        kit: the face model.
        style: of the person's teeth and skin; none: the average.

    Raises:
        FaceError: the points do not look like a face.
    """
    image = np.asarray(pixels / np.float32(255), dtype=np.float32)
    fitted = fit(kit, points)
    if style is not None:
        fitted.vertices[_upper_teeth(kit), 1] -= np.float32(style.teeth_drop)
    return _taken_apart(image, points, fitted, kit, style)


def dressed(portrait: Portrait, image: Floats, fitted: Fit) -> Portrait:
    """The same person in another photo to which the fit is known.

    image: (size, size, 3) in [0, 1].
    """
    points = fitted.project(fitted.vertices)[portrait.kit.landmarks, :2]
    made = _taken_apart(image, points, fitted, portrait.kit, None)
    light = replace(made.light, enamel=portrait.light.enamel)
    return replace(made, light=light, lined=portrait.lined)


def _taken_apart(
    image: Floats, points: NDArray[np.floating], fitted: Fit, kit: FaceKit, style: Style | None
) -> Portrait:
    rest = fitted.project(fitted.vertices)
    skin = kit.of("skin")
    normals = (vertex_normals(fitted.vertices, skin) @ fitted.rotation.T).astype(np.float32)
    layers = layers_of(kit, rest, eye_boxes(rest[kit.landmarks, :2], image.shape[0]))
    distance = float(np.linalg.norm(points[36:42].mean(axis=0) - points[42:48].mean(axis=0)))
    eyeballs, irises, whites = image.copy(), [], []
    for layer, lids in zip(layers, (points[36:42], points[42:48]), strict=True):
        box, opening = layer.box, layer.fraction("eyes")
        window = image[box.window]
        x, y = lids.mean(axis=0) - [box.x0, box.y0]
        iris = find_iris(window, opening, Iris(float(x), float(y), IRIS_RADIUS * distance))
        whites.append(white_of(window, opening, iris))
        eyeballs[box.window] = complete_eye(window, opening, iris)
        irises.append(replace(iris, x=iris.x + box.x0, y=iris.y + box.y0))
    white = np.mean(whites, axis=0) ** GAMMA
    white = (1 - GREY) * white + GREY * white.mean()
    skin_level = float(np.median(_cheeks(image, points) ** GAMMA))
    white = white * max(1.0, SCLERA_TO_SKIN * skin_level / max(float(white.mean()), 1e-3))
    light = Light(
        white=np.asarray(white, dtype=np.float32),
        enamel=np.array(style.enamel if style else (1, 1, 1), dtype=np.float32),
    )
    return Portrait(
        image, kit, face_triangles(kit), fitted, rest, normals, eyeballs, (irises[0], irises[1]),
        light, style.lined if style else 1.0,
    )  # fmt: skip


def _cheeks(image: Floats, points: NDArray[np.floating]) -> Floats:
    """(pixels, 3) beside the nose, below the eyes."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for corners in ([41, 29, 31, 2], [46, 29, 35, 14]):
        cv2.fillConvexPoly(mask, np.round(points[corners]).astype(np.int32), 1)
    found = image[mask > 0]
    return found if len(found) else np.full((1, 3), 0.5, np.float32)


def _upper_teeth(kit: FaceKit) -> Ints:
    """Vertices of teeth and gums that the jaw does not move."""
    vertices = np.unique(kit.of("teeth", "gums"))
    still = np.abs(kit.shapes["jawOpen"][vertices]).max(axis=1) < 0.05
    return np.asarray(vertices[still], dtype=np.int64)


def find_iris(image: Floats, opening: Floats, expected: Iris) -> Iris:
    """The darkest disc of the expected size within an eye opening (size, size) of [0, 1]."""
    gray = image.mean(axis=2)
    height, width = gray.shape
    rows, columns = np.mgrid[:height, :width]
    best, found = np.inf, expected
    steps = np.linspace(-0.9, 0.9, 13) * expected.radius
    for shift_y in steps:
        for shift_x in steps:
            x, y = expected.x + shift_x, expected.y + shift_y
            squared = (columns - x) ** 2 + (rows - y) ** 2
            disc = opening * (squared <= expected.radius**2)
            ring = opening * (squared > expected.radius**2) * (squared <= 2.2 * expected.radius**2)
            if disc.sum() < 4:
                continue
            inner = float((gray * disc).sum() / disc.sum())
            outer = float((gray * ring).sum() / max(ring.sum(), 1e-6)) if ring.sum() > 2 else inner
            cost = inner - outer + 0.02 * float(shift_x**2 + shift_y**2) / expected.radius**2
            if cost < best:
                best, found = cost, Iris(x, y, expected.radius)
    return found


def white_of(image: Floats, opening: Floats, iris: Iris) -> Floats:
    """(3,): colour of the sclera in an opening, from the brighter half of its pixels."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    beside = (columns - iris.x) ** 2 + (rows - iris.y) ** 2 > (1.15 * iris.radius) ** 2
    pixels = image[(opening > 0.9) & beside]
    if len(pixels) < 3:
        pixels = image[opening > 0.5]
    if not len(pixels):
        return np.full(3, 0.7, np.float32)
    brightness = pixels.mean(axis=1)
    chosen = pixels[brightness >= np.quantile(brightness, 0.6)]
    return np.asarray(chosen.mean(axis=0), dtype=np.float32)


def complete_eye(image: Floats, opening: Floats, iris: Iris) -> Floats:
    """The picture of the bare eyeball, (size, size, 3).

    Within the opening it is the photo. Beyond, the iris is mirrored at its centre where the other
    side shows, and the white goes on from the nearest pixel, a little darker.
    """
    height, width = opening.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    core = cv2.erode((opening > 0.95).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if core.sum() < 6:
        core = opening > 0.5
    if not core.any():
        return image.copy()
    radius = np.hypot(columns - iris.x, rows - iris.y)
    in_iris = radius <= iris.radius
    white = _spread(image, core & ~(radius <= 1.1 * iris.radius), opening)
    other_x = (2 * iris.x - columns).astype(np.float32)
    other_y = (2 * iris.y - rows).astype(np.float32)
    known = np.dstack([image, core.astype(np.float32)])
    mirrored = [
        cv2.remap(known, x, y, cv2.INTER_LINEAR)
        for x, y in ((columns, other_y), (other_x, rows), (other_x, other_y))
    ]
    dark = image[core & in_iris]
    fallback = dark.mean(axis=0) if len(dark) else image[core].min(axis=0)
    coloured = np.broadcast_to(fallback, image.shape).astype(np.float32)
    for one in reversed(mirrored):
        coloured = np.where(one[..., 3:] > 0.9, one[..., :3], coloured)
    edge = np.clip(iris.radius + 0.5 - radius, 0, 1)[..., None]
    made = coloured * edge + white * (1 - edge)
    made = cv2.GaussianBlur(made.astype(np.float32), (0, 0), 0.6)
    soft = cv2.GaussianBlur(core.astype(np.float32), (0, 0), 0.7)[..., None]
    eye = np.where(core[..., None], image, made * (1 - soft) + image * soft)
    return np.asarray(eye, dtype=np.float32)


def _spread(image: Floats, known: NDArray[np.bool_], opening: Floats) -> Floats:
    if known.sum() < 3:
        level = image[opening > 0.5].max(axis=0) if (opening > 0.5).any() else image.max((0, 1))
        return np.broadcast_to(level * 0.9, image.shape).astype(np.float32)
    weight = known.astype(np.float32)
    sigma = max(2.0, 0.12 * np.sqrt(float((opening > 0.5).sum())))
    near = cv2.GaussianBlur(image * weight[..., None], (0, 0), 3 * sigma)
    total = cv2.GaussianBlur(weight, (0, 0), 3 * sigma)[..., None]
    average = image[known].mean(axis=0)
    return np.asarray((near + 1e-3 * average) / (total + 1e-3) * 0.95, dtype=np.float32)
