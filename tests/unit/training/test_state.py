"""A state that went through a checkpoint goes on exactly as the one that did not."""

from __future__ import annotations

from pathlib import Path

import torch
from support.tiny_run import ALONE, start, tiny_config
from torch import Tensor

from ecgan.training.checkpoint import decode, encode
from ecgan.training.schedule import warmed_decay
from ecgan.training.state import TrainingState, fresh_state
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
                kept["saved"] = encode(trained.to_checkpoint(config, {}))
        return values

    kept: dict[str, bytes] = {}
    expected = go_on(state)
    restored = fresh_state(config, len(data.vocabulary), ALONE)
    restored.restore(decode(kept["saved"], "saved"), config, torch.device("cpu"))
    assert restored.step == AFTER
    assert go_on(restored) == expected[AFTER:]
    assert restored.weights_sha256() == state.weights_sha256()
    last = [encode(one.to_checkpoint(config, {})) for one in (state, restored)]
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


def _weights(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.named_parameters()}
