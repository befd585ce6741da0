"""z behind a norm survives it, z in front of one does not; layout and initialisation."""

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
