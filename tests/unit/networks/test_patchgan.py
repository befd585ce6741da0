"""The PatchGAN: receptive field, conditioning, class head, features, parameter count."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ecgan.config import DiscriminatorConfig
from ecgan.networks.build import build_discriminator
from ecgan.networks.patchgan import Change

NUM_EXPRESSIONS = 7


def draw(size: int = 64, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(count, 3, size, size, generator=generator) * 2 - 1
    return images, torch.eye(NUM_EXPRESSIONS)[1 : count + 1]


@pytest.mark.parametrize("layers, expected", [(1, 16), (2, 34), (3, 70)])
def test_receptive_field(layers: int, expected: int) -> None:
    """How far apart two pixels can be and still move one patch, read from the gradient."""
    config = DiscriminatorConfig(width=4, layers=layers, norm="none", conditioning="none")
    discriminator = build_discriminator(config, NUM_EXPRESSIONS)
    images, code = draw(256, count=1)
    images.requires_grad_()
    patches = discriminator(images, code).patches
    middle = patches.shape[2] // 2
    patches[0, 0, middle, middle].backward()
    assert images.grad is not None
    touched = images.grad.abs().sum(dim=(0, 1)) > 0
    assert touched.any(dim=0).sum() == expected
    assert touched.any(dim=1).sum() == expected


@pytest.mark.parametrize("size, side", [(64, 6), (128, 14), (256, 30), (512, 62)])
def test_patches_of_each_size(size: int, side: int) -> None:
    discriminator = build_discriminator(DiscriminatorConfig(width=4), NUM_EXPRESSIONS)
    with torch.no_grad():
        output = discriminator(*draw(size, count=1))
    assert output.patches.shape == (1, 1, side, side)
    assert output.logits is None
    assert len(output.features) == 4


def test_z_is_seen_when_conditional_and_ignored_otherwise() -> None:
    images, code = draw()
    for conditioning, seen in (("planes", True), ("none", False)):
        config = DiscriminatorConfig.model_validate({"width": 4, "conditioning": conditioning})
        discriminator = build_discriminator(config, NUM_EXPRESSIONS)
        with torch.no_grad():
            one = discriminator(images, code).patches
            other = discriminator(images, code.roll(1, dims=1)).patches
        assert torch.equal(one, other) != seen


def test_gradients_reach_image_z_and_weights() -> None:
    discriminator = build_discriminator(
        DiscriminatorConfig(width=4, classify=True), NUM_EXPRESSIONS
    )
    images, code = (t.requires_grad_() for t in draw())
    output = discriminator(images, code)
    assert output.logits.shape == (2, NUM_EXPRESSIONS)
    (output.patches.square().mean() + output.logits.square().mean()).backward()
    for tensor in (images, code, *discriminator.parameters()):
        assert tensor.grad is not None and tensor.grad.isfinite().all()
    assert images.grad.abs().max() > 0
    assert (code.grad.abs().sum(dim=1) > 0).all()


def test_source_is_judged_along_when_asked() -> None:
    discriminator = build_discriminator(
        DiscriminatorConfig(width=4, sees_source=True), NUM_EXPRESSIONS
    )
    images, code = draw()
    with torch.no_grad():
        one = discriminator(images, code, images).patches
        other = discriminator(images, code, images.flip(3)).patches
    assert not torch.equal(one, other)
    with pytest.raises(ValueError, match="needs the source images"):
        discriminator(images, code)


def test_parameter_count_is_the_published_one() -> None:
    discriminator = build_discriminator(DiscriminatorConfig(conditioning="none", norm="batch"), 7)
    plain = build_discriminator(DiscriminatorConfig(conditioning="none"), 7)
    batch, instance = (sum(p.numel() for p in d.parameters()) / 1e6 for d in (discriminator, plain))
    # The shift of a batch norm and the bias of a convolution before an instance norm are as many.
    assert instance == pytest.approx(2.765, abs=5e-4)
    assert batch == pytest.approx(instance + (128 + 256 + 512) / 1e6, abs=1e-6)


def test_every_scale_counts_the_same() -> None:
    config = DiscriminatorConfig(width=4, layers=2, scales=2, classify=True)
    discriminator = build_discriminator(config, NUM_EXPRESSIONS)
    images, code = draw()
    with torch.no_grad():
        output = discriminator(images, code)
        large, small = (one for one in discriminator.discriminators)
        halves = large(images, code), small(F.avg_pool2d(images, 2), code)
        # Patches of the smaller scale are repeated, so that means are as of two discriminators.
        side = output.patches.shape[2]
        repeated = F.interpolate(halves[1].patches, (side, side))
    torch.testing.assert_close(
        output.patches.mean(), (halves[0].patches.mean() + repeated.mean()) / 2
    )
    torch.testing.assert_close(output.logits, (halves[0].logits + halves[1].logits) / 2)
    assert len(output.features) == 2 * 3


def test_scales_see_the_source_at_their_size() -> None:
    config = DiscriminatorConfig(width=4, layers=1, scales=2, sees_source=True)
    discriminator = build_discriminator(config, NUM_EXPRESSIONS)
    images, code = draw()
    with torch.no_grad():
        one, other = (discriminator(images, code, source).patches for source in (images, -images))
    side = one.shape[2]
    assert not torch.equal(one[..., :side], other[..., :side])
    assert not torch.equal(one[..., side:], other[..., side:])


def test_augmented_images_in_training_alone() -> None:
    config = DiscriminatorConfig(width=4, layers=2, augment=True)
    discriminator = build_discriminator(config, NUM_EXPRESSIONS)
    images, code = draw()
    with torch.no_grad():
        first, second = (discriminator(images, code).patches for _ in range(2))
        assert not torch.equal(first, second)
        discriminator.eval()
        torch.testing.assert_close(
            discriminator(images, code).patches, discriminator.discriminator(images, code).patches
        )
    discriminator.train()
    images.requires_grad_()
    discriminator(images, code).patches.sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0


def test_a_change_moves_and_cuts_all_images_of_an_example_alike() -> None:
    torch.manual_seed(0)
    images = torch.rand(6, 3, 32, 32) + 1  # nothing is black
    change = Change(images)
    made, again = change(images), change(2 * images)
    cut = (made == -1).all(dim=1)
    assert torch.equal(cut, (again == -1).all(dim=1))
    share = cut.float().mean(dim=(1, 2))
    assert (share > 0.05).all() and (share < 0.27).all()
    moved = change._moved(images)
    for picture, source in zip(moved, images, strict=True):
        rows, columns = torch.nonzero(picture.sum(dim=0), as_tuple=True)
        kept = picture[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert min(kept.shape[1:]) >= 32 - 4
        top, left = 32 - kept.shape[1], 32 - kept.shape[2]
        corners = [
            source[:, y : y + kept.shape[1], x : x + kept.shape[2]]
            for y in (0, top)
            for x in (0, left)
        ]
        assert any(torch.equal(kept, corner) for corner in corners)
