"""z behind a norm survives it, z in front of one does not; layout and initialisation; instance norm
in both memory layouts against torch's own in float64."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ecgan.networks.blocks import (
    CodeAffine,
    InstanceNorm,
    fast_layout,
    initialize,
    instance_norm,
    is_channels_last,
    norm_layer,
    tile_code,
    uses_bias,
)


def test_code_affine_scales_and_shifts_each_channel() -> None:
    affine = CodeAffine(3, 4)
    features, code = torch.randn(2, 4, 5, 5), torch.eye(3)[:2]
    scale, shift = affine.linear(code)[:, :, None, None].chunk(2, dim=1)
    torch.testing.assert_close(affine(features, code), features * (1 + scale) + shift)


def test_tiled_code_is_planes_behind_the_image() -> None:
    features, code = torch.randn(2, 3, 4, 6), torch.tensor([[1.0, 0.0], [0.25, 0.75]])
    tiled = tile_code(features, code)
    assert tiled.shape == (2, 5, 4, 6)
    assert torch.equal(tiled[:, :3], features)
    assert (tiled[1, 4] == 0.75).all() and (tiled[0, 4] == 0).all()


def test_instance_norm_erases_planes_in_front_of_it() -> None:
    """Why z joins behind the norm: this is the trap."""
    convolution = nn.Conv2d(5, 4, 3, padding=1, padding_mode="reflect")
    features = torch.randn(1, 3, 8, 8)
    outputs = [
        F.instance_norm(convolution(tile_code(features, code))) for code in torch.eye(2)[:, None]
    ]
    torch.testing.assert_close(outputs[0], outputs[1], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "kind, layer, bias",
    [
        ("instance", InstanceNorm, True),
        ("batch", nn.BatchNorm2d, False),
        ("group", nn.GroupNorm, False),
        ("none", nn.Identity, True),
    ],
)
def test_norm_layers(kind, layer, bias) -> None:
    assert isinstance(norm_layer(kind, 32), layer)
    assert uses_bias(kind) == bias


def test_fast_layout_is_channels_last_under_autocast_only() -> None:
    images = torch.rand(2, 3, 8, 8)
    assert fast_layout(images) is images
    with torch.autocast("cpu", torch.bfloat16):
        assert fast_layout(images).is_contiguous(memory_format=torch.channels_last)


def test_initialize() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(64, 64, 3), nn.ConvTranspose2d(64, 64, 3))
    initialize(network)
    for layer in network:
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert layer.bias.abs().max() == 0


LAYOUTS = (torch.contiguous_format, torch.channels_last)
SHAPES = ((1, 16, 9, 7), (3, 8, 32, 32), (2, 4, 64, 64), (2, 5, 2, 3))


def draw(shape: tuple[int, ...], mean: float = 0.7, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 1.7 + mean


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mean", [0.0, 0.7, 5.0])
def test_value_and_gradient_equal_torch(layout, shape, mean) -> None:
    features = draw(shape, mean)
    weights = draw(shape, seed=1)
    exact = features.double().requires_grad_()
    expected = nn.InstanceNorm2d(shape[1])(exact)
    (expected * weights.double()).sum().backward()

    features = features.contiguous(memory_format=layout).requires_grad_()
    found = InstanceNorm(shape[1])(features)
    (found * weights).sum().backward()

    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)
    assert found.is_contiguous(memory_format=layout)
    assert features.grad is not None and exact.grad is not None
    size = exact.grad.abs().max().clamp(min=1)
    assert (features.grad.double() - exact.grad).abs().max() / size < 1e-5


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_bf16_is_as_good_as_its_rounding(shape) -> None:
    features = draw(shape).bfloat16().contiguous(memory_format=torch.channels_last)
    weights = draw(shape, seed=1).bfloat16()
    exact = features.double().requires_grad_()
    expected = F.instance_norm(exact)
    (expected * weights.double()).sum().backward()

    features.requires_grad_()
    found = instance_norm(features)
    (found * weights).sum().backward()

    assert found.dtype == torch.bfloat16 and is_channels_last(found)
    torch.testing.assert_close(found.double(), expected, rtol=0.01, atol=0.01)
    assert features.grad is not None and exact.grad is not None
    assert is_channels_last(features.grad)
    torch.testing.assert_close(features.grad.double(), exact.grad, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradcheck(layout) -> None:
    features = draw((2, 3, 4, 5)).double().contiguous(memory_format=layout).requires_grad_()
    assert torch.autograd.gradcheck(instance_norm, (features,))


def test_a_gradient_in_another_layout_is_taken() -> None:
    features = draw((2, 8, 6, 6)).contiguous(memory_format=torch.channels_last).requires_grad_()
    gradient = draw((2, 8, 6, 6), seed=2)
    (plain,) = torch.autograd.grad(instance_norm(features), features, gradient)
    (last,) = torch.autograd.grad(
        instance_norm(features), features, gradient.contiguous(memory_format=torch.channels_last)
    )
    assert torch.equal(plain, last)


def test_1x1_features_are_refused_in_training() -> None:
    norm = InstanceNorm(4)
    with pytest.raises(ValueError, match="1 x 1 features erases them"):
        norm(torch.ones(2, 4, 1, 1))
    assert norm.eval()(torch.ones(2, 4, 1, 1)).abs().max() == 0


def test_it_has_no_state() -> None:
    assert not list(InstanceNorm(4).state_dict())
