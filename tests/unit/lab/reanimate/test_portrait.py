"""Irises are found, and eyeballs completed behind the lids."""

import numpy as np
import pytest
from support.tiny_facekit import points_in_photo

from ecgan.lab.reanimate.facekit import FaceKit
from ecgan.lab.reanimate.portrait import Iris, complete_eye, find_iris, portrait_of, white_of


def eye() -> tuple[np.ndarray, np.ndarray, Iris]:
    """A drawn eye: white, a brown disc, and lids of skin that hide its top and bottom."""
    rows, columns = np.mgrid[:40, :60].astype(np.float32)
    iris = Iris(32.0, 19.0, 8.0)
    opening = (((columns - 30) / 22) ** 2 + ((rows - 20) / 7) ** 2 < 1).astype(np.float32)
    within = np.hypot(columns - iris.x, rows - iris.y) < iris.radius
    image = np.where(within[..., None], np.float32([0.3, 0.2, 0.1]), np.float32(0.85))
    image = np.where(opening[..., None] > 0, image, np.float32([0.7, 0.5, 0.4]))
    return image, opening, iris


def test_the_iris_is_found() -> None:
    image, opening, iris = eye()
    found = find_iris(image, opening, Iris(30.0, 21.0, 8.0))
    assert found.x == pytest.approx(iris.x, abs=1.3)
    assert found.y == pytest.approx(iris.y, abs=2.5)


def test_the_white_is_not_the_iris_or_the_lid() -> None:
    image, opening, iris = eye()
    np.testing.assert_allclose(white_of(image, opening, iris), [0.85] * 3, atol=0.02)


def test_the_bare_eyeball_goes_on_behind_the_lids() -> None:
    image, opening, iris = eye()
    bare = complete_eye(image, opening, iris)
    core = opening > 0
    core[[0, -1]] = False
    inner = np.zeros_like(core)
    inner[17:24, 15:46] = True
    np.testing.assert_array_equal(bare[inner & core], image[inner & core])
    np.testing.assert_allclose(bare[12, 32], [0.3, 0.2, 0.1], atol=0.1)
    np.testing.assert_allclose(bare[10, 20], [0.8] * 3, atol=0.1)


def test_closed_eyes_are_left_alone() -> None:
    image, opening, iris = eye()
    closed = np.zeros_like(opening)
    np.testing.assert_array_equal(complete_eye(image, closed, iris), image)
    assert np.isfinite(white_of(image, closed, iris)).all()


def test_eyes_in_the_dark_do_not_darken_the_teeth(kit: FaceKit) -> None:
    points = points_in_photo(128)
    photo = np.full((128, 128, 3), 180, np.uint8)
    for lids in (points[36:42], points[42:48]):
        (left, top), (right, bottom) = lids.min(axis=0).astype(int), lids.max(axis=0).astype(int)
        photo[top - 4 : bottom + 5, left - 2 : right + 3] = 20
    white = portrait_of(photo, points, kit).light.white
    assert white.mean() >= 0.7 * (180 / 255) ** 2.2
