"""SSIM and PSNR inside a mask: what they ignore and what they refuse (values: tests/reference)."""

import pytest
import torch

from ecgan.evaluation.similarity import MAX_PSNR_DB, psnr, ssim


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
