"""The generator trunk of StarGAN (Choi et al. 2018, Table 4)."""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config import GeneratorConfig
from ecgan.networks.blocks import tile_code
from ecgan.networks.output import TrunkOutput

HALVINGS = 2


class StarGANTrunk(nn.Module):
    """Two halvings, `blocks` residual blocks, two doublings; z as planes beside the image.

    The borders are zeros, not reflections: behind a reflection z's planes would change nothing but
    each channel's mean, which instance norm takes away.
    """

    def __init__(self, config: GeneratorConfig, num_expressions: int) -> None:
        super().__init__()
        scales = [2**level for level in range(HALVINGS + 1)]
        widths = [min(config.width * scale, config.max_width) for scale in scales]
        self.first = nn.Conv2d(3 + num_expressions, widths[0], 7, padding=3, bias=False)
        self.first_norm = _norm(widths[0])
        pairs = list(itertools.pairwise(widths))
        self.downs = nn.ModuleList(
            nn.Conv2d(outer, inner, 4, 2, 1, bias=False) for outer, inner in pairs
        )
        self.down_norms = nn.ModuleList(_norm(inner) for _, inner in pairs)
        self.blocks = nn.ModuleList(_ResidualBlock(widths[-1]) for _ in range(config.blocks))
        pairs.reverse()
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False) for outer, inner in pairs
        )
        self.up_norms = nn.ModuleList(_norm(outer) for outer, _ in pairs)
        self.last = nn.Conv2d(widths[0], 3, 7, padding=3, bias=False)

    def forward(self, source: Tensor, code: Tensor) -> TrunkOutput:
        features = F.relu(self.first_norm(self.first(tile_code(source, code))))
        for down, norm in zip(self.downs, self.down_norms, strict=True):
            features = F.relu(norm(down(features)))
        for block in self.blocks:
            features = block(features)
        for up, norm in zip(self.ups, self.up_norms, strict=True):
            features = F.relu(norm(up(features)))
        return TrunkOutput(full=self.last(features), flow=None)


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = _norm(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = _norm(channels)

    def forward(self, features: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(self.first(features)))
        result: Tensor = features + self.second_norm(self.second(inner))
        return result


def _norm(channels: int) -> nn.Module:
    """Instance norm with learned scale and shift, by the statistics of the image at hand always."""
    return nn.InstanceNorm2d(channels, affine=True)
