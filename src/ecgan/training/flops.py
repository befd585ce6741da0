"""Exact floating-point operations of one update, counted operator by operator."""

from __future__ import annotations

import copy

from torch.utils.flop_counter import FlopCounterMode

from ecgan.data.dataset import TranslationBatch
from ecgan.precision import autocast
from ecgan.training.steps import Models, discriminator_step, generator_step
from ecgan.training.update import Setting, frozen


def update_flops(models: Models, batch: TranslationBatch, setting: Setting) -> int:
    """Operations (a multiply-add counts as two) of convolutions and matrix products, forward and
    backward, of one update on `batch`; `models` stay as they are."""
    config, device = setting.config, setting.world.device
    models = copy.deepcopy(models)
    with FlopCounterMode(display=False) as counter:
        with frozen(models.discriminators()), autocast(setting.precision, device):
            made = generator_step(models, batch, config, setting.neutral_code, setting.features)
        made.objective.total.backward()  # type: ignore[no-untyped-call]
        with autocast(setting.precision, device):
            judged = discriminator_step(
                models,
                batch,
                made.fake_expressive,
                batch.code,
                made.fake_neutral,
                config,
                setting.neutral_code,
            )
        judged.total.backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())
