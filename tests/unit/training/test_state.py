"""A state that went through a checkpoint goes on exactly as the one that did not; learning rate,
moving averages, and losses that run away."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from support.tiny_run import ALONE, start, tiny_config
from torch import Tensor, nn

from ecgan.config import Config
from ecgan.errors import SnapshotError
from ecgan.expressions import Vocabulary
from ecgan.training.checkpoint import decode, encode
from ecgan.training.method import GENERATORS
from ecgan.training.state import (
    TrainingState,
    absurd,
    fresh_state,
    learning_rate_factor,
    start_average,
    update_average,
    warmed_decay,
)
from ecgan.training.trainer import total_steps
from ecgan.training.update import update

UPDATES = 5
AFTER = 3
"""Updates before the checkpoint: by then the pools of three are full."""


def test_a_restored_state_goes_on_as_if_nothing_had_been(tiny_data: Path) -> None:
    config = tiny_config()
    state, data, context = start(config, tiny_data)

    def go_on(trained: TrainingState) -> list[dict[str, float]]:
        """Up to the end; the updates' values."""
        values = []
        while trained.step < UPDATES:
            batch = data.batch(config.batch, config.seed, trained.step)
            values.append(update(trained, batch, context))
            if trained.step == AFTER and "saved" not in kept:
                kept["saved"] = encode(trained.to_checkpoint())
        return values

    kept: dict[str, bytes] = {}
    expected = go_on(state)
    restored = fresh_state(config, len(data.vocabulary), ALONE)
    restored.restore(decode(kept["saved"], "saved"), torch.device("cpu"))
    assert restored.step == AFTER
    assert go_on(restored) == expected[AFTER:]
    assert restored.weights_sha256() == state.weights_sha256()
    last = [encode(one.to_checkpoint()) for one in (state, restored)]
    assert last[0] == last[1]


def test_averages_follow_the_generators(tiny_data: Path) -> None:
    config = tiny_config()
    state, data, context = start(config, tiny_data)
    for step in range(2):
        old = {name: _weights(kept) for name, kept in state.averages.items()}
        update(state, data.batch(config.batch, config.seed, step), context)
        decay = warmed_decay(config.optimizer.ema, step)
        for name, kept in state.averages.items():
            new = _weights(state.network(name))
            for key, value in _weights(kept).items():
                expected = decay * old[name][key] + (1 - decay) * new[key]
                torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-8)


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


def test_what_is_large_at_first_may_be_large() -> None:
    first: dict[str, float] = {}
    assert not absurd("cycle", 0.3, first)
    assert not absurd("context", 3e4, first)
    assert first == {"cycle": 0.3, "context": 3e4}
    assert not absurd("cycle", 9000, first)
    assert not absurd("context", -2e8, first)
    assert absurd("cycle", 1.1e4, first)
    assert absurd("context", 4e8, first)
    assert absurd("cycle", -4.8e16, first)


def test_what_is_no_number_or_absurd_at_first_is_absurd() -> None:
    assert absurd("cycle", math.nan, {})
    assert absurd("cycle", math.inf, {})
    assert absurd("cycle", 4.8e16, {})


def _weights(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.named_parameters()}


@pytest.mark.parametrize("conditioning", ["decoder", "input"])
def test_expressions_may_change_places(monkeypatch: pytest.MonkeyPatch, conditioning: str) -> None:
    """A translator that learned them in another order gives what it gave."""
    config = tiny_config(generator={"conditioning": conditioning})
    old, new = Vocabulary(("neutral", "happy", "sad")), Vocabulary(("neutral", "sad", "happy"))
    known, state = (fresh_state(config, 3, ALONE) for _ in range(2))
    with torch.no_grad():
        for weight in known.models.to_expression.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    states = {name: known.network(name).state_dict() for name in GENERATORS}
    values = {"vocabulary": list(old.names), "generator": {"conditioning": conditioning}}
    snapshot = SimpleNamespace(config=values, states=states)
    monkeypatch.setattr("ecgan.training.state.initial_snapshot", lambda *_: snapshot)
    if conditioning != "decoder":
        with pytest.raises(SnapshotError, match="conditioning=decoder may the order differ"):
            state.start_from("known", new)
        return
    state.start_from("known", new)
    source = torch.rand(1, 3, config.size, config.size)
    for name in old.names:
        given, made = (
            one.models.to_expression.eval()(source, torch.from_numpy(names.code(name))[None]).image
            for one, names in ((known, old), (state, new))
        )
        torch.testing.assert_close(given, made)
