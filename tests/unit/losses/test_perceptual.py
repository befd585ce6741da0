"""Perceptual and style loss: what they see and do not see; unpaired examples have no part."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ecgan.losses.extras import gram_matrix, perceptual_loss, style_loss

PAIRED = torch.tensor([True, True])


def layers(seed: int = 0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return [torch.rand(2, c, side, side, generator=random) for c, side in ((4, 8), (6, 4))]


@pytest.mark.parametrize("loss", [perceptual_loss, style_loss])
def test_the_truth_itself_costs_nothing_and_the_scale_of_a_layer_is_no_matter(loss) -> None:
    truth, other = layers(), layers(1)
    assert loss(truth, truth, PAIRED).item() == pytest.approx(0, abs=2e-3)
    cost = loss(other, truth, PAIRED).item()
    assert cost > 0.05
    louder = [[scale * x for scale, x in zip((1, 50), y, strict=True)] for y in (other, truth)]
    assert loss(*louder, PAIRED).item() == pytest.approx(cost, rel=1e-3)


def test_the_values_are_those_of_the_formulas() -> None:
    truth = [torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]])]
    output = [torch.tensor([[[[1.0, 1.0]], [[2.0, 2.0]]]])]
    assert gram_matrix(truth[0]).tolist() == [[[5.0, 1.0], [1.0, 2.0]]]
    assert gram_matrix(output[0]).tolist() == [[[1.0, 2.0], [2.0, 4.0]]]
    one = torch.tensor([True])
    assert perceptual_loss(output, truth, one).item() == pytest.approx(4 / 6, rel=1e-4)
    expected = ((16 + 1 + 1 + 4) / (25 + 1 + 1 + 4)) ** 0.5
    assert style_loss(output, truth, one).item() == pytest.approx(expected, rel=1e-4)


def test_style_forgives_a_shift_and_not_a_blur() -> None:
    stripes = (torch.arange(32) % 4 < 2).float().expand(2, 3, 32, 32)
    edges = torch.tensor([[-1.0, 0, 1]]).expand(1, 3, 3, 3) / 9
    moved = stripes.roll(1, dims=3)
    blurred = (stripes.roll(-1, dims=3) + stripes + moved) / 3

    def features(image: torch.Tensor) -> list[torch.Tensor]:
        padded = F.pad(image, (1, 1, 1, 1), mode="circular")
        return [torch.relu(torch.cat([F.conv2d(padded, edges), F.conv2d(padded, -edges)], 1))]

    truth = features(stripes)
    shift, blur = (style_loss(features(x), truth, PAIRED).item() for x in (moved, blurred))
    assert shift < 0.01 and blur > 0.5
    place, smooth = (perceptual_loss(features(x), truth, PAIRED).item() for x in (moved, blurred))
    assert smooth < place  # so L1, on features too, would rather blur than miss the place


@pytest.mark.parametrize("loss", [perceptual_loss, style_loss])
def test_unpaired_examples_have_no_part_and_no_gradient(loss) -> None:
    output = [x.requires_grad_() for x in layers(1)]
    whole = loss(output, layers(), PAIRED)
    half = loss(output, layers(), torch.tensor([True, False]))
    assert 0 < half < whole
    half.backward()
    for x in output:
        assert x.grad is not None
        assert x.grad[0].abs().max() > 0 and x.grad[1].abs().max() == 0


@pytest.mark.parametrize("loss", [perceptual_loss, style_loss])
def test_at_the_truth_the_gradient_is_finite(loss) -> None:
    output = [x.requires_grad_() for x in layers()]
    loss(output, layers(), PAIRED).backward()
    assert all(torch.isfinite(x.grad).all() for x in output if x.grad is not None)


@pytest.mark.parametrize("loss", [perceptual_loss, style_loss])
def test_both_images_need_the_same_layers(loss) -> None:
    for output in ([], layers()[:1]):
        with pytest.raises(ValueError, match="same layers"):
            loss(output, layers() if output else [], PAIRED)
