"""The discriminators: PatchGAN (Isola et al. 2017), which gives one realness value per 70 x 70
pixels; heads on a recogniser's frozen features; several as one; and one whose images are changed at
random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config_sections import DiscriminatorConfig
from ecgan.networks.blocks import norm_layer, tile_code, uses_bias
from ecgan.networks.draws import rows
from ecgan.networks.vgg import VGGFeatures
from ecgan.precision import at_least_fp32
from ecgan.shapes import Codes, Images, Patches

LAYERS = ("relu2_2", "relu3_3", "relu4_3")
"""Of a recogniser, whose features `Projected` sees."""
HEAD_WIDTH = 64
BRIGHTNESS = 0.5
"""Largest offset either way, images being in [-1, 1]."""
SATURATION, CONTRAST = (0.0, 2.0), (0.5, 1.5)
"""Least and largest factor."""
SHIFT = 1 / 8
"""Largest shift either way, of the side."""
CUT = 1 / 2
"""Side of the square that is cut out, of the side."""


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
    """D(y, z) on a recogniser's features that stay as they are (projected GANs, Sauer et al. 2021);
    gradients pass through them to the image.

    A PatchGAN has to find out what an expression is while it scores it; the features of a
    recogniser know, and heads on them tell in a few hundred updates whether a face wears what z
    says.
    """

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


class Augmented(nn.Module):
    """Changes what it is given, in training and only there, then asks `discriminator` (DiffAugment,
    Zhao et al. 2020).

    Real images and translations get changes of the same kind, and gradients pass through them, so
    that a discriminator of few people cannot learn their pictures by heart.
    """

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(
        self, image: Images, code: Codes, source: Images | None = None
    ) -> DiscriminatorOutput:
        if self.training:
            change = Change(image)
            image = change(image)
            source = None if source is None else change(source)
        output: DiscriminatorOutput = self.discriminator(image, code, source)
        return output


class Change:
    """One random change for each image of a batch, drawn from torch's global generator; to be
    applied to as many images as belong together."""

    def __init__(self, like: Images) -> None:
        """`like`: gives the batch, size and device."""
        count, side = len(like), like.shape[2]

        def draw(low: float, high: float) -> Tensor:
            random = rows(lambda num: torch.rand(num, 1, 1, 1, device=like.device), count)
            return low + (high - low) * random

        self._brightness = draw(-BRIGHTNESS, BRIGHTNESS)
        self._saturation = draw(*SATURATION)
        self._contrast = draw(*CONTRAST)
        self._shifts = [draw(-SHIFT * side, SHIFT * side).round() for _ in range(2)]
        self._cuts = [(draw(0, 1) * side).floor() for _ in range(2)]

    def __call__(self, images: Images) -> Images:
        changed = images + self._brightness
        grey = changed.mean(dim=1, keepdim=True)
        changed = grey + (changed - grey) * self._saturation
        mean = changed.mean(dim=(1, 2, 3), keepdim=True)
        changed = mean + (changed - mean) * self._contrast
        return self._cut_out(self._moved(changed))

    def _moved(self, images: Tensor) -> Tensor:
        """By whole pixels; black comes in."""
        side = images.shape[2]
        room = int(SHIFT * side) + 1
        padded = F.pad(images, (room,) * 4)
        ways = (1, side, 1), (1, 1, side)
        rows, columns = (
            torch.arange(side, device=images.device).view(way) + room - shift[:, 0].long()
            for way, shift in zip(ways, self._shifts, strict=True)
        )
        batch = torch.arange(len(images), device=images.device).view(-1, 1, 1)
        return padded.permute(0, 2, 3, 1)[batch, rows, columns].permute(0, 3, 1, 2)

    def _cut_out(self, images: Tensor) -> Tensor:
        """A square of black around a point of the image."""
        side = images.shape[2]
        places = torch.arange(side, device=images.device)
        far = CUT * side / 2
        row, column = ((places - centre[:, 0]).abs() < far for centre in self._cuts)
        inside = row[:, 0, :, None] & column[:, 0, None, :]
        return images.masked_fill(inside[:, None], -1.0)
