"""A neutral photo with the model fitted to it: all of a person that no expression changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgan.data.reanimate.eyes import IRIS_RADIUS, Iris, complete_eye, find_iris, white_of
from ecgan.data.reanimate.facekit import FaceKit, Floats, Ints
from ecgan.data.reanimate.fit import Fit, fit
from ecgan.data.reanimate.flow import face_triangles
from ecgan.data.reanimate.layers import eye_boxes, layers_of
from ecgan.data.reanimate.mouth import Light
from ecgan.data.reanimate.raster import vertex_normals

GAMMA = 2.2


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


def portrait_of(
    pixels: NDArray[np.uint8],
    points: NDArray[np.floating],
    kit: FaceKit,
    enamel: Floats | None = None,
    lined: float = 1.0,
) -> Portrait:
    """Fit the model and take the photo apart.

    Args:
        pixels: (size, size, 3) RGB, upright.
        points: (68, 2) in its pixels.
        kit: the face model.
        enamel: (3,) this person's teeth relative to `mouth.ENAMEL`.
        lined: depth of wrinkles; 1 is average.

    Raises:
        FaceError: the points do not look like a face.
    """
    image = np.asarray(pixels / np.float32(255), dtype=np.float32)
    fitted = fit(kit, points)
    rest = fitted.project(fitted.vertices)
    skin = kit.of("skin")
    normals = (vertex_normals(fitted.vertices, skin) @ fitted.rotation.T).astype(np.float32)
    layers = layers_of(kit, rest, eye_boxes(rest[kit.landmarks, :2], pixels.shape[0]))
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
    light = Light(
        white=np.asarray(white, dtype=np.float32),
        enamel=np.ones(3, np.float32) if enamel is None else enamel,
    )
    return Portrait(
        image, kit, face_triangles(kit), fitted, rest, normals, eyeballs, (irises[0], irises[1]),
        light, lined,
    )  # fmt: skip
