"""The networks of a run, and what a family of methods does with them: one trainer serves all."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.errors import ConfigError
from ecgan.inference.recognizer import Recognizer, feature_network
from ecgan.losses.paper import Objective
from ecgan.networks.blocks import initialize_for_relu
from ecgan.networks.build import build_discriminator, build_generator
from ecgan.networks.patchgan import LAYERS, JointDiscriminator, Projected
from ecgan.networks.vgg import VGGFeatures
from ecgan.precision import Precision
from ecgan.shapes import NeutralCode
from ecgan.training.distributed import World
from ecgan.training.passes import NO_FEATURES, FeatureNetworks, Features
from ecgan.training.pool import DiscriminatorInput
from ecgan.window import Window

GENERATORS = ("to_expression", "to_neutral")
NETWORKS = (*GENERATORS, "discriminator_expression", "discriminator_neutral")


@dataclass(frozen=True)
class Models:
    """The two generators and the two discriminators of the paper; where one of each serves both
    directions, under both names."""

    to_expression: nn.Module
    """G_XY: neutral and z to expression."""
    to_neutral: nn.Module
    """G_YX: expression and z' to neutral."""
    discriminator_expression: nn.Module
    """D_Y."""
    discriminator_neutral: nn.Module
    """D_X."""

    def generators(self) -> tuple[nn.Module, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self.to_expression, self.to_neutral)))

    def discriminators(self) -> tuple[nn.Module, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self.discriminator_expression, self.discriminator_neutral)))


Exchange = Callable[[str, DiscriminatorInput], DiscriminatorInput]
"""Offers translations to the pool of that name and gives as many, old and new, back."""


@dataclass(frozen=True)
class Method:
    """Networks, and what they learn. ECGAN, CycleGAN and Pix2pix are one method
    (`update.TWO_GENERATORS`): they differ by configuration."""

    models: Callable[[Config, int], Models]
    """Fresh networks for a number of expressions, from torch's global generator."""
    objectives: Callable[
        [Models, TranslationBatch, RunContext, int, Exchange], Iterator[tuple[str, Objective]]
    ]
    """Of one update, the number of finished ones being given: `generator` or `discriminator`, and
    what it makes small. The caller applies each before it asks for the next."""


@dataclass(frozen=True)
class RunContext:
    """What an update needs besides state and data; constant within a run."""

    config: Config
    world: World
    precision: Precision
    total_steps: int
    neutral_code: NeutralCode
    """z', shape (1, expressions)."""
    method: Method
    features: FeatureNetworks = NO_FEATURES


def two_generators(config: Config, num_expressions: int) -> Models:
    """The paper's four networks, with weights from torch's global generator.

    Raises:
        ConfigError: the configuration is StarGAN's.
    """
    if shares_networks(config) or config.discriminator.kind == "stargan":
        raise ConfigError("StarGAN's networks are those of `ecgan.lab.stargan.method.STARGAN`")
    generators = [build_generator(config.generator, num_expressions, config.size) for _ in "XY"]
    discriminators = [fresh_discriminator(config, num_expressions) for _ in "YX"]
    return Models(*generators, *discriminators)


def fresh_discriminator(config: Config, num_expressions: int) -> nn.Module:
    """A discriminator with weights from torch's global generator; besides the image it may see a
    frozen recogniser's features.

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


def feature_networks(config: Config, device: torch.device) -> FeatureNetworks:
    """Those that the terms of the objective compare features of."""

    def load(network: str, layers: Sequence[str]) -> Features:
        found: Features = feature_network(network, layers).to(device)
        return found

    objective, window = config.objective, Window(config.data.zoom)
    context: Features | None = None
    if objective.context:
        of_context = objective.context_options
        pyramid = [f"relu{i}_1" for i in range(1, 6)]
        layers = pyramid if of_context.form == "pyramid" else [of_context.layer]
        context = load(of_context.network, layers)
    options = objective.perceptual_options
    if not objective.compares_features:
        return FeatureNetworks(context)
    if options.part == "face":
        return FeatureNetworks(context, load(options.network, options.layers))
    side = min(window.mouth(torch.empty(1, 1, config.size, config.size)).shape[2:])
    # Layers of block k, conv<k>_1 and so on, stand behind k - 1 halvings, pool<k> behind k.
    deep = [name for name in options.layers if side < 2 ** (int(name[4]) - (name[0] != "p"))]
    if deep:
        raise ConfigError(
            f"objective.perceptual_options.layers={deep[0]} sees nothing of a mouth of {side} "
            f"px at size={config.size}: set part=face, a larger size or an earlier layer"
        )
    found = load(options.network, options.layers)
    parts = [window.mouth] if options.part == "mouth" else [window.mouth, window.eyes]
    return FeatureNetworks(context, lambda v: [f for part in parts for f in found(part(v))])


def shares_networks(config: Config) -> bool:
    """Whether one generator and one discriminator serve both directions (StarGAN)."""
    return config.objective.method == "stargan"


def stored_names(names: Iterable[str], shared: bool) -> dict[str, str]:
    """The name under which a checkpoint holds each network: its own, or where both directions share
    one, that of the direction to the expression."""
    return {name: name.replace("_neutral", "_expression") if shared else name for name in names}


def update_flops(models: Models, batch: TranslationBatch, context: RunContext) -> int:
    """Operations (a multiply-add counts as two) of convolutions and matrix products, forward and
    backward, of one update on `batch`, the mean where the generator has not always its turn;
    `models` stay as they are."""
    turns = context.config.optimizer.critic_steps
    total, before = 0.0, 0
    with FlopCounterMode(display=False) as counter:
        steps = context.method.objectives(
            copy.deepcopy(models), batch, context, turns - 1, lambda _, made: made
        )
        for role, objective in steps:
            objective.total.backward()  # type: ignore[no-untyped-call]
            count = counter.get_total_flops() - before
            total += count / turns if role == "generator" else count
            before = counter.get_total_flops()
    return int(total)
