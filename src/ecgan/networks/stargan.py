"""The generator trunk and the critic of StarGAN (Choi et al. 2018, Tables 4 and 5)."""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config import DiscriminatorConfig, GeneratorConfig
from ecgan.networks.blocks import tile_code
from ecgan.networks.output import TrunkOutput
from ecgan.networks.patchgan import Verdict
from ecgan.shapes import Codes, Images

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


class StarGANCritic(nn.Module):
    """`layers` convolutions of stride 2 without norm; then values of patches, and a class head that
    sees the whole image."""

    def __init__(self, config: DiscriminatorConfig, num_expressions: int, size: int) -> None:
        super().__init__()
        widths = [config.width * 2**layer for layer in range(config.layers)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(outer, inner, 4, 2, 1) for outer, inner in itertools.pairwise([3, *widths])
        )
        self.last = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        side = size // 2**config.layers
        self.classifier = nn.Conv2d(widths[-1], num_expressions, side, bias=False)

    def forward(self, image: Images, code: Codes, source: Images | None = None) -> Verdict:  # noqa: ARG002
        """Judge a batch of the size that it was made for; `code` and `source` are not looked at."""
        features: Tensor = image
        activations: list[Tensor] = []
        for convolution in self.convolutions:
            features = F.leaky_relu(convolution(features), 0.01)
            activations.append(features)
        logits = self.classifier(features).flatten(1).float()
        return Verdict(self.last(features).float(), logits, tuple(activations))


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
