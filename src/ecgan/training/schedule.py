"""Learning rate: an optional rise, constant, then linear to zero (CycleGAN, Sec. 4)."""

from __future__ import annotations

import math

from torch.optim import Optimizer

from ecgan.config import Config


def total_steps(config: Config, num_expressive: int) -> int:
    """Updates of a run: `config.steps`, or `config.epochs` passes over the expressive images."""
    if config.steps is not None:
        return config.steps
    return max(1, math.ceil(config.epochs * num_expressive / config.batch))


def learning_rate_factor(step: int, total: int, decay_from: float, warmup_steps: int = 0) -> float:
    """Multiplier of the rate for update `step` (0-based): a linear rise over `warmup_steps`, then
    1, after `decay_from * total` linear to 0 at `total`."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    start = decay_from * total
    if step < start or start >= total:
        return 1.0
    return max(0.0, (total - step) / (total - start))


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
