"""The z-buffer against geometry."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgan.lab.reanimate.raster import rasterise, vertex_normals


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_weights_give_the_pixel_back(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.uniform(-10, 50, (12, 3)).astype(np.float32)
    triangles = random.integers(0, 12, (9, 3))
    raster = rasterise(points, triangles, 40, 30)
    rows, columns = np.nonzero(raster.covered)
    places = raster.interpolate(points, triangles)[rows, columns]
    np.testing.assert_allclose(places[:, 0], columns, atol=2e-2)
    np.testing.assert_allclose(places[:, 1], rows, atol=2e-2)
    assert (raster.weights[rows, columns] >= -1e-5).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_seen_is_the_nearest_of_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.uniform(-5, 35, (9, 3)).astype(np.float32)
    triangles = np.arange(9).reshape(3, 3)
    raster = rasterise(points, triangles, 30, 30)
    depth = np.where(raster.covered, raster.interpolate(points, triangles)[..., 2], -np.inf)
    for triangle in triangles:
        alone = rasterise(points, triangle[None], 30, 30)
        own = alone.interpolate(points, triangle[None])[..., 2]
        assert (depth[alone.covered] >= own[alone.covered] - 1e-3).all()
        assert raster.covered[alone.covered].all()


def test_a_rectangle_is_covered_exactly() -> None:
    corners = np.array([[2, 3, 0], [9, 3, 0], [9, 8, 0], [2, 8, 0]], np.float32)
    raster = rasterise(corners, np.array([[0, 1, 2], [0, 2, 3]]), 12, 12)
    expected = np.zeros((12, 12), bool)
    expected[3:9, 2:10] = True
    np.testing.assert_array_equal(raster.covered, expected)


def test_nothing_to_draw() -> None:
    points = np.array([[100, 100, 0], [110, 100, 0], [100, 110, 0]], np.float32)
    assert not rasterise(points, np.array([[0, 1, 2]]), 8, 8).covered.any()
    assert not rasterise(points, np.zeros((0, 3), np.int64), 8, 8).covered.any()


def test_normals_of_a_slope() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 1], [1, 1, 1], [0, 1, 0]], np.float32)
    normals = vertex_normals(vertices, np.array([[0, 1, 2], [0, 2, 3]]))
    np.testing.assert_allclose(normals, np.tile([-(0.5**0.5), 0, 0.5**0.5], (4, 1)), atol=1e-6)
