"""A face changes in its photo: grain kept, background to the bit, no seam, no ghost."""

import cv2
import numpy as np
import pytest
from support.plain_face import canonical_face, moved

from ecgan.faces.alignment import JAW_ROOM, Alignment, align, face_mask
from ecgan.faces.change import FaceChange, change_face, photo_mask, soft_mask


def change(
    size: int = 256,
    motion: tuple[float, float] = (0.0, 0.0),
    gate: float = 1.0,
    offset: float = 0.0,
) -> FaceChange:
    """Alike everywhere."""
    return FaceChange(
        np.full((size, size, 2), motion, np.float32),
        np.full((size, size), gate, np.float32),
        np.full((size, size, 3), offset, np.float32),
    )


def changed(
    photo: np.ndarray, what: FaceChange, alignment: Alignment, mask: np.ndarray
) -> np.ndarray:
    result = photo.copy()
    change_face(result, what, alignment, mask)
    return result


def fine(pixels: np.ndarray, where: np.ndarray) -> float:
    pixels = pixels.astype(np.float32)
    return float((pixels - cv2.GaussianBlur(pixels, (0, 0), 1.2))[where].std())


def test_soft_mask_is_inside_the_mask() -> None:
    mask = face_mask(canonical_face(), 256)
    soft = soft_mask(mask)
    assert soft.max() == 1
    assert not soft[mask == 0].any()
    assert soft_mask(np.full((256, 256), 255, np.uint8))[0].max() == 0, "the frame is an edge too"


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.7])
def test_nothing_changes_outside(scale: float) -> None:
    random = np.random.default_rng(1)
    side = int(400 * scale)
    photo = random.integers(0, 256, (side, side + 30, 3), dtype=np.uint8)
    points = moved(canonical_face(), scale, 12.0, (80 * scale, 40 * scale))
    alignment = align(points)
    mask = face_mask(alignment.to_aligned(points), 256)
    made = changed(photo, change(motion=(9, 5), gate=0.0, offset=100.0), alignment, mask)
    weight = photo_mask(photo.shape, alignment, mask)
    assert np.array_equal(made[weight == 0], photo[weight == 0])
    assert 0.02 < (weight > 0).mean() < 0.9
    assert set(np.unique(made[weight == 1])) == {100}
    outside = cv2.warpAffine(mask, cv2.invertAffineTransform(alignment.matrix), (side + 30, side))
    assert not weight[outside == 0].any()


@pytest.mark.parametrize("scale", [0.4, 1.0, 9.0])
def test_what_does_not_move_keeps_its_bytes(scale: float) -> None:
    photo = np.random.default_rng(2).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    alignment = align(moved(canonical_face(), scale, 5.0, (30.0, 20.0)))
    mask = np.full((256, 256), 255, np.uint8)
    assert np.array_equal(changed(photo, change(), alignment, mask), photo)
    lighter = changed(photo // 2, change(offset=10.0), alignment, mask)
    face = photo_mask(photo.shape, alignment, mask) == 1
    assert (lighter[face] - photo[face] // 2 == 10).all(), "a shade is added to the very pixels"


@pytest.mark.parametrize(("side", "scale"), [(200, 0.6), (900, 3.0), (2400, 8.0)])
def test_a_face_that_moves_keeps_its_grain_at_any_size(side: int, scale: float) -> None:
    random = np.random.default_rng(3)
    photo = np.clip(random.normal(128, 12, (side, side, 3)), 0, 255).astype(np.uint8)
    alignment = align(moved(canonical_face(), scale, 3.0, (10.0, 8.0)))
    rows, columns = np.mgrid[0:256, 0:256].astype(np.float32)
    what = change(offset=20.0)
    what.motion[:] = 4 * np.stack([np.sin(rows / 40), np.cos(columns / 30)], 2)
    mask = np.full((256, 256), 255, np.uint8)
    face = photo_mask(photo.shape, alignment, mask) > 0
    made = changed(photo, what, alignment, mask)
    assert (made != photo)[face].mean() > 0.9
    assert 0.85 < fine(made, face) / fine(photo, face) < 1.1


def test_motion_is_that_of_the_aligned_face_wherever_the_photo_has_it() -> None:
    photo = np.zeros((500, 500, 3), np.uint8)
    alignment = align(moved(canonical_face(), 1.5, 35.0, (140.0, -10.0)))
    spot, motion = np.array([[128.0, 140.0]]), np.array([[7.0, -4.0]])
    x, y = alignment.to_photo(spot + motion)[0]
    cv2.circle(photo, (round(float(x)), round(float(y))), 3, (255, 255, 255), -1)
    mask = np.full((256, 256), 255, np.uint8)
    made = changed(photo, change(motion=(7, -4)), alignment, mask)
    rows, columns = np.nonzero(made[..., 0] > 127)
    expected = alignment.to_photo(spot)[0]
    assert np.hypot(columns.mean() - expected[0], rows.mean() - expected[1]) < 1


def test_detail_finer_than_the_photo_is_averaged() -> None:
    photo = np.full((150, 150, 3), 128, np.uint8)
    alignment = align(moved(canonical_face(), 0.5, 3.0, (10.0, 8.0))).scaled(384)
    mask = np.full((384, 384), 255, np.uint8)
    noise = np.random.default_rng(2).normal(0, 30, (384, 384, 3)).astype(np.float32)
    what = FaceChange(np.zeros((384, 384, 2), np.float32), np.ones((384, 384), np.float32), noise)
    face = photo_mask(photo.shape, alignment, mask) == 1
    smooth = changed(photo, what, alignment, mask)[face].std()
    assert smooth < 1.2 * noise.std() / alignment.scale


def test_the_border_is_soft() -> None:
    photo = np.full((400, 400, 3), 60, np.uint8)
    points = moved(canonical_face(), 1.0, 0.0, (70.0, 60.0))
    alignment = align(points)
    mask = face_mask(alignment.to_aligned(points), 256, JAW_ROOM)
    made = changed(photo, change(gate=0.0, offset=200.0), alignment, mask).astype(int)
    assert made.max() == 200
    for axis in (0, 1):
        step = np.abs(np.diff(made[..., 0], axis=axis)).max()
        assert step <= 25, "no seam: of 140 gray levels, few from one pixel to the next"


def test_a_motion_fades_without_a_second_picture() -> None:
    """A bright line across the border of the face stays one line."""
    photo = np.zeros((400, 400, 3), np.uint8)
    photo[200:204] = 255
    points = moved(canonical_face(), 1.0, 0.0, (70.0, 60.0))
    alignment = align(points)
    mask = face_mask(alignment.to_aligned(points), 256)
    made = changed(photo, change(motion=(0, 8)), alignment, mask)[..., 0] > 127
    lines = [np.count_nonzero(np.diff(column.astype(int)) == 1) for column in made.T]
    assert set(lines) == {1}


def test_a_face_at_the_border_of_the_photo() -> None:
    photo = np.random.default_rng(4).integers(0, 256, (180, 160, 3), dtype=np.uint8)
    alignment = align(moved(canonical_face(), 1.0, 0.0, (-90.0, -60.0)))
    mask = np.full((256, 256), 255, np.uint8)
    made = changed(photo, change(motion=(-20, 0)), alignment, mask)
    assert (made != photo).any()
    away = align(moved(canonical_face(), 1.0, 0.0, (900.0, 0.0)))
    assert np.array_equal(changed(photo, change(offset=50.0), away, mask), photo)
