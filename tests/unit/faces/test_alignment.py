"""Alignment and mask: geometry to a fraction of a pixel."""

import cv2
import numpy as np
import pytest
from support.plain_face import canonical_face, moved

from ecgan.errors import FaceError
from ecgan.faces.alignment import CANONICAL_SIZE, JAW_ROOM, STABLE_POINTS, align, crop, face_mask


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


@pytest.mark.parametrize(
    ("scale", "shift"),
    [(0.9, (-40.0, 30.0)), (1.1, (-120.0, -90.0)), (0.3, (60.0, 80.0)), (0.2, (120.0, 0.0))],
)
def test_a_crop_is_made_of_its_part_of_the_photo_as_of_the_whole(
    scale: float, shift: tuple[float, float]
) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (150, 130, 3), dtype=np.uint8)
    photo = cv2.GaussianBlur(photo, (0, 0), 1.5)
    alignment = align(moved(canonical_face(), scale, 20.0, shift))
    whole = cv2.warpAffine(
        photo,
        alignment.matrix,
        (256, 256),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    assert np.abs(crop(photo, alignment).astype(int) - whole).max() <= 1


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
