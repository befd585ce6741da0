"""StarGAN: one generator for all expressions, stored once, resumed exactly, used like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.tiny_run import ALONE, start, tiny_config, tiny_stargan_config

from ecgan.config import Config
from ecgan.config_loading import build, load_config
from ecgan.data.dataset import TranslationBatch
from ecgan.errors import CheckpointError, ConfigError, Interrupted
from ecgan.inference.snapshot import load_snapshot
from ecgan.lab.stargan.method import (
    STARGAN,
    domain_batch,
    domain_critic_step,
    domain_generator_step,
)
from ecgan.training.checkpoint import Checkpoint, CheckpointFolder
from ecgan.training.checks import refuse_other_run
from ecgan.training.export import export_checkpoint
from ecgan.training.method import RunContext, update_flops
from ecgan.training.run import read_metrics
from ecgan.training.state import TrainingState
from ecgan.training.trainer import train
from ecgan.training.update import frozen, update


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def setup(config: Config, data_root: Path) -> tuple[TrainingState, TranslationBatch, RunContext]:
    state, data, context = start(config, data_root)
    return state, data.batch(config.batch, config.seed, 0), context


def test_targets_are_the_codes_of_the_batch_in_another_order(tiny_data: Path) -> None:
    _, batch, context = setup(tiny_stargan_config(batch=8), tiny_data)
    orders = set()
    for step in range(4):
        made = domain_batch(batch, context.neutral_code, 0, step, ALONE)
        shown, asked = made.code.argmax(1), made.target.argmax(1)
        assert shown[:8].eq(0).all() and shown[8:].gt(0).all()
        assert asked.sort().values.equal(shown.sort().values)
        orders.add(tuple(asked.tolist()))
        assert 0 <= made.share.min() < made.share.max() <= 1
    assert len(orders) == 4


def test_weights_are_kept_once(tiny_data: Path) -> None:
    state, _, _ = setup(tiny_stargan_config(), tiny_data)
    names = {".".join(name.split(".")[:2]) for name in state.weights()}
    assert names == {
        "network.to_expression",
        "network.discriminator_expression",
        "average.to_expression",
    }
    made = state.inference_generators()
    assert made["to_expression"] is made["to_neutral"] is state.averages["to_expression"]
    trained = [p for group in state.optimizers["generator"].param_groups for p in group["params"]]
    assert len(trained) == len(list(state.models.to_expression.parameters()))


def test_generator_moves_at_every_nth_update_only(tiny_data: Path) -> None:
    state, batch, context = setup(tiny_stargan_config(), tiny_data)
    for turn in (False, True, False, True):
        before = {name: value.clone() for name, value in state.weights().items()}
        values = update(state, batch, context)
        moved = {n.rsplit(".")[1] for n, v in state.weights().items() if not v.equal(before[n])}
        assert moved == {"discriminator_expression"} | ({"to_expression"} if turn else set())
        assert ("generator/total" in values) == turn
        expected = {"discriminator", "gradient_penalty", "discriminator_classification"}
        assert {f"discriminator/{name}" for name in expected} < set(values)


def test_steps_leave_the_other_network_without_gradient(tiny_data: Path) -> None:
    config = tiny_stargan_config()
    state, batch, context = setup(config, tiny_data)
    examples = domain_batch(batch, context.neutral_code, 0, 0, ALONE)
    domain_critic_step(state.models, examples, config).total.backward()
    assert all(p.grad is None for p in state.models.to_expression.parameters())
    assert all(p.grad is not None for p in state.models.discriminator_expression.parameters())
    state.models.discriminator_expression.zero_grad(set_to_none=True)
    with frozen(state.models.discriminators()):
        made = domain_generator_step(state.models, examples, config)
    made.total.backward()
    assert all(p.grad is None for p in state.models.discriminator_expression.parameters())
    assert all(p.grad is not None for p in state.models.to_expression.parameters())


def test_unused_terms_cost_no_operations(tiny_data: Path) -> None:
    def count(**objective: float) -> int:
        config = tiny_stargan_config(objective=objective)
        state, batch, context = setup(config, tiny_data)
        return update_flops(state.models, batch, context)

    assert count(gradient_penalty=0) < count()
    assert count(cycle=0) < count()


def test_stopped_run_continues_to_the_same_weights(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_stargan_config()
    whole = train(config, tiny_data, tmp_path / "whole", progress=False, method=STARGAN)

    def stop(step: int, values: object) -> None:
        if step == 5:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        train(config, tiny_data, tmp_path / "parts", progress=False, method=STARGAN, on_step=stop)
    newest = CheckpointFolder(tmp_path / "parts/checkpoints", 1).load_newest()
    assert newest is not None and newest.step == 4
    parts = train(config, tiny_data, tmp_path / "parts", progress=False, method=STARGAN)
    assert parts.weights_sha256 == whole.weights_sha256

    rows = read_metrics(tmp_path / "whole/metrics.jsonl")
    assert all("generator/cycle" in row for row in rows if row["kind"] == "train")
    snapshot = load_snapshot(tmp_path / "whole/snapshot", "translator")
    one, other = snapshot.states["to_expression"], snapshot.states["to_neutral"]
    assert all(other[name].equal(value) for name, value in one.items())
    file = next((tmp_path / "whole/checkpoints").glob("*00000008*.safetensors"))
    sha256 = export_checkpoint(file, tiny_data, tmp_path / "exported")
    assert sha256 == snapshot.sha256
    assert load_config(Config, preset="stargan").optimizer.critic_steps == 5


def test_a_key_newer_than_the_checkpoint_had_its_default() -> None:
    values = tiny_config().model_dump(mode="json")
    del values["objective"]["adversarial_form"]
    checkpoint = Checkpoint(1, {}, {"config": values})
    refuse_other_run(checkpoint, tiny_config())
    with pytest.raises(CheckpointError, match="adversarial_form=lsgan, got vanilla"):
        refuse_other_run(checkpoint, tiny_config(objective={"adversarial_form": "vanilla"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": {"identity": 1}}, "no identity term"),
        ({"objective": {"adversarial_form": "lsgan"}}, "adversarial_form=wgan"),
        ({"objective": {"method": "ecgan"}}, "method=stargan"),
        ({"data": {"pairs": "use"}}, "without pairs"),
        ({"optimizer": {"pool": 3}}, "pool=0"),
        ({"discriminator": {"classify": False}}, "classify=true"),
        ({"discriminator": {"layers": 6}}, "divisible by 64"),
        ({"generator": {"output": "warp"}}, "generator.output=pixels"),
    ],
)
def test_what_does_not_go_together_is_refused(
    change: dict[str, dict[str, object]], message: str
) -> None:
    values = tiny_stargan_config().model_dump(mode="json")
    merged = {**values, **{key: {**values[key], **part} for key, part in change.items()}}
    with pytest.raises(ConfigError, match=message):
        build(Config, merged)
