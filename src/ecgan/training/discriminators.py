"""The discriminators of a run: those of `networks.build`, and what a frozen recogniser adds."""

from __future__ import annotations

import torch
from torch import nn

from ecgan.config import Config
from ecgan.inference.recognizer import Recognizer
from ecgan.networks.blocks import initialize_for_relu
from ecgan.networks.build import build_discriminator
from ecgan.networks.projected import LAYERS, JointDiscriminator, Projected
from ecgan.networks.vgg import VGGFeatures


def fresh_discriminator(config: Config, num_expressions: int) -> nn.Module:
    """A discriminator with weights from torch's global generator.

    Raises:
        SnapshotError: there is no such recogniser.
    """
    options = config.discriminator
    discriminator = build_discriminator(options, num_expressions)
    if options.recognizer is None:
        return discriminator
    source = None if options.recognizer == "recognizer" else options.recognizer
    found = Recognizer.load(source, device=torch.device("cpu"))
    side = round(found.size / config.data.zoom)
    projected = Projected(VGGFeatures(LAYERS, found.model.trunk), side, num_expressions)
    initialize_for_relu(projected.heads)
    return JointDiscriminator([discriminator, projected])
