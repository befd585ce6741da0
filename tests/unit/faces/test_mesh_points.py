"""The 68 points taken from the mesh are the right ones, in the right order."""

from __future__ import annotations

import numpy as np
import pytest

from ecgan.faces.face import MESH_TO_68
from ecgan.faces.landmarks import LandmarkDetector

skimage_data = pytest.importorskip("skimage.data")
pytest.importorskip("mediapipe")


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    (face,) = LandmarkDetector().detect(np.asarray(skimage_data.astronaut()))
    middle = face.points.mean(axis=0)
    turn = np.radians(face.roll)
    upright = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    turned = (face.points - middle) @ upright.T
    across, down = turned[45] - turned[36]
    assert abs(down) < 0.05 * across, "upright"
    return turned


def test_each_vertex_is_used_once() -> None:
    assert len(MESH_TO_68) == len(set(MESH_TO_68)) == 68


@pytest.mark.parametrize("first", [36, 42])
def test_an_eye_goes_from_its_left_corner_over_the_upper_lid(
    points: np.ndarray, first: int
) -> None:
    x, y = points[first : first + 6].T
    left, upper_left, upper_right, right, lower_right, lower_left = range(6)
    assert x[left] < x[upper_left] < x[upper_right] < x[right]
    assert x[left] < x[lower_left] < x[lower_right] < x[right]
    for upper, lower in ((upper_left, lower_left), (upper_right, lower_right)):
        assert y[upper] < y[left] + (y[right] - y[left]) / 2 < y[lower]
        assert abs(x[upper] - x[lower]) < (x[right] - x[left]) / 4


def test_lines_go_from_left_to_right(points: np.ndarray) -> None:
    lines = [range(1, 16), range(17, 27), range(31, 36), range(48, 55), range(60, 65)]
    lines += [[48, 59, 58, 57, 56, 55, 54], [60, 67, 66, 65, 64]]
    for line in lines:
        assert (np.diff(points[list(line), 0]) > 0).all(), line


def test_lines_go_down(points: np.ndarray) -> None:
    for line in ([27, 28, 29, 30, 33, 51, 57, 8], [62, 66], [51, 62], [19, 37], [24, 44]):
        assert (np.diff(points[line, 1]) >= 0).all(), line
