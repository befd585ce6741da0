"""SSIM, PSNR, changes outside and landmarks: what counts and what is refused (SSIM and PSNR against
others: tests/reference)."""

import numpy as np
import pytest
import torch
from support.tiny_models import astronaut_points

from ecgan.evaluation.similarity import (
    MAX_PSNR_DB,
    change_outside,
    eye_distance,
    face_in_place,
    landmark_error,
    psnr,
    ssim,
)


def pair() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(2, 3, 40, 40, generator=generator) * 2 - 1
    images = (truth + 0.2 * torch.randn(truth.shape, generator=generator)).clamp(-1, 1)
    masks = torch.zeros(2, 1, 40, 40)
    masks[:, :, 12:28, 12:28] = 1
    return images, truth, masks


def test_equal_images_score_best() -> None:
    _, truth, masks = pair()
    assert ssim(truth, truth, masks).tolist() == pytest.approx([1.0, 1.0])
    assert psnr(truth, truth, masks).tolist() == [MAX_PSNR_DB, MAX_PSNR_DB]


def test_what_is_far_outside_the_mask_does_not_count() -> None:
    images, truth, masks = pair()
    spoilt = images.clone()
    spoilt[:, :, :6] = -spoilt[:, :, :6]
    assert torch.equal(ssim(images, truth, masks), ssim(spoilt, truth, masks))
    assert torch.equal(psnr(images, truth, masks), psnr(spoilt, truth, masks))
    spoilt[:, :, 20] = 0
    assert (ssim(spoilt, truth, masks) < ssim(images, truth, masks)).all()


def test_each_example_is_scored_by_itself() -> None:
    images, truth, masks = pair()
    for function in (ssim, psnr):
        alone = torch.cat(
            [function(images[i : i + 1], truth[i : i + 1], masks[:1]) for i in (0, 1)]
        )
        assert torch.allclose(function(images, truth, masks), alone)


def test_refuses_other_sizes_and_empty_masks() -> None:
    images, truth, masks = pair()
    with pytest.raises(ValueError, match="one size"):
        ssim(images, truth[:1], masks)
    with pytest.raises(ValueError, match="one size"):
        psnr(images, truth, masks[:, :, 1:])
    with pytest.raises(ValueError, match="no pixel"):
        ssim(images, truth, torch.zeros_like(masks))


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
    assert (change.mean, change.largest) == (0, 0)


def test_one_pixel_outside_is_seen_in_full() -> None:
    source, mask = picture()
    source[0, 0] = 10
    result = source.copy()
    result[0, 0] = (250, 10, 10)  # uint8 arithmetic would wrap
    change = change_outside(result, source, mask)
    assert change.largest == 240
    assert change.mean == pytest.approx(240 / (3 * (20 * 24 - 10 * 12)))


def test_a_mask_that_covers_all_leaves_nothing_to_change() -> None:
    source, mask = picture()
    change = change_outside(255 - source, source, np.full_like(mask, 255))
    assert (change.mean, change.largest) == (0, 0)


def test_a_change_needs_pictures_of_one_size() -> None:
    source, mask = picture()
    with pytest.raises(ValueError, match="one size"):
        change_outside(source, source, mask[1:])


def test_a_face_counts_where_it_is_expected() -> None:
    points = astronaut_points().astype(np.float64)
    unit = eye_distance(points)
    near, far = points + np.array([0.2 * unit, 0]), points + np.array([0.3 * unit, 0])
    assert face_in_place([far, near], points) is near
    assert face_in_place([far], points) is None
    assert face_in_place([], points) is None
    assert landmark_error(near, points) == pytest.approx(0.2)
