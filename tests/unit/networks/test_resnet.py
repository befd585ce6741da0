"""The ResNet trunk against CycleGAN's generator spelt out in torch's own layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ecgan.config import GeneratorConfig
from ecgan.networks.blocks import initialize
from ecgan.networks.resnet import ResNetTrunk, reflect

WIDTH, BLOCKS = 8, 3


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3)]
            layers += [nn.InstanceNorm2d(channels), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.layers(features)


class Embedding(nn.Module):
    """(1 + scale(z)) features + shift(z)."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, code: torch.Tensor) -> None:
        super().__init__()
        self.scale, self.shift = F.linear(code, weight, bias)[:, :, None, None].chunk(2, dim=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return (1 + self.scale) * features + self.shift


def spelt_out(trunk: ResNetTrunk, code: torch.Tensor) -> nn.Sequential:
    """c7s1-w, d2w, d4w, blocks, u2w, uw, c7s1-3 with the trunk's weights, in their order."""
    w = WIDTH
    affine = trunk.bottleneck
    layers: list[nn.Module] = [
        nn.ReflectionPad2d(3), nn.Conv2d(3, w, 7), nn.InstanceNorm2d(w), nn.ReLU(),
        nn.Conv2d(w, 2 * w, 3, 2, 1), nn.InstanceNorm2d(2 * w), nn.ReLU(),
        nn.Conv2d(2 * w, 4 * w, 3, 2, 1), nn.InstanceNorm2d(4 * w),
        Embedding(affine.linear.weight, affine.linear.bias, code), nn.ReLU(),
        *(Residual(4 * w) for _ in range(BLOCKS)),
        nn.ConvTranspose2d(4 * w, 2 * w, 3, 2, 1, output_padding=1),
        nn.InstanceNorm2d(2 * w), nn.ReLU(),
        nn.ConvTranspose2d(2 * w, w, 3, 2, 1, output_padding=1), nn.InstanceNorm2d(w), nn.ReLU(),
        nn.ReflectionPad2d(3), nn.Conv2d(w, 3, 7),
    ]  # fmt: skip
    network = nn.Sequential(*layers)
    own = [p for name, p in trunk.named_parameters() if not name.startswith("bottleneck")]
    for theirs, ours in zip(network.parameters(), own, strict=True):
        theirs.data.copy_(ours.data)
    return network


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_equals_cyclegan_in_fp32(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    config = GeneratorConfig(kind="resnet", width=WIDTH, blocks=BLOCKS, conditioning="bottleneck")
    trunk = ResNetTrunk(config, 7, 3, flow=False)
    initialize(trunk, gain=0.1)
    code = torch.eye(7)[[1, 3]]
    source = torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        expected = spelt_out(trunk, code)(source)
        found = trunk(source.contiguous(memory_format=layout), code).full
    assert expected.std() > 0.1
    assert (found - expected).abs().max() / expected.abs().max() < 1e-5


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("margin", [1, 3])
def test_reflect_equals_reflection_pad(layout: torch.memory_format, margin: int) -> None:
    features = torch.randn(2, 4, 6, 5).contiguous(memory_format=layout)
    assert torch.equal(reflect(features, margin), nn.ReflectionPad2d(margin)(features))


def test_no_copy_to_another_layout_under_bf16() -> None:
    config = GeneratorConfig(kind="resnet", width=WIDTH, blocks=2, conditioning="decoder")
    trunk = ResNetTrunk(config, 7, 3, flow=False)
    layouts: list[bool] = []
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_pre_hook(
                lambda _, inputs: layouts.append(
                    inputs[0].is_contiguous(memory_format=torch.channels_last)
                )
            )
    with torch.autocast("cpu", torch.bfloat16):
        trunk(torch.rand(2, 3, 32, 32), torch.eye(7)[:2]).full.sum().backward()
    assert len(layouts) == 3 + 2 * 2 + 2 + 1
    assert all(layouts)
