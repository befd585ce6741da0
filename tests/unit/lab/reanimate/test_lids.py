"""Lowered brows are eased where they would cover the eyes, and left where they do not."""

from dataclasses import replace

import numpy as np

from ecgan.lab.reanimate.portrait import Portrait
from ecgan.lab.reanimate.render import LEAST, open_lids, shown_eyes


def covering(portrait: Portrait) -> Portrait:
    """The same person, with brows and lids that fall onto the eyes."""
    upper = [*range(17, 27), 37, 38, 43, 44]
    shapes = dict(portrait.kit.shapes)
    for name in ("browDown_L", "browDown_R"):
        shapes[name] = np.zeros_like(portrait.kit.neutral)
        shapes[name][portrait.kit.landmarks[upper], 1] = -0.32
    return replace(portrait, kit=replace(portrait.kit, shapes=shapes))


def test_covered_eyes_are_opened(portrait: Portrait) -> None:
    person = covering(portrait)
    weights = {"browDown_L": 2.0, "browDown_R": 1.6, "jawOpen": 0.5}
    at_rest = shown_eyes(person, person.fit.vertices)
    assert shown_eyes(person, person.moved(weights)) < LEAST["angry"] * at_rest
    eased = open_lids(person, weights, "angry")
    assert shown_eyes(person, person.moved(eased)) >= LEAST["angry"] * at_rest
    assert eased["jawOpen"] == 0.5
    assert np.isclose(0.8 * eased["browDown_L"], eased["browDown_R"], rtol=1e-3)
    assert eased["browDown_L"] < 2.0


def test_open_eyes_and_other_expressions_are_left(portrait: Portrait) -> None:
    assert open_lids(portrait, {"browDown_L": 0.1}, "angry") == {"browDown_L": 0.1}
    person = covering(portrait)
    assert open_lids(person, {"browDown_L": 3.0}, "surprise") == {"browDown_L": 3.0}
