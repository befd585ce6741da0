"""Layers shared by the networks: normalisation, conditional scale and shift, initialisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ecgan.config import Norm
from ecgan.networks.instance_norm import InstanceNorm


def norm_layer(kind: Norm, channels: int) -> nn.Module:
    """Normalisation without learned affine parameters where CycleGAN has none."""
    if kind == "instance":
        return InstanceNorm(channels)
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "group":
        return nn.GroupNorm(max(1, channels // 16), channels)
    return nn.Identity()


def uses_bias(kind: Norm) -> bool:
    """Whether a convolution in front of this norm needs a bias of its own."""
    return kind in ("instance", "none")


class CodeAffine(nn.Module):
    """Scale and shift every channel by linear functions of z, *after* the norm.

    z as constant planes in front of an instance norm is erased by it (a constant plane changes only
    the mean of each channel, which the norm subtracts), so z joins behind the norm.
    """

    def __init__(self, num_expressions: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(num_expressions, 2 * channels)

    def forward(self, features: Tensor, code: Tensor) -> Tensor:
        scale, shift = self.linear(code.to(features.dtype))[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(features + shift, features, scale)


def fast_layout(images: Tensor) -> Tensor:
    """The memory layout in which this device convolves fastest: channels-last where bf16 autocast
    is on; the layers behind keep it."""
    device = images.device.type
    if torch.is_autocast_enabled(device):
        return images.contiguous(memory_format=torch.channels_last)
    return images


def tile_code(features: Tensor, code: Tensor) -> Tensor:
    """Concatenate z to (batch, channels, height, width) features as constant planes."""
    planes = code.to(features.dtype)[:, :, None, None].expand(-1, -1, *features.shape[2:])
    return torch.cat([features, planes], dim=1)


def initialize_for_relu(module: nn.Module) -> None:
    """He et al. 2015, for convolutions that no norm follows."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")


def initialize(module: nn.Module, gain: float = 0.02) -> None:
    """Normal(0, gain) weights and zero biases, as CycleGAN and Pix2pix start."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    for layer in module.modules():
        if isinstance(layer, CodeAffine):
            nn.init.normal_(layer.linear.weight, 0.0, 0.3)
