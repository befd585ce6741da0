"""The fit finds what points were made from."""

import numpy as np
import pytest
from support.tiny_facekit import points_in_photo

from ecgan.errors import FaceError
from ecgan.lab.reanimate.facekit import FaceKit
from ecgan.lab.reanimate.fit import fit, measure_units, rotation_of
from ecgan.lab.reanimate.recipes import shape_weights


@pytest.mark.parametrize("turn", [-12.0, 0.0, 8.0])
def test_a_known_pose_is_found(kit: FaceKit, turn: float) -> None:
    fitted = fit(kit, points_in_photo(256, turn))
    angle = np.degrees(np.arctan2(fitted.rotation[0, 2], fitted.rotation[0, 0]))
    assert angle == pytest.approx(turn, abs=1.5)
    assert fitted.scale == pytest.approx(256 / 24, rel=0.03)
    assert fitted.error_cm < 0.05


def test_identity_rotation_and_place_together(kit: FaceKit) -> None:
    shape = kit.neutral + 1.5 * kit.identity[0] - kit.identity[1]
    rotation = rotation_of(np.array([0.1, -0.15, 0.2]))
    points = (shape[kit.landmarks] @ rotation.T)[:, :2] * [9, -9] + [100, 90]
    fitted = fit(kit, points)
    np.testing.assert_allclose(fitted.rotation, rotation, atol=0.04)
    assert fitted.error_cm < 0.08


def test_the_landmarks_of_the_model_lie_on_the_points(kit: FaceKit) -> None:
    points = points_in_photo(256) + np.random.default_rng(0).normal(0, 1.0, (68, 2))
    fitted = fit(kit, points)
    left = np.linalg.norm(fitted.project(fitted.vertices)[kit.landmarks, :2] - points, axis=1)
    bare = np.linalg.norm(
        (fitted.project(fitted.vertices)[:, :2] - fitted.warp)[kit.landmarks] - points, axis=1
    )
    assert left[17:].mean() < 0.7 * bare[17:].mean()


@pytest.mark.parametrize("kind", ["one place", "shuffled", "not finite"])
def test_points_that_are_no_face_are_refused(kit: FaceKit, kind: str) -> None:
    points = points_in_photo(256)
    if kind == "one place":
        points = np.full((68, 2), 7.0)
    elif kind == "shuffled":
        points = np.random.default_rng(1).permutation(points)
    else:
        points[3] = np.nan
    with pytest.raises(FaceError) as refused:
        fit(kit, points)
    assert refused.value.reason == "hidden"


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
