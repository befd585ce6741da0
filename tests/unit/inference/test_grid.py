"""The contact sheet holds every tile, its label and the footer."""

import numpy as np
import pytest

from ecgan.inference.grid import BACKGROUND, Tile, contact_grid, square_around


def plain(value: int, height: int = 40, width: int = 40) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


def test_tiles_lie_in_rows_in_order() -> None:
    tiles = [Tile("", plain(10 * i)) for i in range(5)]
    grid = contact_grid(tiles, columns=3, tile_px=40)
    assert grid.dtype == np.uint8
    assert grid.shape == (10 + 2 * (40 + 50 + 10), 10 + 3 * 50, 3)
    for i in range(5):
        left, top = 10 + i % 3 * 50, 10 + i // 3 * 100
        assert (grid[top : top + 40, left : left + 40] == 10 * i).all()
    assert (grid[110:150, 110:150] == BACKGROUND).all()


def test_labels_notes_and_footer_leave_ink() -> None:
    bare = contact_grid([Tile("", plain(250))], tile_px=40)
    labelled = contact_grid([Tile("happy", plain(250), "93%")], tile_px=40, footer="synthetic")
    assert (bare == 250).all()
    assert (labelled[50:100] < 200).any()
    assert (labelled[100:] < 200).any()
    assert labelled.shape[0] > bare.shape[0]


def test_large_and_oblong_tiles_are_fitted() -> None:
    grid = contact_grid([Tile("", plain(0, 100, 200))], tile_px=40)
    dark = np.argwhere(grid[..., 0] < 50)
    assert np.ptp(dark[:, 0]) + 1 == 20
    assert np.ptp(dark[:, 1]) + 1 == 40


def test_long_labels_stay_inside() -> None:
    grid = contact_grid([Tile("w" * 300, plain(250))], tile_px=60)
    assert (grid[:, -5:] == BACKGROUND).all()


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(ValueError, match="expected tiles"):
        contact_grid([])


@pytest.mark.parametrize(
    ("centre", "side", "expected"),
    [
        ((50, 50), 20, (40, 40, 60, 60)),
        ((0, 0), 20, (0, 0, 20, 20)),
        ((99, 70), 20, (80, 60, 100, 80)),
        ((50, 40), 500, (10, 0, 90, 80)),
    ],
)
def test_square_stays_in_the_photo(centre, side, expected) -> None:
    assert square_around(centre, side, width=100, height=80) == expected
