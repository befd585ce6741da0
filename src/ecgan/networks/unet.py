"""U-Net generator trunk: convolutions down to a fully connected code, and up with skips.

Isola et al. 2017 (Pix2pix), U-Net-256; z joins as the paper (Sec. 3) or later, see `conditioning`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config_sections import GeneratorConfig
from ecgan.networks.blocks import CodeAffine, norm_layer, tile_code, uses_bias
from ecgan.networks.draws import dropout
from ecgan.networks.output import TrunkOutput


class UNetTrunk(nn.Module):
    """Downs of 4 x 4 stride 2 until the code is 1 x 1 (or `depth` of them), ups back to full size.

    `conditioning`: `bottleneck` concatenates z to the innermost code (the paper); `decoder` scales
    and shifts the features of every up stage by z behind its norm; `input` tiles z on the image;
    `none` is Pix2pix's own network.
    """

    def __init__(
        self,
        config: GeneratorConfig,
        num_expressions: int,
        size: int,
        out_channels: int,
        flow: bool,
    ) -> None:
        super().__init__()
        depth = config.depth or int(math.log2(size))
        if size % 2**depth:
            raise ValueError(
                f"a U-Net of depth {depth} needs a size divisible by {2**depth}, got {size}"
            )
        if flow and not 2 <= config.flow_scale <= 2 ** (depth - 1):
            raise ValueError(
                f"a U-Net of depth {depth} predicts the flow at 1/2 to 1/{2 ** (depth - 1)} of the "
                f"image, got flow_scale={config.flow_scale}"
            )
        self.conditioning = config.conditioning
        self.flow_level = int(math.log2(config.flow_scale)) if flow else None
        widths = [min(config.width * 2**level, config.max_width) for level in range(depth)]
        bias = uses_bias(config.norm)

        self.downs = nn.ModuleList()
        self.down_norms = nn.ModuleList()
        channels = 3 + (num_expressions if self.conditioning == "input" else 0)
        for level, width in enumerate(widths):
            outer = level in (0, depth - 1)
            self.downs.append(nn.Conv2d(channels, width, 4, 2, 1, bias=bias or outer))
            self.down_norms.append(nn.Identity() if outer else norm_layer(config.norm, width))
            channels = width

        self.ups = nn.ModuleList()
        self.up_norms = nn.ModuleList()
        self.affines = nn.ModuleList()
        channels += num_expressions if self.conditioning == "bottleneck" else 0
        for level in reversed(range(1, depth)):
            width = widths[level - 1]
            self.ups.append(nn.ConvTranspose2d(channels, width, 4, 2, 1, bias=bias))
            self.up_norms.append(norm_layer(config.norm, width))
            if self.conditioning == "decoder":
                self.affines.append(CodeAffine(num_expressions, width))
            channels = 2 * width
        self.dropout_stages = 3 if config.dropout else 0
        self.last = nn.ConvTranspose2d(channels, out_channels, 4, 2, 1)
        if self.flow_level is not None:
            # Features at 1 / 2^level of the image: the up stage's output and the skip.
            self.flow = nn.Conv2d(2 * widths[self.flow_level - 1], 2, 3, padding=1)

    def forward(self, source: Tensor, code: Tensor) -> TrunkOutput:
        features = tile_code(source, code) if self.conditioning == "input" else source
        skips: list[Tensor] = []
        for level, (down, norm) in enumerate(zip(self.downs, self.down_norms, strict=True)):
            features = down(F.leaky_relu(features, 0.2) if level else features)
            features = norm(features)
            skips.append(features)

        features = skips.pop()
        if self.conditioning == "bottleneck":
            features = tile_code(features, code)
        flow: Tensor | None = None
        for stage, (up, norm) in enumerate(zip(self.ups, self.up_norms, strict=True)):
            features = norm(up(F.relu(features)))
            if self.conditioning == "decoder":
                features = self.affines[stage](features, code)
            if 0 < stage <= self.dropout_stages:
                features = dropout(features, 0.5, self.training)
            features = torch.cat([features, skips.pop()], dim=1)
            if len(skips) + 1 == self.flow_level:
                flow = self.flow(F.relu(features))
        return TrunkOutput(full=self.last(F.relu(features)), flow=flow)
