"""The discriminators of a run: those of `networks.build`, and what a frozen recogniser adds."""

from __future__ import annotations

import torch
from torch import nn

from ecgan.config import Config
from ecgan.errors import ConfigError
from ecgan.expressions import Vocabulary
from ecgan.inference.recognizer import Recognizer
from ecgan.networks.blocks import initialize_for_relu
from ecgan.networks.build import build_discriminator
from ecgan.networks.projected import LAYERS, Named, Panel, Projected
from ecgan.networks.vgg import VGGFeatures
from ecgan.window import Window


def fresh_judge(config: Config, vocabulary: Vocabulary) -> nn.Module:
    """A discriminator with weights from torch's global generator.

    Raises:
        SnapshotError: there is no such recogniser.
        ConfigError: it lacks an expression of the vocabulary, or was trained on another window.
    """
    options = config.discriminator
    judge = build_discriminator(options, len(vocabulary), config.size)
    if options.recognizer is None:
        return judge
    source = None if options.recognizer == "recognizer" else options.recognizer
    found = Recognizer.load(source, device=torch.device("cpu"))
    side = round(found.size / config.data.zoom)
    if options.recognizer_judges == "features":
        projected = Projected(VGGFeatures(LAYERS, found.model.trunk), side, len(vocabulary))
        initialize_for_relu(projected.heads)
        return Panel([judge, projected])
    zoom = found.model.window.zoom
    if zoom != config.data.zoom:
        raise ConfigError(
            f"discriminator.recognizer was trained at zoom {zoom:g}, data.zoom is "
            f"{config.data.zoom:g}: train the recogniser at the same zoom"
        )
    missing = {name.split(":")[0] for name in vocabulary.names} - set(found.vocabulary.names)
    if missing:
        raise ConfigError(
            f"discriminator.recognizer does not know {', '.join(sorted(missing))}; train it on the "
            "same expressions"
        )
    entries = [found.vocabulary.index(name.split(":")[0]) for name in vocabulary.names]
    found.model.window = Window()  # what D sees has been cut out already
    return Named(judge, found.model, side, entries)
