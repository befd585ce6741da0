"""StarGAN as a method of the trainer."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.lab.stargan.critic import StarGANCritic
from ecgan.lab.stargan.step import domain_batch, domain_critic_step, domain_generator_step
from ecgan.networks.build import build_generator
from ecgan.precision import autocast
from ecgan.shapes import Scalar
from ecgan.training.discriminators import fresh_discriminator
from ecgan.training.distributed import World
from ecgan.training.method import Method, RunContext
from ecgan.training.state import TrainingState
from ecgan.training.step import Models
from ecgan.training.update import TWO_GENERATORS, apply_objective, frozen


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


def update_one_generator(
    state: TrainingState, batch: TranslationBatch, context: RunContext
) -> dict[str, float]:
    """The critic, then at every `critic_steps`-th update the generator."""
    config, world, models = context.config, context.world, state.models
    examples = domain_batch(batch, context.neutral_code, config.seed, state.step, world)
    with autocast(context.precision, world.device):
        judged = domain_critic_step(models, examples, config)
    optimizer = state.discriminator_optimizer
    values = apply_objective("discriminator", judged, optimizer, state, batch=batch, world=world)
    if (state.step + 1) % config.optimizer.critic_steps:
        return values
    with frozen(models.discriminators()), autocast(context.precision, world.device):
        made = domain_generator_step(models, examples, config)
    optimizer = state.generator_optimizer
    return values | apply_objective("generator", made, optimizer, state, batch=batch, world=world)


def losses_of_one_generator(
    models: Models, batch: TranslationBatch, context: RunContext
) -> Iterator[tuple[float, Scalar]]:
    """What `update_one_generator` differentiates, without update."""
    config, device = context.config, context.world.device
    examples = domain_batch(batch, context.neutral_code, config.seed, 0, World(0, 1, device))
    with autocast(context.precision, device):
        yield 1.0, domain_critic_step(models, examples, config).total
    with frozen(models.discriminators()), autocast(context.precision, device):
        made = domain_generator_step(models, examples, config)
        yield 1 / config.optimizer.critic_steps, made.total


STARGAN = Method(one_generator, update_one_generator, losses_of_one_generator)
