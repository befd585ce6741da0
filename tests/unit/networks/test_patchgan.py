"""The PatchGAN: receptive field, conditioning, class head, features, parameter count."""

from __future__ import annotations

import pytest
import torch

from ecgan.config import DiscriminatorConfig
from ecgan.networks.build import build_discriminator

NUM_EXPRESSIONS = 7


def draw(size: int = 64, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(count, 3, size, size, generator=generator) * 2 - 1
    return images, torch.eye(NUM_EXPRESSIONS)[1 : count + 1]


@pytest.mark.parametrize("layers, expected", [(1, 16), (2, 34), (3, 70)])
def test_receptive_field(layers: int, expected: int) -> None:
    """How far apart two pixels can be and still move one patch, read from the gradient."""
    config = DiscriminatorConfig(width=4, layers=layers, norm="none", conditioning="none")
    judge = build_discriminator(config, NUM_EXPRESSIONS)
    images, code = draw(256, count=1)
    images.requires_grad_()
    patches = judge(images, code).patches
    middle = patches.shape[2] // 2
    patches[0, 0, middle, middle].backward()
    assert images.grad is not None
    touched = images.grad.abs().sum(dim=(0, 1)) > 0
    assert touched.any(dim=0).sum() == expected
    assert touched.any(dim=1).sum() == expected


@pytest.mark.parametrize("size, side", [(64, 6), (128, 14), (256, 30), (512, 62)])
def test_patches_of_each_size(size: int, side: int) -> None:
    judge = build_discriminator(DiscriminatorConfig(width=4), NUM_EXPRESSIONS)
    with torch.no_grad():
        verdict = judge(*draw(size, count=1))
    assert verdict.patches.shape == (1, 1, side, side)
    assert verdict.logits is None
    assert len(verdict.features) == 4


def test_z_is_seen_when_conditional_and_ignored_otherwise() -> None:
    images, code = draw()
    for conditioning, seen in (("planes", True), ("none", False)):
        config = DiscriminatorConfig.model_validate({"width": 4, "conditioning": conditioning})
        judge = build_discriminator(config, NUM_EXPRESSIONS)
        with torch.no_grad():
            one = judge(images, code).patches
            other = judge(images, code.roll(1, dims=1)).patches
        assert torch.equal(one, other) != seen


def test_gradients_reach_image_z_and_weights() -> None:
    judge = build_discriminator(DiscriminatorConfig(width=4, classify=True), NUM_EXPRESSIONS)
    images, code = (t.requires_grad_() for t in draw())
    verdict = judge(images, code)
    assert verdict.logits.shape == (2, NUM_EXPRESSIONS)
    (verdict.patches.square().mean() + verdict.logits.square().mean()).backward()
    for tensor in (images, code, *judge.parameters()):
        assert tensor.grad is not None and tensor.grad.isfinite().all()
    assert images.grad.abs().max() > 0
    assert (code.grad.abs().sum(dim=1) > 0).all()


def test_source_is_judged_along_when_asked() -> None:
    judge = build_discriminator(DiscriminatorConfig(width=4, sees_source=True), NUM_EXPRESSIONS)
    images, code = draw()
    with torch.no_grad():
        one = judge(images, code, images).patches
        other = judge(images, code, images.flip(3)).patches
    assert not torch.equal(one, other)
    with pytest.raises(ValueError, match="needs the source images"):
        judge(images, code)


def test_parameter_count_is_the_published_one() -> None:
    judge = build_discriminator(DiscriminatorConfig(conditioning="none", norm="batch"), 7)
    plain = build_discriminator(DiscriminatorConfig(conditioning="none"), 7)
    batch, instance = (sum(p.numel() for p in d.parameters()) / 1e6 for d in (judge, plain))
    # The shift of a batch norm and the bias of a convolution before an instance norm are as many.
    assert instance == pytest.approx(2.765, abs=5e-4)
    assert batch == pytest.approx(instance + (128 + 256 + 512) / 1e6, abs=1e-6)
