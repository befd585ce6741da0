"""Learning rate and moving average."""

import pytest
import torch
from torch import nn

from ecgan.config import Config
from ecgan.training.schedule import (
    learning_rate_factor,
    start_average,
    total_steps,
    update_average,
    warmed_decay,
)


def test_rate_is_constant_then_linear_to_zero() -> None:
    factors = [learning_rate_factor(step, 100, 0.5) for step in range(101)]
    assert factors[:51] == [1.0] * 51
    assert factors[75] == pytest.approx(0.5)
    assert factors[99] == pytest.approx(0.02)
    assert factors[100] == 0.0
    assert learning_rate_factor(99, 100, 1.0) == 1.0
    assert learning_rate_factor(50, 100, 0.0) == 0.5


def test_total_steps_counts_passes_over_expressive_images() -> None:
    assert total_steps(Config(epochs=200, batch=1), 30) == 6000
    assert total_steps(Config(epochs=1, batch=4), 30) == 8
    assert total_steps(Config(epochs=0.001), 3) == 1
    assert total_steps(Config(steps=17), 30) == 17


def test_average_follows_the_formula_and_copies_buffers() -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    average = start_average(module)
    before = average[0].weight.clone()
    with torch.no_grad():
        module[0].weight.add_(1.0)
        module[1].running_mean.add_(2.0)
    update_average(average, module, decay=0.9)
    torch.testing.assert_close(average[0].weight, before + 0.1)
    assert torch.equal(average[1].running_mean, module[1].running_mean)
    assert not any(p.requires_grad for p in average.parameters())
    assert not average.training
    assert all(p.requires_grad for p in module.parameters())


def test_decay_is_warmed_up() -> None:
    assert warmed_decay(0.999, 0) == pytest.approx(0.1)
    assert warmed_decay(0.999, 10**6) == 0.999
    assert warmed_decay(0.05, 0) == 0.05
