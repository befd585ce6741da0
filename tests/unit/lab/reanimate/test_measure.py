"""Measured strengths are those that the landmarks were made with."""

import numpy as np
import pytest
from support.tiny_facekit import points_in_photo

from ecgan.lab.reanimate.facekit import FaceKit
from ecgan.lab.reanimate.fit import fit, measure_units, rotation_of
from ecgan.lab.reanimate.recipes import shape_weights


def moved_points(kit: FaceKit, turn: float) -> tuple[np.ndarray, object]:
    rest = fit(kit, points_in_photo(256))
    vertices = rest.vertices.copy()
    for name, weight in shape_weights({"AU26": 2.0, "AU12": 0.8}, {"AU12": 0.5}).items():
        vertices += weight * kit.shapes[name]
    turned = vertices @ (rotation_of(np.array([0.0, turn, 0.0])) @ rest.rotation).T * rest.scale
    points = turned[:, :2] * [1, -1] + rest.shift + rest.warp
    return points[kit.landmarks], rest


@pytest.mark.parametrize("turn", [0.0, 0.06])
def test_strengths_and_sides_come_back(kit: FaceKit, turn: float) -> None:
    points, rest = moved_points(kit, turn)
    units = [("AU26", 0.0), ("AU12", 1.0), ("AU12", -1.0), ("AU4", 0.0)]
    jaw, left, right, brow = measure_units(kit, rest, points, units)
    assert jaw == pytest.approx(2.0, rel=0.15)
    assert left > right > 0
    assert brow < 0.2


def test_a_face_at_rest_measures_zero(kit: FaceKit) -> None:
    points = points_in_photo(256)
    strengths = measure_units(kit, fit(kit, points), points, [("AU26", 0.0), ("AU12", 0.0)])
    np.testing.assert_allclose(strengths, 0, atol=0.05)
