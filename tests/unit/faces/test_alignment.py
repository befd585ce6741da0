"""Alignment, mask and paste-back: geometry to a fraction of a pixel, background to the bit."""

import cv2
import numpy as np
import pytest

from ecgan.errors import FaceError
from ecgan.faces.alignment import CANONICAL_SIZE, STABLE_POINTS, align, crop
from ecgan.faces.masks import JAW_ROOM, face_mask
from ecgan.faces.paste import paste_back, photo_mask, soft_mask


def canonical_face() -> np.ndarray:
    """68 points of a plain face in the canonical crop."""
    points = np.zeros((68, 2))
    angles = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([128 + 70 * np.cos(angles), 110 + 105 * np.sin(angles)], 1)
    points[17:27, 0] = [66, 76, 88, 100, 112, 144, 156, 168, 180, 190]
    points[17:27, 1] = 85
    points[27:31] = [[128, 106.5], [128, 115], [128, 123.9], [128, 134.6]]
    points[31:36] = [[112, 145], [120, 147], [128, 148], [136, 147], [144, 145]]
    points[36:42] = [[85.4, 105.2], [94, 101], [104, 101], [112.3, 106.9], [104, 109], [94, 109]]
    points[42:48] = [[143.8, 106.8], [152, 101], [162, 101], [170.7, 105.3], [162, 109], [152, 109]]
    mouth = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    points[48:68] = np.stack([128 + 24 * np.cos(mouth), 175 + 8 * np.sin(mouth)], 1)
    return points


def moved(
    points: np.ndarray, scale: float, degrees: float, shift: tuple[float, float]
) -> np.ndarray:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ rotation.T + shift


@pytest.mark.parametrize(
    ("scale", "degrees"), [(1.0, 0.0), (0.4, 15.0), (3.0, -50.0), (1.7, 170.0)]
)
def test_alignment_undoes_a_similarity(scale: float, degrees: float) -> None:
    face = canonical_face()
    photo = moved(face, scale, degrees, (300.0, -20.0))
    alignment = align(photo)
    assert np.abs(alignment.to_aligned(photo) - face).max() < 1e-2
    assert np.abs(alignment.to_photo(alignment.to_aligned(photo)) - photo).max() < 1e-2
    assert alignment.scale == pytest.approx(1 / scale, rel=1e-4)
    assert alignment.eye_distance_px == pytest.approx(60 * scale, rel=1e-4)


def test_only_stable_points_count() -> None:
    face, smiling = canonical_face(), canonical_face()
    others = [i for i in range(68) if i not in STABLE_POINTS]
    smiling[others] += np.random.default_rng(0).normal(0, 10, (len(others), 2))
    assert np.array_equal(align(face).matrix, align(smiling).matrix)


def test_scaled_alignments_show_the_same_square() -> None:
    alignment = align(moved(canonical_face(), 2.0, 10.0, (50.0, 40.0)))
    corners = np.array([[-0.5, -0.5], [255.5, 255.5]])
    larger = np.array([[-0.5, -0.5], [511.5, 511.5]])
    assert np.abs(alignment.to_photo(corners) - alignment.scaled(512).to_photo(larger)).max() < 1e-3


def test_points_without_extent_are_refused() -> None:
    with pytest.raises(FaceError) as caught:
        align(np.zeros((68, 2)))
    assert caught.value.reason == "hidden"
    with pytest.raises(FaceError):
        align(np.full((68, 2), np.nan))


def test_a_shrinking_crop_does_not_alias() -> None:
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    alignment = align(moved(canonical_face(), 4.0, 0.0, (0.0, 0.0)))
    middle = crop(stripes, alignment)[64:192, 64:192]
    assert abs(float(middle.mean()) - 127.5) < 2
    assert float(middle.std()) < 8


