"""PatchGAN discriminator (Isola et al. 2017): one realness value per 70 x 70 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config import DiscriminatorConfig
from ecgan.networks.blocks import norm_layer, tile_code, uses_bias
from ecgan.precision import at_least_fp32
from ecgan.shapes import Codes, Images, Patches


@dataclass(frozen=True)
class DiscriminatorOutput:
    """What a discriminator says of a batch."""

    patches: Patches
    logits: Tensor | None
    """(batch, expressions), when it has a class head."""
    features: tuple[Tensor, ...]
    """Activations of the layers before the last, for feature matching."""


class PatchGAN(nn.Module):
    """`conditioning="planes"` gives D(y, z) of Sec. 3.1; `"none"` the printed D(y) of Eq. 1."""

    def __init__(self, config: DiscriminatorConfig, num_expressions: int) -> None:
        super().__init__()
        self.conditional = config.conditioning == "planes"
        bias = uses_bias(config.norm)
        self.sees_source = config.sees_source
        channels = 3 * (1 + self.sees_source) + (num_expressions if self.conditional else 0)
        self.convolutions = nn.ModuleList([nn.Conv2d(channels, config.width, 4, 2, 1)])
        self.norms = nn.ModuleList([nn.Identity()])
        channels = config.width
        for layer in range(1, config.layers + 1):
            width = config.width * min(2**layer, 8)
            stride = 2 if layer < config.layers else 1
            self.convolutions.append(nn.Conv2d(channels, width, 4, stride, 1, bias=bias))
            self.norms.append(norm_layer(config.norm, width))
            channels = width
        self.last = nn.Conv2d(channels, 1, 4, 1, 1)
        self.classifier = nn.Linear(channels, num_expressions) if config.classify else None

    def forward(
        self, image: Images, code: Codes, source: Images | None = None
    ) -> DiscriminatorOutput:
        """Score a batch; `source` is what the image was translated from, if `sees_source`."""
        features: Tensor = image
        if self.sees_source:
            if source is None:
                raise ValueError("a discriminator with sees_source needs the source images")
            features = torch.cat([source, image], dim=1)
        if self.conditional:
            features = tile_code(features, code)
        activations: list[Tensor] = []
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            features = F.leaky_relu(norm(convolution(features)), 0.2)
            activations.append(features)
        logits = None
        if self.classifier is not None:
            logits = at_least_fp32(self.classifier(features.mean(dim=(2, 3))))
        return DiscriminatorOutput(at_least_fp32(self.last(features)), logits, tuple(activations))


class JointDiscriminator(nn.Module):
    """Several discriminators of one image, each of which counts the same (`side_by_side`). With
    `halving` each looks at half the side of the one before (pix2pixHD, Wang et al. 2018)."""

    def __init__(self, discriminators: Sequence[nn.Module], *, halving: bool = False) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(discriminators)
        self.halving = halving

    def forward(
        self, image: Images, code: Codes, source: Images | None = None
    ) -> DiscriminatorOutput:
        outputs: list[DiscriminatorOutput] = []
        for discriminator in self.discriminators:
            if outputs and self.halving:
                image = F.avg_pool2d(image, 2)
                source = None if source is None else F.avg_pool2d(source, 2)
            outputs.append(discriminator(image, code, source))
        return side_by_side(outputs)


def side_by_side(outputs: Sequence[DiscriminatorOutput]) -> DiscriminatorOutput:
    """Patches of several discriminators next to each other, those of the later ones at the size of
    the first, so that each counts the same in a mean; logits are the mean, features all."""
    size = outputs[0].patches.shape[2:]
    patches = torch.cat([F.interpolate(v.patches, size) for v in outputs], dim=3)
    logits = [v.logits for v in outputs if v.logits is not None]
    return DiscriminatorOutput(
        patches,
        torch.stack(logits).mean(dim=0) if logits else None,
        tuple(feature for v in outputs for feature in v.features),
    )
