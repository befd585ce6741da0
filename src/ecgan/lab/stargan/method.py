"""StarGAN as a method of the trainer."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.lab.stargan.critic import StarGANCritic
from ecgan.lab.stargan.step import domain_batch, domain_critic_step, domain_generator_step
from ecgan.losses.paper import Objective
from ecgan.networks.build import build_generator
from ecgan.precision import autocast
from ecgan.training.method import Exchange, Method, Models, RunContext, fresh_discriminator
from ecgan.training.update import TWO_GENERATORS, frozen


def method_of(config: Config) -> Method:
    """The method that trains a configuration."""
    return STARGAN if config.objective.method == "stargan" else TWO_GENERATORS


def one_generator(config: Config, num_expressions: int) -> Models:
    """Networks with weights from torch's global generator, each under both its names."""
    generator = build_generator(config.generator, num_expressions, config.size)
    if config.discriminator.kind == "stargan":
        critic: torch.nn.Module = StarGANCritic(config.discriminator, num_expressions, config.size)
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
