"""Folds lie where muscles fold the skin, and only there."""

import numpy as np
import pytest
from support.tiny_facekit import points_in_photo

from ecgan.lab.reanimate.facekit import Floats
from ecgan.lab.reanimate.shading import wrinkles

SIZE = 256


def folded(weights: dict[str, float], depth: float = 1.0) -> tuple[Floats, Floats]:
    points = points_in_photo(SIZE).astype(np.float32)
    eyes = np.linalg.norm(points[36:42].mean(axis=0) - points[42:48].mean(axis=0))
    return wrinkles(points, weights, SIZE, float(eyes / 6.2), depth), points


def darkest(shade: Floats, place: Floats, reach: int = 8) -> float:
    x, y = np.round(place).astype(int)
    return float(shade[y - reach : y + reach + 1, x - reach : x + reach + 1].min())


def test_no_expression_no_folds() -> None:
    shade, _ = folded({})
    np.testing.assert_array_equal(shade, 1)


@pytest.mark.parametrize(
    ("shape", "at"),
    [
        ("browDown", lambda p: (p[21] + p[22]) / 2),
        ("noseSneer", lambda p: p[27]),
        ("noseSneer", lambda p: (p[31] + p[48]) / 2 - [4, 4]),
        ("mouthSmile", lambda p: (p[31] + p[48]) / 2 - [6, 2]),
        ("cheekSquint", lambda p: (p[40] + p[41]) / 2 + [0, 6]),
    ],
)
def test_a_shape_folds_the_skin_at_its_place(shape: str, at) -> None:
    shade, points = folded({f"{shape}_L": 1.0, f"{shape}_R": 1.0})
    assert darkest(shade, at(points)) < 0.93
    assert shade[points[8].astype(int)[1] + 6 :].min() == 1


def test_the_raised_chin_folds_the_skin_below_the_lip() -> None:
    shade, points = folded({"mouthShrugLower": 1.0})
    assert darkest(shade, points[57] + [0, 4]) < 0.93


def test_lined_skin_folds_deeper() -> None:
    weights = {"browDown_L": 1.0, "browDown_R": 1.0}
    assert folded(weights, 1.4)[0].min() < folded(weights, 0.7)[0].min() - 0.05
