"""Eyes that stay open: lowered brows cover the eyes of some faces until nothing looks out."""

from __future__ import annotations

from collections.abc import Mapping

from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.layers import eye_boxes, layers_of
from ecgan.lab.reanimate.portrait import Portrait

LEAST = {"angry": 0.38, "disgust": 0.3, "happy": 0.3, "sad": 0.35}
"""Share of the eye that still shows, against rest; the other expressions widen the eyes."""
LOWERING = ("browDown", "eyeSquint", "noseSneer", "cheekSquint", "eyeBlink")
EASED, MOST_STEPS = 0.88, 6
"""Factor on these shapes in each step, and how many there are at most."""


def open_lids(
    portrait: Portrait, weights: Mapping[str, float], expression: str
) -> dict[str, float]:
    """Weights whose shapes of `LOWERING` are eased, both sides alike, until the eyes show."""
    eased = dict(weights)
    least = LEAST.get(expression, 0.0) * shown_eyes(portrait, portrait.fit.vertices)
    for _ in range(MOST_STEPS if least else 0):
        if shown_eyes(portrait, portrait.moved(eased)) >= least:
            break
        eased = {
            name: round(EASED * weight, 4) if name.rpartition("_")[0] in LOWERING else weight
            for name, weight in eased.items()
        }
    return eased


def shown_eyes(portrait: Portrait, vertices: Floats) -> float:
    """Pixels of the eyes that lids and brows leave free."""
    projected = portrait.fit.project(vertices)
    boxes = eye_boxes(projected[portrait.kit.landmarks, :2], portrait.size)
    return sum(float(layer.fraction("eyes").sum()) for layer in
               layers_of(portrait.kit, projected, boxes).each)  # fmt: skip
