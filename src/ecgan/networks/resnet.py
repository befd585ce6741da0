"""ResNet generator trunk of CycleGAN: c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3.

Johnson et al. 2016, Zhu et al. 2017; z joins as the paper says (Sec. 3) or later: `ResNetTrunk`.
StarGAN's (Choi et al. 2018, Table 4) has kernels of 4 x 4 where the size changes, a learned scale
behind each instance norm, no biases, and borders of zeros: behind a reflection z's planes would
change nothing but each channel's mean, which instance norm takes away.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config_sections import GeneratorConfig
from ecgan.networks.blocks import CodeAffine, fast_layout, norm_layer, tile_code, uses_bias
from ecgan.networks.draws import dropout
from ecgan.networks.output import TrunkOutput

HALVINGS = 2


class SameConv2d(nn.Conv2d):
    """A convolution of stride 1 that keeps the size; borders are reflected, or else zeros."""

    def __init__(
        self, channels: int, width: int, kernel: int, *, bias: bool, reflected: bool = True
    ) -> None:
        self.margin = kernel // 2 if reflected else 0
        padding = 0 if reflected else kernel // 2
        super().__init__(channels, width, kernel, padding=padding, bias=bias)

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(reflect(features, self.margin) if self.margin else features)


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), 3 x 3; z may scale and shift the features behind the
    first norm."""

    def __init__(self, channels: int, config: GeneratorConfig, num_expressions: int) -> None:
        super().__init__()
        options = {"bias": _bias(config), "reflected": config.kind != "stargan"}
        self.first = SameConv2d(channels, channels, 3, **options)
        self.first_norm = _norm(config, channels)
        self.affine = CodeAffine(num_expressions, channels) if num_expressions else None
        self.second = SameConv2d(channels, channels, 3, **options)
        self.second_norm = _norm(config, channels)
        self.dropout = config.dropout

    def forward(self, features: Tensor, code: Tensor) -> Tensor:
        inner = self.first_norm(self.first(features))
        if self.affine is not None:
            inner = self.affine(inner, code)
        inner = F.relu(inner)
        if self.dropout:
            inner = dropout(inner, 0.5, self.training)
        result: Tensor = features + self.second_norm(self.second(inner))
        return result


class ResNetTrunk(nn.Module):
    """Two halvings, `blocks` residual blocks, two doublings; any size divisible by 4.

    `conditioning`: `bottleneck` scales and shifts the embedding by z behind the norm of the last
    halving; `decoder` does so in every residual block and doubling; `input` tiles z on the image,
    and the first convolution then has no norm (but StarGAN's has); `none` is CycleGAN's own
    network. (Instance norm takes the mean of each channel away, and z as planes in front of a
    convolution changes nothing else.)
    """

    def __init__(
        self, config: GeneratorConfig, num_expressions: int, out_channels: int, flow: bool
    ) -> None:
        super().__init__()
        self.stargan = config.kind == "stargan"
        self.conditioning = config.conditioning
        self.flow_scale = config.flow_scale if flow else None
        scales = [2**level for level in range(HALVINGS + 1)]
        if flow and config.flow_scale not in scales:
            raise ValueError(
                f"the resnet generator predicts the flow at 1 / {scales} of the image, "
                f"got flow_scale={config.flow_scale}"
            )
        bias, reflected = _bias(config), not self.stargan
        widths = [min(config.width * scale, config.max_width) for scale in scales]
        pairs = list(itertools.pairwise(widths))
        tiled = config.conditioning == "input"
        bare = tiled and not self.stargan

        channels = 3 + (num_expressions if tiled else 0)
        self.first = SameConv2d(channels, widths[0], 7, bias=bias or bare, reflected=reflected)
        self.first_norm = nn.Identity() if bare else _norm(config, widths[0])
        kernel = 4 if self.stargan else 3
        self.downs = nn.ModuleList(
            nn.Conv2d(outer, inner, kernel, 2, 1, bias=bias) for outer, inner in pairs
        )
        self.down_norms = nn.ModuleList(_norm(config, inner) for _, inner in pairs)

        in_decoder = num_expressions if config.conditioning == "decoder" else 0
        self.bottleneck = (
            CodeAffine(num_expressions, widths[-1]) if config.conditioning == "bottleneck" else None
        )
        self.blocks = nn.ModuleList(
            ResidualBlock(widths[-1], config, in_decoder) for _ in range(config.blocks)
        )
        pairs.reverse()
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inner, outer, kernel, 2, 1, output_padding=kernel % 2, bias=bias)
            for outer, inner in pairs
        )
        self.up_norms = nn.ModuleList(_norm(config, outer) for outer, _ in pairs)
        self.affines = nn.ModuleList(
            CodeAffine(in_decoder, outer) for outer, _ in (pairs if in_decoder else [])
        )
        self.last = SameConv2d(
            widths[0], out_channels, 7, bias=not self.stargan, reflected=reflected
        )
        if self.flow_scale is not None:
            self.flow = SameConv2d(widths[int(math.log2(self.flow_scale))], 2, 3, bias=True)

    def forward(self, source: Tensor, code: Tensor) -> TrunkOutput:
        features = tile_code(source, code) if self.conditioning == "input" else source
        features = features if self.stargan else fast_layout(features)
        features = F.relu(self.first_norm(self.first(features)))
        for level, (down, norm) in enumerate(zip(self.downs, self.down_norms, strict=True)):
            features = norm(down(features))
            if self.bottleneck is not None and level == HALVINGS - 1:
                features = self.bottleneck(features, code)
            features = F.relu(features)
        for block in self.blocks:
            features = block(features, code)

        scale = 2**HALVINGS
        flow = self.flow(features) if scale == self.flow_scale else None
        for level, (up, norm) in enumerate(zip(self.ups, self.up_norms, strict=True)):
            features = norm(up(features))
            if self.affines:
                features = self.affines[level](features, code)
            features = F.relu(features)
            scale //= 2
            if scale == self.flow_scale:
                flow = self.flow(features)
        return TrunkOutput(full=self.last(features), flow=flow)


def reflect(features: Tensor, margin: int) -> Tensor:
    """`nn.ReflectionPad2d(margin)`, in the type that comes: autocast would pad in fp32."""
    with torch.autocast(features.device.type, enabled=False):
        return F.pad(features, (margin, margin, margin, margin), mode="reflect")


def _norm(config: GeneratorConfig, channels: int) -> nn.Module:
    if config.kind == "stargan":
        return nn.InstanceNorm2d(channels, affine=True)
    return norm_layer(config.norm, channels)


def _bias(config: GeneratorConfig) -> bool:
    return config.kind != "stargan" and uses_bias(config.norm)
