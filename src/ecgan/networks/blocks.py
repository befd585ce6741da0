"""Layers shared by the networks: normalisation, conditional scale and shift, initialisation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from ecgan.config_sections import Norm

_aten = torch.ops.aten


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


class InstanceNorm(nn.Module):
    """(x - mean) / sqrt(variance + eps) over the positions of each example and channel (Ulyanov et
    al. 2016); no learned parameters.

    Equal to `nn.InstanceNorm2d`, and in its place without a change of state. That copies a
    channels-last tensor to the plain layout and back, forward and backward; on CPUs with fast bf16
    convolutions these copies cost as much as the convolutions.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.channels = channels
        self.eps = eps

    def extra_repr(self) -> str:
        return str(self.channels)

    def forward(self, features: Tensor) -> Tensor:
        """Normalise (batch, channels, height, width).

        Raises:
            ValueError: 1 x 1 features in training, which the norm would turn to zeros.
        """
        if self.training and features.shape[2:].numel() == 1:
            raise ValueError(
                f"instance norm of 1 x 1 features erases them, got {tuple(features.shape)}: "
                "leave the norm of the innermost code out"
            )
        return instance_norm(features, self.eps)


def instance_norm(features: Tensor, eps: float = 1e-5) -> Tensor:
    """`F.instance_norm` of (batch, channels, height, width) in the layout that comes."""
    if features.device.type != "cpu" or torch.compiler.is_compiling():
        return F.instance_norm(features, eps=eps)
    if is_channels_last(features) and features.dtype != torch.float16:
        normalised: Tensor = _ChannelsLastInstanceNorm.apply(features, eps)  # type: ignore[no-untyped-call]
        return normalised
    return F.group_norm(features, features.shape[1], eps=eps)


def is_channels_last(features: Tensor) -> bool:
    """Whether the channels lie side by side in memory (and not only by a dimension of size 1)."""
    return features.is_contiguous(memory_format=torch.channels_last) and not (
        features.is_contiguous() and features.shape[1] > 1
    )


class _ChannelsLastInstanceNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, eps: float) -> Tensor:
        if features.dtype == torch.bfloat16:
            output, mean, scale = _normalise_bf16(features, eps)
        else:
            output, mean, scale = _normalise(features, eps)
        ctx.save_for_backward(features, mean, scale)
        ctx.eps = eps
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        features, mean, scale = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        # Batch norm of one example is instance norm, and its kernels keep the layout.
        parts = [
            _aten.native_batch_norm_backward(
                *(gradient[i : i + 1], features[i : i + 1], None, None, None, mean[i], scale[i]),
                *(True, ctx.eps, [True, False, False]),
            )[0]
            for i in range(len(features))
        ]
        return (parts[0] if len(parts) == 1 else torch.cat(parts)), None


def _normalise_bf16(features: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Group norm with one channel a group. fp32 scale and shift make its statistics fp32."""
    count, channels, height, width = features.shape
    one, zero = torch.ones(channels), torch.zeros(channels)
    output, mean, scale = _aten.native_group_norm(
        features, one, zero, count, channels, height * width, channels, eps
    )
    return output, mean, scale


def _normalise(features: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Two passes, because the group norm kernel takes E[x^2] - E[x]^2 in fp32; sums over rows, then
    over columns, because one long fp32 sum loses digits."""
    mean = features.mean(dim=3, keepdim=True).mean(dim=2, keepdim=True)
    centred = features - mean
    variance = centred.square().mean(dim=3, keepdim=True).mean(dim=2, keepdim=True)
    scale = (variance + eps).rsqrt()
    return centred.mul_(scale), mean[:, :, 0, 0], scale[:, :, 0, 0]
