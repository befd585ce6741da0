"""Exact floating-point operations of one update, counted operator by operator."""

from __future__ import annotations

import copy

from torch.utils.flop_counter import FlopCounterMode

from ecgan.data.dataset import TranslationBatch
from ecgan.training.method import RunContext
from ecgan.training.step import Models


def update_flops(models: Models, batch: TranslationBatch, context: RunContext) -> int:
    """Operations (a multiply-add counts as two) of convolutions and matrix products, forward and
    backward, of one update on `batch`, the mean where a network has not always its turn; `models`
    stay as they are."""
    total, before = 0.0, 0
    with FlopCounterMode(display=False) as counter:
        for share, loss in context.method.losses(copy.deepcopy(models), batch, context):
            loss.backward()  # type: ignore[no-untyped-call]
            total += share * (counter.get_total_flops() - before)
            before = counter.get_total_flops()
    return int(total)
