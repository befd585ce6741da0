"""A neutral photo with the model fitted to it: all of a person that no expression changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgan.lab.reanimate.eyes import IRIS_RADIUS, Iris, complete_eye, find_iris, white_of
from ecgan.lab.reanimate.facekit import FaceKit, Floats, Ints
from ecgan.lab.reanimate.fit import Fit, fit
from ecgan.lab.reanimate.flow import face_triangles
from ecgan.lab.reanimate.layers import eye_boxes, layers_of
from ecgan.lab.reanimate.mouth import Light
from ecgan.lab.reanimate.raster import vertex_normals
from ecgan.lab.reanimate.recipes import Style

GAMMA = 2.2
GREY = 0.35
"""How far the light is taken to be grey: the white of an eye has a colour of its own."""


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
    kit = portrait.kit
    points = fitted.project(fitted.vertices)[kit.landmarks, :2]
    made = _taken_apart(image, points, fitted, kit, None)
    return replace(
        made, light=replace(made.light, enamel=portrait.light.enamel), lined=portrait.lined
    )


def _taken_apart(
    image: Floats,
    points: NDArray[np.floating],
    fitted: Fit,
    kit: FaceKit,
    style: Style | None,
) -> Portrait:
    rest = fitted.project(fitted.vertices)
    skin = kit.of("skin")
    normals = (vertex_normals(fitted.vertices, skin) @ fitted.rotation.T).astype(np.float32)
    layers = layers_of(kit, rest, eye_boxes(rest[kit.landmarks, :2], image.shape[0]))
    distance = float(np.linalg.norm(points[36:42].mean(axis=0) - points[42:48].mean(axis=0)))
    eyeballs, irises, whites = image.copy(), [], []
    for layer, lids in zip(layers.each, (points[36:42], points[42:48]), strict=True):
        box, opening = layer.box, layer.fraction("eyes")
        window = image[box.y0 : box.y1, box.x0 : box.x1]
        x, y = lids.mean(axis=0) - [box.x0, box.y0]
        iris = find_iris(window, opening, Iris(float(x), float(y), IRIS_RADIUS * distance))
        whites.append(white_of(window, opening, iris))
        eyeballs[box.y0 : box.y1, box.x0 : box.x1] = complete_eye(window, opening, iris)
        irises.append(replace(iris, x=iris.x + box.x0, y=iris.y + box.y0))
    white = np.mean(whites, axis=0) ** GAMMA
    white = (1 - GREY) * white + GREY * white.mean()
    light = Light(
        white=np.asarray(white, dtype=np.float32),
        enamel=np.array(style.enamel if style else (1, 1, 1), dtype=np.float32),
    )
    return Portrait(
        image, kit, face_triangles(kit), fitted, rest, normals, eyeballs, (irises[0], irises[1]),
        light, style.lined if style else 1.0,
    )  # fmt: skip


def _upper_teeth(kit: FaceKit) -> Ints:
    """Vertices of teeth and gums that the jaw does not move."""
    vertices = np.unique(kit.of("teeth", "gums"))
    still = np.abs(kit.shapes["jawOpen"][vertices]).max(axis=1) < 0.05
    return np.asarray(vertices[still], dtype=np.int64)
