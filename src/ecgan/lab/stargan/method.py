"""StarGAN (Choi et al. 2018) as a method of the trainer: its critic, and its turns."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config import Config, DiscriminatorConfig
from ecgan.data.dataset import TranslationBatch
from ecgan.lab.stargan.step import domain_batch, domain_critic_step, domain_generator_step
from ecgan.losses.paper import Objective
from ecgan.networks.build import build_generator
from ecgan.networks.patchgan import DiscriminatorOutput
from ecgan.precision import autocast
from ecgan.shapes import Codes, Images
from ecgan.training.method import Exchange, Method, Models, RunContext, fresh_discriminator
from ecgan.training.update import TWO_GENERATORS, frozen


def method_of(config: Config) -> Method:
    """The method that trains a configuration."""
    return STARGAN if config.objective.method == "stargan" else TWO_GENERATORS


def one_generator(config: Config, num_expressions: int) -> Models:
    """Networks with weights from torch's global generator, each under both its names."""
    generator = build_generator(config.generator, num_expressions, config.size)
    if config.discriminator.kind == "stargan":
        critic: nn.Module = StarGANCritic(config.discriminator, num_expressions, config.size)
    else:
        critic = fresh_discriminator(config, num_expressions)
    return Models(generator, generator, critic, critic)


def objectives_of_one_generator(
    models: Models, batch: TranslationBatch, context: RunContext, step: int, exchange: Exchange
) -> Iterator[tuple[str, Objective]]:
    """Of the critic, then at every `critic_steps`-th update of the generator."""
    del exchange  # the critic scores new translations only
    config, world = context.config, context.world
    examples = domain_batch(batch, context.neutral_code, config.seed, step, world)
    with autocast(context.precision, world.device):
        scored = domain_critic_step(models, examples, config)
    yield "discriminator", scored
    if (step + 1) % config.optimizer.critic_steps:
        return
    with frozen(models.discriminators()), autocast(context.precision, world.device):
        made = domain_generator_step(models, examples, config)
    yield "generator", made


STARGAN = Method(one_generator, objectives_of_one_generator)


class StarGANCritic(nn.Module):
    """The discriminator of Table 5: `layers` convolutions of stride 2 without norm, then values of
    patches, and a class head that sees the whole image."""

    def __init__(self, config: DiscriminatorConfig, num_expressions: int, size: int) -> None:
        super().__init__()
        widths = [config.width * 2**layer for layer in range(config.layers)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(outer, inner, 4, 2, 1) for outer, inner in itertools.pairwise([3, *widths])
        )
        self.last = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        side = size // 2**config.layers
        self.classifier = nn.Conv2d(widths[-1], num_expressions, side, bias=False)

    def forward(
        self, image: Images, code: Codes, source: Images | None = None
    ) -> DiscriminatorOutput:
        """Of a batch of the size that it was made for; `code` and `source` are not looked at."""
        del code, source
        features: Tensor = image
        activations: list[Tensor] = []
        for convolution in self.convolutions:
            features = F.leaky_relu(convolution(features), 0.01)
            activations.append(features)
        logits = self.classifier(features).flatten(1).float()
        return DiscriminatorOutput(self.last(features).float(), logits, tuple(activations))
