"""Exponential moving average of weights: average <- decay * average + (1 - decay) * weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


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
