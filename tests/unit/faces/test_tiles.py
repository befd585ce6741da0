"""Tiles: the whole photo is covered, and each face small for its square is whole in one."""

import numpy as np
import pytest

from ecgan.faces.landmarks import LEAST_TILE, TILE, tiles, tiles_of


def test_small_photos_are_searched_once() -> None:
    assert tiles(600, 800) == [(0, 0, 800)]
    assert tiles(256, 256) == [(0, 0, 256)]


@pytest.mark.parametrize("shape", [(1000, 801), (3000, 4000), (500, 5000), (1281, 641)])
def test_a_face_anywhere_is_whole_in_a_tile(shape: tuple[int, int]) -> None:
    height, width = shape
    squares = tiles(height, width)
    assert len(squares) == len(set(squares))
    random = np.random.default_rng(0)
    for face in (45, 100, 200):
        for x, y in random.uniform(0, (width - face, height - face), (200, 2)):
            assert any(
                left <= x and top <= y and x + face <= left + side and y + face <= top + side
                for left, top, side in squares
                if side == TILE
            ), (x, y, face)


def test_the_number_of_tiles_stays_in_bounds() -> None:
    assert len(tiles(3000, 4000)) < 100
    assert len(tiles(10_000, 10_000)) < 900
    assert all(left >= 0 and top >= 0 for left, top, _ in tiles(641, 5000))


def test_small_photos_have_small_squares_when_asked() -> None:
    assert len(tiles_of(LEAST_TILE, 480, 640)) > 10
    assert tiles_of(LEAST_TILE, 200, 180) == []
    assert set(tiles_of(TILE, 3000, 4000)) < set(tiles(3000, 4000))
