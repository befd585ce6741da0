"""ResNet generator trunk of CycleGAN: c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3.

Johnson et al. 2016, Zhu et al. 2017; z joins as the paper says (Sec. 3) or later: `ResNetTrunk`.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config import GeneratorConfig, Norm
from ecgan.networks.blocks import CodeAffine, fast_layout, norm_layer, tile_code, uses_bias
from ecgan.networks.draws import dropout
from ecgan.networks.output import TrunkOutput

HALVINGS = 2


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), 3 x 3 with reflected borders; z may scale and shift the
    features behind the first norm."""

    def __init__(self, channels: int, norm: Norm, num_expressions: int, dropout: bool) -> None:
        super().__init__()
        bias = uses_bias(norm)
        self.first = nn.Conv2d(channels, channels, 3, bias=bias)
        self.first_norm = norm_layer(norm, channels)
        self.affine = CodeAffine(num_expressions, channels) if num_expressions else None
        self.second = nn.Conv2d(channels, channels, 3, bias=bias)
        self.second_norm = norm_layer(norm, channels)
        self.dropout = dropout

    def forward(self, features: Tensor, code: Tensor) -> Tensor:
        inner = self.first_norm(self.first(reflect(features, 1)))
        if self.affine is not None:
            inner = self.affine(inner, code)
        inner = F.relu(inner)
        if self.dropout:
            inner = dropout(inner, 0.5, self.training)
        result: Tensor = features + self.second_norm(self.second(reflect(inner, 1)))
        return result


class ResNetTrunk(nn.Module):
    """Two halvings, `blocks` residual blocks, two doublings; any size divisible by 4.

    `conditioning`: `bottleneck` scales and shifts the embedding by z behind the norm of the last
    halving; `decoder` does so in every residual block and doubling; `input` tiles z on the image,
    and the first convolution then has no norm; `none` is CycleGAN's own network. (Instance
    norm takes the mean of each channel away, and z as planes in front of a convolution changes
    nothing else.)
    """

    def __init__(
        self, config: GeneratorConfig, num_expressions: int, out_channels: int, flow: bool
    ) -> None:
        super().__init__()
        self.conditioning = config.conditioning
        self.flow_scale = config.flow_scale if flow else None
        scales = [2**level for level in range(HALVINGS + 1)]
        if flow and config.flow_scale not in scales:
            raise ValueError(
                f"the resnet generator predicts the flow at 1 / {scales} of the image, "
                f"got flow_scale={config.flow_scale}"
            )
        norm, bias = config.norm, uses_bias(config.norm)
        widths = [min(config.width * scale, config.max_width) for scale in scales]
        tiled = config.conditioning == "input"

        self.first = nn.Conv2d(
            3 + (num_expressions if tiled else 0), widths[0], 7, bias=bias or tiled
        )
        self.first_norm = nn.Identity() if tiled else norm_layer(norm, widths[0])
        pairs = list(itertools.pairwise(widths))
        self.downs = nn.ModuleList(
            nn.Conv2d(outer, inner, 3, stride=2, padding=1, bias=bias) for outer, inner in pairs
        )
        self.down_norms = nn.ModuleList(norm_layer(norm, inner) for _, inner in pairs)

        in_decoder = num_expressions if config.conditioning == "decoder" else 0
        self.bottleneck = (
            CodeAffine(num_expressions, widths[-1]) if config.conditioning == "bottleneck" else None
        )
        self.blocks = nn.ModuleList(
            ResidualBlock(widths[-1], norm, in_decoder, config.dropout)
            for _ in range(config.blocks)
        )
        pairs.reverse()
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inner, outer, 3, 2, padding=1, output_padding=1, bias=bias)
            for outer, inner in pairs
        )
        self.up_norms = nn.ModuleList(norm_layer(norm, outer) for outer, _ in pairs)
        self.affines = nn.ModuleList(
            CodeAffine(in_decoder, outer) for outer, _ in (pairs if in_decoder else [])
        )
        self.last = nn.Conv2d(widths[0], out_channels, 7)
        if self.flow_scale is not None:
            self.flow = nn.Conv2d(widths[int(math.log2(self.flow_scale))], 2, 3)

    def forward(self, source: Tensor, code: Tensor) -> TrunkOutput:
        features = tile_code(source, code) if self.conditioning == "input" else source
        features = reflect(fast_layout(features), 3)
        features = F.relu(self.first_norm(self.first(features)))
        for level, (down, norm) in enumerate(zip(self.downs, self.down_norms, strict=True)):
            features = norm(down(features))
            if self.bottleneck is not None and level == HALVINGS - 1:
                features = self.bottleneck(features, code)
            features = F.relu(features)
        for block in self.blocks:
            features = block(features, code)

        scale = 2**HALVINGS
        flow = self._flow(features, scale)
        for level, (up, norm) in enumerate(zip(self.ups, self.up_norms, strict=True)):
            features = norm(up(features))
            if self.affines:
                features = self.affines[level](features, code)
            features = F.relu(features)
            scale //= 2
            flow = self._flow(features, scale) if flow is None else flow
        return TrunkOutput(full=self.last(reflect(features, 3)), flow=flow)

    def _flow(self, features: Tensor, scale: int) -> Tensor | None:
        return self.flow(reflect(features, 1)) if scale == self.flow_scale else None


def reflect(features: Tensor, margin: int) -> Tensor:
    """`nn.ReflectionPad2d(margin)`, in the type that comes: autocast would pad in fp32."""
    with torch.autocast(features.device.type, enabled=False):
        return F.pad(features, (margin, margin, margin, margin), mode="reflect")
