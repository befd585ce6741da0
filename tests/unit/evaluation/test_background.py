"""Changes outside the mask are found, changes inside are not counted."""

import numpy as np
import pytest

from ecgan.evaluation.background import change_outside


def picture() -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(0).integers(0, 256, (20, 24, 3)).astype(np.uint8)
    mask = np.zeros((20, 24), np.uint8)
    mask[5:15, 6:18] = 255
    return source, mask


def test_inside_may_change() -> None:
    source, mask = picture()
    result = source.copy()
    result[mask > 0] = 255 - result[mask > 0]
    change = change_outside(result, source, mask)
    assert (change.mean, change.largest, change.pixels) == (0, 0, 20 * 24 - 10 * 12)


def test_one_pixel_outside_is_seen_in_full() -> None:
    source, mask = picture()
    source[0, 0] = 10
    result = source.copy()
    result[0, 0] = (250, 10, 10)  # uint8 arithmetic would wrap
    change = change_outside(result, source, mask)
    assert change.largest == 240
    assert change.mean == pytest.approx(240 / (3 * change.pixels))


def test_a_mask_that_covers_all_leaves_nothing_to_change() -> None:
    source, mask = picture()
    assert change_outside(255 - source, source, np.full_like(mask, 255)).pixels == 0


def test_refuses_other_sizes() -> None:
    source, mask = picture()
    with pytest.raises(ValueError, match="one size"):
        change_outside(source, source, mask[1:])
