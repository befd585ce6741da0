"""Tiny random translator and recogniser snapshots, and a photo whose landmarks are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.data import astronaut

from ecgan.config import GeneratorConfig, RecognizerConfig
from ecgan.errors import FaceError
from ecgan.expressions import EXPRESSIONS
from ecgan.faces.face import Face, given_face
from ecgan.faces.finder import FaceFinder
from ecgan.faces.photo import Photo
from ecgan.inference.snapshot import save_snapshot
from ecgan.networks.build import build_generator
from ecgan.networks.vgg import VGGRecognizer

SIZE = 64
# Points of scikit-image's astronaut() (NASA, public domain), as mediapipe sees them.
# fmt: off
ASTRONAUT_POINTS = (
    180, 101, 179, 110, 179, 127, 182, 139, 185, 148, 189, 155, 195, 162, 205, 172,
    221, 177, 238, 174, 249, 165, 256, 159, 261, 153, 265, 144, 269, 133, 270, 115,
    271, 107, 188, 91, 192, 88, 199, 87, 207, 88, 217, 95, 234, 96, 245, 91,
    253, 91, 259, 93, 263, 96, 225, 106, 224, 110, 224, 120, 224, 126, 212, 128,
    219, 131, 223, 132, 232, 130, 235, 129, 195, 101, 199, 98, 206, 98, 213, 104,
    207, 104, 200, 104, 237, 105, 245, 100, 252, 101, 256, 104, 250, 107, 243, 106,
    202, 139, 211, 139, 217, 139, 224, 140, 230, 140, 236, 140, 245, 141, 239, 149,
    229, 154, 223, 155, 216, 154, 207, 147, 203, 140, 213, 141, 223, 143, 234, 142,
    243, 141, 233, 148, 223, 150, 213, 148,
)
# fmt: on


def astronaut_points() -> NDArray[np.float32]:
    return np.array(ASTRONAUT_POINTS, dtype=np.float32).reshape(68, 2)


def astronaut_photo() -> Photo:
    return Photo(astronaut(), icc=None, exif=None, alpha=None, path=None, format="PNG")


def translator_snapshot(
    folder: Path, output: str = "warp", intensity: bool = True, **more: object
) -> Path:
    """Both generators with random last layers, so that they change every face."""
    config = GeneratorConfig.model_validate(
        {"width": 8, "max_width": 16, "conditioning": "decoder", "output": output}
    )
    generators = {}
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        for name in ("to_expression", "to_neutral"):
            generators[name] = build_generator(config, len(EXPRESSIONS), SIZE)
            generators[name].trunk.last.weight.normal_(0, 0.05)
            if output == "warp":
                generators[name].trunk.flow.weight.normal_(0, 0.02)
    values = {
        "size": SIZE,
        "vocabulary": list(EXPRESSIONS),
        "generator": config.model_dump(mode="json"),
        "alignment": {},
        "intensity": intensity,
        **more,
    }
    card = "# Tiny\n\n- licence: CC BY 4.0\n- attribution: nobody\n"
    save_snapshot(folder, "translator", generators, values, card)
    return folder


def recognizer_snapshot(folder: Path, favourite: str = "happy") -> Path:
    """A recogniser that sees `favourite` in every picture."""
    config = RecognizerConfig(size=32, width=0.1, hidden=16, features=16, pool_size=1)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = VGGRecognizer(config, len(EXPRESSIONS))
        last = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)][-1]
        last.weight.zero_()
        last.bias.zero_()
        last.bias[EXPRESSIONS.index(favourite)] = 5.0
    values = {"vocabulary": list(EXPRESSIONS), "recognizer": config.model_dump(mode="json")}
    save_snapshot(folder, "recognizer", {"recognizer": model}, values, "card")
    return folder


class KnownFaces(FaceFinder):
    """Finds what it was told to find, without a landmark model."""

    def __init__(self, *faces: Face) -> None:
        super().__init__()
        self.faces = list(faces)

    def find(self, photo: Photo) -> list[Face]:
        if not self.faces:
            raise FaceError("no-face", "no face found")
        return self.faces


def astronaut_face() -> Face:
    return given_face(astronaut_points())
