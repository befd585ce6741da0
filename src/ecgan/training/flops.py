"""Exact floating-point operations of one update, counted operator by operator."""

from __future__ import annotations

import copy

from torch.utils.flop_counter import FlopCounterMode

from ecgan.data.dataset import TranslationBatch
from ecgan.precision import autocast
from ecgan.training.distributed import World
from ecgan.training.domains import domain_batch, domain_critic_step, domain_generator_step
from ecgan.training.state import shares_networks
from ecgan.training.steps import Models, discriminator_step, generator_step
from ecgan.training.update import Setting, frozen


def update_flops(models: Models, batch: TranslationBatch, setting: Setting) -> int:
    """Operations (a multiply-add counts as two) of convolutions and matrix products, forward and
    backward, of one update on `batch`, the mean where the generator has not always its turn;
    `models` stay as they are."""
    models = copy.deepcopy(models)
    if shares_networks(setting.config):
        return _shared_flops(models, batch, setting)
    config, device = setting.config, setting.world.device
    with FlopCounterMode(display=False) as counter:
        with frozen(models.discriminators()), autocast(setting.precision, device):
            made = generator_step(models, batch, config, setting.neutral_code, setting.features)
        made.objective.total.backward()  # type: ignore[no-untyped-call]
        if config.objective.judged:
            with autocast(setting.precision, device):
                judged = discriminator_step(
                    models,
                    batch,
                    made.fake_expressive,
                    made.fake_code,
                    made.fake_neutral,
                    config,
                    setting.neutral_code,
                )
            judged.total.backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())


def _shared_flops(models: Models, batch: TranslationBatch, setting: Setting) -> int:
    config, device = setting.config, setting.world.device
    examples = domain_batch(batch, setting.neutral_code, config.seed, 0, World(0, 1, device))
    with FlopCounterMode(display=False) as critic:
        with autocast(setting.precision, device):
            judged = domain_critic_step(models, examples, config)
        judged.total.backward()  # type: ignore[no-untyped-call]
    with FlopCounterMode(display=False) as generator:
        with frozen(models.discriminators()), autocast(setting.precision, device):
            made = domain_generator_step(models, examples, config)
        made.total.backward()  # type: ignore[no-untyped-call]
    share = generator.get_total_flops() / config.optimizer.critic_steps
    return int(critic.get_total_flops() + share)
