"""Networks from their configuration, and a generator behind a window."""

from __future__ import annotations

import torch
from torch import nn

from ecgan.config_sections import DiscriminatorConfig, GeneratorConfig
from ecgan.networks.blocks import initialize, initialize_for_relu
from ecgan.networks.output import REFINER_FEATURES, Refiner, Translation, to_translation
from ecgan.networks.patchgan import Augmented, JointDiscriminator, PatchGAN
from ecgan.networks.resnet import ResNetTrunk
from ecgan.networks.unet import UNetTrunk
from ecgan.shapes import Codes, Images
from ecgan.window import Window


class Generator(nn.Module):
    """A trunk and its output: G(x, z) of the paper, for images of side `size`."""

    def __init__(self, config: GeneratorConfig, num_expressions: int, size: int) -> None:
        super().__init__()
        self.output = config.output
        self.paint = config.paint
        warps = config.output == "warp"
        self.refiner = Refiner(config.refine) if config.refine else None
        channels = REFINER_FEATURES if config.refine else 4 if warps else 3
        self.still = nn.Conv2d(channels, 1, 3, padding=1) if config.still else None
        if config.kind == "unet":
            self.trunk: UNetTrunk | ResNetTrunk = UNetTrunk(
                config, num_expressions, size, channels, warps
            )
        else:
            self.trunk = ResNetTrunk(config, num_expressions, channels, warps)

    def forward(self, source: Images, code: Codes) -> Translation:
        output = self.trunk(source, code)
        return to_translation(
            self.output, source, output, self.refiner, paint=self.paint, still=self.still
        )


def build_generator(config: GeneratorConfig, num_expressions: int, size: int) -> Generator:
    """A generator with fresh weights, drawn from torch's global generator."""
    generator = Generator(config, num_expressions, size)
    if config.kind == "stargan":
        return generator  # which starts from torch's own initialisation
    initialize(generator)
    trunk = generator.trunk
    with torch.no_grad():
        if generator.refiner is not None:
            initialize_for_relu(generator.refiner)
            generator.refiner.last.weight.zero_()
        elif config.output != "pixels":
            trunk.last.weight.zero_()
        if config.output == "warp":
            trunk.flow.weight.zero_()
        if generator.still is not None:
            generator.still.weight.zero_()
    return generator


def build_discriminator(config: DiscriminatorConfig, num_expressions: int) -> nn.Module:
    """A discriminator with fresh weights, drawn from torch's global generator: of (image, z,
    source) of any size, gives a `DiscriminatorOutput`."""
    scales = [PatchGAN(config, num_expressions) for _ in range(config.scales)]
    discriminator = scales[0] if len(scales) == 1 else JointDiscriminator(scales, halving=True)
    initialize(discriminator)
    return Augmented(discriminator) if config.augment else discriminator


class Windowed(nn.Module):
    """Takes and gives whole canonical crops; the generator inside sees and changes the window."""

    def __init__(self, generator: nn.Module, window: Window) -> None:
        super().__init__()
        self.generator = generator
        self.window = window

    def forward(self, source: Images, code: Codes) -> Translation:
        """Without the fields of a warp: they are of the window."""
        made: Translation = self.generator(self.window.cut(source), code)
        return Translation(image=self.window.put_back(source, made.image))
