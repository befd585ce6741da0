"""The timing of updates: every part of the configured step is in it."""

from __future__ import annotations

import pytest
from support.tiny_run import tiny_config

from ecgan.lab.bench import bench_training
from ecgan.precision import default_device
from ecgan.training.distributed import World
from ecgan.training.state import fresh_state


def test_direct_translation_is_timed_too() -> None:
    figures = {}
    for direct in (False, True):
        config = tiny_config(data={"pairs": "use", "direct": direct})
        figures[direct] = bench_training(config, steps=1, warmup=1)
    assert figures[True].tflop_per_step > 1.2 * figures[False].tflop_per_step
    speed = figures[True]
    assert speed.images_per_second == pytest.approx(2 * 2 / speed.seconds_per_step)
    assert 0 < speed.share_of_limit < 1


@pytest.mark.parametrize("term", ["context", "style"])
def test_terms_that_need_a_feature_network_are_left_out(term: str) -> None:
    data, others = {"pairs": "use"}, {"paired": 10, "cycle": 0, "mask": 0, "context": 0}
    figures = [
        bench_training(tiny_config(data=data, objective={**others, **more}), steps=1, warmup=0)
        for more in ({}, {term: 1})
    ]
    assert figures[0].tflop_per_step == figures[1].tflop_per_step


def test_compiled_networks_keep_the_names_of_their_weights() -> None:
    state = fresh_state(tiny_config(), 3, World(0, 1, default_device()))
    before = list(state.weights())
    state.compile()
    assert list(state.weights()) == before
    assert state.models.to_expression._compiled_call_impl is not None
