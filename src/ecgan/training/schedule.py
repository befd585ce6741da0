"""What an update follows besides gradients: a learning rate with an optional rise, constant, then
linear to zero (CycleGAN, Sec. 4); moving averages of the weights,
average <- decay * average + (1 - decay) * weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn
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


def start_average(module: nn.Module) -> nn.Module:
    """A copy of `module` in evaluation mode that takes no gradients."""
    return copy.deepcopy(module).eval().requires_grad_(False)


def warmed_decay(decay: float, step: int) -> float:
    """Decay at update `step` (0-based), at most (1 + step) / (10 + step): the first weights, which
    are random, are soon forgotten."""
    return min(decay, (1 + step) / (10 + step))


@torch.no_grad()
def update_average(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Move `average` towards `module` in place; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(module.parameters()), 1 - decay)
    for kept, new in zip(average.buffers(), module.buffers(), strict=True):
        kept.copy_(new)
