"""Discriminators that a recogniser's frozen features make (projected GANs, Sauer et al. 2021).

A PatchGAN has to find out what an expression is while it scores it; the features of a recogniser
know, and heads on them tell in a few hundred updates whether a face wears what z says.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.networks.blocks import tile_code
from ecgan.networks.patchgan import DiscriminatorOutput, side_by_side
from ecgan.networks.vgg import VGGFeatures
from ecgan.shapes import Codes, Images

LAYERS = ("relu2_2", "relu3_3", "relu4_3")
HEAD_WIDTH = 64


class Head(nn.Module):
    """Patches from the features of one layer and z."""

    def __init__(self, channels: int, num_expressions: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels + num_expressions, HEAD_WIDTH, 1)
        self.second = nn.Conv2d(HEAD_WIDTH, HEAD_WIDTH, 3, padding=1)
        self.last = nn.Conv2d(HEAD_WIDTH, 1, 1)

    def forward(self, features: Tensor, code: Codes) -> DiscriminatorOutput:
        first = F.leaky_relu(self.first(tile_code(features, code)), 0.2)
        second = F.leaky_relu(self.second(first), 0.2)
        return DiscriminatorOutput(self.last(second).float(), None, (first, second))


class Projected(nn.Module):
    """D(y, z) on features that stay as they are; gradients pass through them to the image."""

    def __init__(self, features: VGGFeatures, side: int, num_expressions: int) -> None:
        """`side`: in pixels, at which the features know what an image shows."""
        super().__init__()
        self.features = features
        self.side = side
        self.heads = nn.ModuleList(
            Head(channels, num_expressions) for channels in features.channels()
        )

    def forward(
        self, image: Images, code: Codes, source: Images | None = None
    ) -> DiscriminatorOutput:
        del source
        small = F.interpolate(image, (self.side, self.side), mode="bilinear", antialias=True)
        found = self.features(small)
        return side_by_side(
            [head(layer, code) for head, layer in zip(self.heads, found, strict=True)]
        )
