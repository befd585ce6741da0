"""Where pixels land on the way photo -> crop -> photo, to a tenth of a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ecgan.faces.alignment import Alignment, crop
from ecgan.faces.change import FaceChange, change_face, photo_mask, soft_mask

SIDE = 120
TENTH = 0.1
FULL = np.full((SIDE, SIDE), 255, np.uint8)
Array = NDArray[np.float64]


def turned(scale: float, degrees: float = 20.0) -> Alignment:
    """A crop of the middle of a photo of 150 x 140 pixels."""
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([(SIDE - 1) / 2] * 2) - turn @ np.array([70.3, 74.8])
    return Alignment(np.hstack([turn, middle[:, None]]), SIDE)


def photo() -> NDArray[np.uint8]:
    """Smooth and full of contrast, so that a shift of a fraction of a pixel shows."""
    noise = np.random.default_rng(0).normal(0, 1, (150, 140, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def shift_of(image: Array, reference: Array, where: NDArray[np.bool_]) -> Array:
    """How far `image` lies right of and below `reference`, by least squares on the gradient."""
    slopes = [np.gradient(reference, axis=axis)[where].ravel() for axis in (1, 0)]
    change = (image - reference)[where].ravel()
    return -np.linalg.lstsq(np.stack(slopes, 1), change, rcond=None)[0]


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.6])
def test_a_crop_shows_what_is_at_its_points(scale: float) -> None:
    alignment, source = turned(scale), photo()
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), 2).reshape(-1, 2)
    places = alignment.to_photo(grid.astype(np.float64)).reshape(SIDE, SIDE, 2)
    inside = (places > 6).all(2) & (places < [133, 143]).all(2)
    expected = cv2.remap(source.astype(np.float32), places, None, cv2.INTER_LINEAR)
    moved = shift_of(crop(source, alignment).astype(float), expected.astype(float), inside)
    assert np.abs(moved).max() < TENTH


@pytest.mark.parametrize("motion", [(0.0, 0.0), (3.0, -1.5)])
@pytest.mark.parametrize("scale", [0.9, 1.0, 1.6])
def test_a_changed_face_lies_where_it_was(scale: float, motion: tuple[float, float]) -> None:
    alignment, source = turned(scale), photo()
    still = FaceChange(
        np.full((SIDE, SIDE, 2), motion, np.float32),
        np.ones((SIDE, SIDE), np.float32),
        np.zeros((SIDE, SIDE, 3), np.float32),
    )
    changed = source.copy()
    change_face(changed, still, alignment, FULL)
    within = photo_mask(source.shape, alignment, FULL) == 1
    rows, columns = np.mgrid[0:150, 0:140].astype(np.float32)
    x, y = np.linalg.inv(alignment.matrix[:, :2]) @ motion
    from_there = [columns + np.float32(x), rows + np.float32(y)]
    reflected = {"borderMode": cv2.BORDER_REFLECT_101}
    expected = cv2.remap(source.astype(np.float32), *from_there, cv2.INTER_LINEAR, **reflected)
    moved = shift_of(changed.astype(float), expected.astype(float), within)
    assert within.any()
    assert np.abs(moved).max() < TENTH


def test_the_soft_border_lies_where_the_mask_is() -> None:
    alignment = turned(1.0)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(mask, (55, 60), 35, 255, -1)
    rows, columns = np.mgrid[0:150, 0:140]
    points = np.stack([columns, rows], 2).reshape(-1, 2).astype(np.float64)
    places = alignment.to_aligned(points).reshape(150, 140, 2)
    expected = cv2.remap(soft_mask(mask), places, None, cv2.INTER_LINEAR)
    found = photo_mask((150, 140, 3), alignment, mask)
    moved = shift_of(found[..., None] * 1.0, expected[..., None] * 1.0, np.full((150, 140), True))
    assert np.abs(moved).max() < TENTH / 2


@pytest.mark.parametrize("size", [60, 119, 240, 777])
def test_a_scaled_crop_covers_the_same_square(size: int) -> None:
    """The corners of its outermost pixels, not their centres, are those of the crop."""
    one, other = turned(1.3), turned(1.3).scaled(size)
    for end in (0.0, 1.0):
        corners = [np.full((1, 2), end * a.size - 0.5) for a in (one, other)]
        places = [a.to_photo(c) for a, c in zip((one, other), corners, strict=True)]
        assert np.abs(np.subtract(*places)).max() < 1e-3