def test_mask_covers_the_face_and_not_the_corners() -> None:
    points = canonical_face()
    mask = face_mask(points, CANONICAL_SIZE)
    assert set(np.unique(mask)) == {0, 255}
    inside = np.round(points).astype(int)
    assert (mask[inside[:, 1], inside[:, 0]] == 255).all()
    assert mask[50, 128] == 255, "the forehead belongs to the face"
    assert not mask[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    half = face_mask(points / 2, CANONICAL_SIZE // 2)
    assert abs((half > 0).mean() - (mask > 0).mean()) < 0.02


def test_jaw_room_only_adds_below() -> None:
    points = canonical_face()
    plain, roomy = face_mask(points, 256), face_mask(points, 256, JAW_ROOM)
    assert (roomy >= plain).all()
    assert np.flatnonzero(roomy.any(1)).max() >= np.flatnonzero(plain.any(1)).max() + 15
    assert np.array_equal(roomy[:100], plain[:100])


def test_soft_mask_is_inside_the_mask() -> None:
    mask = face_mask(canonical_face(), 256)
    soft = soft_mask(mask)
    assert soft.max() == 1
    assert not soft[mask == 0].any()
    assert soft_mask(np.full((256, 256), 255, np.uint8))[0].max() == 0, "the frame is an edge too"


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.7])
def test_pasting_changes_nothing_outside(scale: float) -> None:
    random = np.random.default_rng(1)
    side = int(400 * scale)
    photo = random.integers(0, 256, (side, side + 30, 3), dtype=np.uint8)
    points = moved(canonical_face(), scale, 12.0, (80 * scale, 40 * scale))
    alignment = align(points)
    mask = face_mask(alignment.to_aligned(points), 256)
    pasted = paste_back(photo, np.zeros((256, 256, 3), np.uint8), alignment, mask)
    weight = photo_mask(photo.shape, alignment, mask)
    assert np.array_equal(pasted[weight == 0], photo[weight == 0])
    assert 0.02 < (weight > 0).mean() < 0.9
    assert not pasted[weight == 1].any()
    outside = cv2.warpAffine(mask, cv2.invertAffineTransform(alignment.matrix), (side + 30, side))
    assert not weight[outside == 0].any()


def test_pasting_the_crop_itself_changes_little() -> None:
    rows, columns = np.mgrid[0:400, 0:400]
    photo = np.stack([rows / 2, columns / 2, (rows + columns) / 4], 2).astype(np.uint8)
    points = moved(canonical_face(), 1.0, 5.0, (70.0, 60.0))
    alignment = align(points)
    mask = face_mask(alignment.to_aligned(points), 256)
    pasted = paste_back(photo, crop(photo, alignment), alignment, mask)
    assert np.abs(pasted.astype(int) - photo).max() <= 3


def test_a_small_face_is_pasted_back_without_going_soft() -> None:
    random = np.random.default_rng(2)
    photo = cv2.GaussianBlur(random.integers(0, 256, (150, 150, 3), dtype=np.uint8), (0, 0), 0.7)
    alignment = align(moved(canonical_face(), 0.5, 3.0, (10.0, 8.0))).scaled(384)
    mask = np.full((384, 384), 255, np.uint8)
    face = photo_mask(photo.shape, alignment, mask) == 1
    same = paste_back(photo, crop(photo, alignment), alignment, mask)
    assert same[face].std() > 0.85 * photo[face].std()
    noise = random.integers(0, 256, (384, 384, 3), dtype=np.uint8)
    smooth = paste_back(photo, noise, alignment, mask)[face].std()
    assert smooth < 1.2 * noise.std() / alignment.scale, "detail finer than the photo is averaged"


def test_the_border_of_a_pasted_face_is_soft() -> None:
    photo = np.full((400, 400, 3), 60, np.uint8)
    points = moved(canonical_face(), 1.0, 0.0, (70.0, 60.0))
    alignment = align(points)
    mask = face_mask(alignment.to_aligned(points), 256, JAW_ROOM)
    pasted = paste_back(photo, np.full((256, 256, 3), 200, np.uint8), alignment, mask).astype(int)
    assert pasted.max() == 200
    for axis in (0, 1):
        step = np.abs(np.diff(pasted[..., 0], axis=axis)).max()
        assert step <= 25, "no seam: of 140 gray levels, few from one pixel to the next"
