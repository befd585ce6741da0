"""The whole training on tiny data: what it writes, how it resumes, stops and refuses."""

import itertools
import json
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from support.tiny_data import make_tiny_data
from support.tiny_run import tiny_config

from ecgan.apps.cli import main
from ecgan.config import Config
from ecgan.config_loading import to_yaml
from ecgan.data.manifest import load_manifest
from ecgan.errors import (
    CheckpointError,
    DataError,
    Interrupted,
    NonFiniteError,
    SnapshotError,
    UsageError,
)
from ecgan.inference.snapshot import load_snapshot
from ecgan.inference.translator import Translator
from ecgan.training import outputs as outputs_module
from ecgan.training import update as update_module
from ecgan.training.checkpoint import CheckpointFolder
from ecgan.training.export import export_checkpoint
from ecgan.training.outputs import RunOutputs
from ecgan.training.run import read_metrics
from ecgan.training.trainer import TrainResult, train
from ecgan.training.validation import validation_data
from ecgan.window import Window

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def finished(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainResult]:
    run = tmp_path_factory.mktemp("finished") / "run"
    return run, train(tiny_config(), tiny_data, run, progress=False)


def checkpoint_steps(run: Path) -> list[int]:
    return CheckpointFolder(run / "checkpoints", 1).steps()


def test_writes_everything(finished: tuple[Path, TrainResult]) -> None:
    run, result = finished
    assert result.step == 8
    names = {path.name for path in run.iterdir()}
    assert {"config.yaml", "metrics.jsonl", "samples", "checkpoints", "snapshot"} <= names
    assert set(checkpoint_steps(run)) >= {6, 8, result.best_step}
    with Image.open(run / "samples/step-00000008.png") as grid:
        assert grid.size == (4 * 34 - 2, 2 * 34 - 2)  # photo and 3 expressions; 2 people
        assert np.asarray(grid).std() > 10


def test_with_a_zoom_networks_see_the_window_and_all_else_whole_crops(
    tmp_path: Path,
) -> None:
    changes = {"zoom": 1.375, "pairs": "use", "direct": True}
    objective = {"shape": 10, "paired": 1}
    config = tiny_config(data=changes, objective=objective, generator={"paint": "change"})
    data = make_tiny_data(tmp_path / "data", moving=True)
    result = train(config, data, tmp_path / "run", progress=False)
    crop = Window(1.375).canvas(config.size)
    assert crop == 44
    with Image.open(tmp_path / "run/samples/step-00000008.png") as grid:
        assert grid.size == (4 * (crop + 2) - 2, 2 * (crop + 2) - 2)
    translator = Translator.load(result.snapshot)
    assert (translator.size, translator.window) == (config.size, Window(1.375))
    held_out = validation_data(load_manifest(data), config)
    assert held_out is not None
    assert held_out.batch(2, 0, 0, augment=False).neutral.shape == (2, 3, crop, crop)


def test_metrics_have_every_term_norms_and_speed(finished: tuple[Path, TrainResult]) -> None:
    rows = read_metrics(finished[0] / "metrics.jsonl")
    trained = [row for row in rows if row["kind"] == "train"]
    assert [row["step"] for row in trained] == [2, 4, 6, 8]
    terms = "adversarial cycle identity mask classification flow_smoothness blend_area total"
    expected = {f"generator/{name}" for name in [*terms.split(), "gradient_norm"]}
    expected |= {"discriminator/discriminator", "discriminator/gradient_norm", "learning_rate"}
    expected |= {"images_per_second", "flops_per_second", "seconds_per_step"}
    for row in trained:
        assert expected <= row.keys()
        assert all(np.isfinite(row[name]) for name in expected)
        assert row["generator/gradient_norm"] > 0
    assert trained[-1]["learning_rate"] == pytest.approx(2e-4 / 4)
    checked = [row for row in rows if row["kind"] == "validation"]
    assert [row["step"] for row in checked] == [4, 8]
    assert checked[0]["reference"] == "paired"
    assert max(row["score"] for row in checked) == pytest.approx(finished[1].best_score, rel=1e-5)


def test_a_finished_run_is_left_alone(finished: tuple[Path, TrainResult], tiny_data: Path) -> None:
    run, result = finished
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert train(tiny_config(), tiny_data, run, progress=False) == result
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_snapshot_holds_the_averages(finished: tuple[Path, TrainResult]) -> None:
    run, _ = finished
    snapshot = load_snapshot(run / "snapshot-last", "translator")
    newest = CheckpointFolder(run / "checkpoints", 1).load_newest()
    assert newest is not None
    for name, tensor in snapshot.states["to_expression"].items():
        saved = newest.tensors[f"average.to_expression.{name}"]
        torch.testing.assert_close(tensor, saved, rtol=1e-3, atol=1e-4)
    assert snapshot.config["vocabulary"] == ["neutral", "happy", "sad", "surprise"]
    assert snapshot.config["training"]["step"] == 8


def test_any_checkpoint_becomes_a_snapshot(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    run, _ = finished
    file = CheckpointFolder(run / "checkpoints", 1).file(8)
    sha256 = export_checkpoint(file, tiny_data, tmp_path / "snapshot")
    assert sha256 == load_snapshot(run / "snapshot-last").sha256


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_leaves_and_the_same_call_resumes(
    number: signal.Signals,
    finished: tuple[Path, TrainResult],
    tiny_data: Path,
    tmp_path: Path,
) -> None:
    def stop_at_5(step: int, values: Mapping[str, float]) -> None:
        if step == 4:
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match=f"{number.name} at step 5 of 8"):
        train(tiny_config(), tiny_data, tmp_path, progress=False, on_step=stop_at_5)
    assert checkpoint_steps(tmp_path)[-1] == 5
    stopped = load_snapshot(tmp_path / "snapshot-last").config["training"]
    assert (stopped["step"], "score" in stopped) == (5, False)
    best = load_snapshot(tmp_path / "snapshot").config["training"]
    assert (best["step"], "score" in best) == (4, True)
    result = train(tiny_config(), tiny_data, tmp_path, progress=False)
    assert "score" in load_snapshot(tmp_path / "snapshot-last").config["training"]
    assert result.weights_sha256 == finished[1].weights_sha256
    steps = [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")]
    assert steps == [2, 4, 4, 6, 8, 8]


def scored(monkeypatch: pytest.MonkeyPatch, *scores: float | None) -> None:
    """Have the validations of a run give these scores."""
    left, original = iter(scores), outputs_module.validate

    def validate(*rest):  # type: ignore[no-untyped-def]
        return replace(original(*rest), score=next(left))

    monkeypatch.setattr(outputs_module, "validate", validate)


def test_the_snapshot_is_the_one_that_is_called_best(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    scored(monkeypatch, 0.5, 0.9, 0.7, 0.9)
    config = tmp_path / "config.yaml"
    config.write_text(to_yaml(tiny_config(log={"validation_steps": 2})))
    run = tmp_path / "run"
    command = ["train", str(tiny_data), "--config", str(config), "--out", str(run)]
    assert main(command) == 0
    assert "snapshot (those of step 4, the best by validation)" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best_step"] == 4
    best, last = (load_snapshot(run / name) for name in ("snapshot", "snapshot-last"))
    assert (best.config["training"]["step"], last.config["training"]["step"]) == (4, 8)
    card = (run / "snapshot" / "README.md").read_text()
    assert "By 2 people whom training never saw, after step 4; the best" in card
    shutil.rmtree(run / "snapshot")
    assert main(command) == 0
    assert load_snapshot(run / "snapshot").sha256 == best.sha256


def test_without_a_score_the_snapshot_is_the_last_and_says_so(
    tmp_path: Path, capsys: Capture
) -> None:
    data = make_tiny_data(tmp_path / "data", people={"train": 3, "val": 1}, paired=False)
    result = train(tiny_config(), data, tmp_path / "cycle", progress=False)
    rows = read_metrics(tmp_path / "cycle/metrics.jsonl")
    assert {row["score"] for row in rows if row["kind"] == "validation"} == {None}
    assert result.best_step is None
    assert load_snapshot(result.snapshot).sha256 == load_snapshot(result.last_snapshot).sha256
    nobody = make_tiny_data(tmp_path / "nobody", people={"train": 3})
    config = tmp_path / "config.yaml"
    config.write_text(to_yaml(tiny_config(steps=2)))
    run = tmp_path / "run"
    assert main(["train", str(nobody), "--config", str(config), "--out", str(run)]) == 0
    out, err = capsys.readouterr()
    assert "(those of the last step, validation chose none)" in out
    assert err.startswith("ecgan: warning: ") and "no validation people" in err
    assert "None: these are the weights after step 2" in (run / "snapshot/README.md").read_text()


def test_speed_is_that_of_training_alone(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = itertools.count()
    spent = [0.0]

    def clock() -> float:
        return spent[0] + next(now) / 1000

    monkeypatch.setattr(outputs_module, "time", SimpleNamespace(perf_counter=clock))

    def slow(name: str) -> None:
        original = getattr(RunOutputs, name)

        def slowed(self, *rest, **options):  # type: ignore[no-untyped-def]
            spent[0] += 100
            return original(self, *rest, **options)

        monkeypatch.setattr(RunOutputs, name, slowed)

    for name in ("save", "write_snapshots", "_draw_samples", "_validate"):
        slow(name)
    log = {"metrics_steps": 1, "checkpoint_steps": 1}
    log |= {"validation_steps": 2, "sample_steps": 2}
    train(tiny_config(steps=4, log=log), tiny_data, tmp_path, progress=False)
    rows = [row for row in read_metrics(tmp_path / "metrics.jsonl") if row["kind"] == "train"]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert max(row["seconds_per_step"] for row in rows) < 1
    for row in rows:  # a batch of 2 examples is 4 images, here as in `ecgan bench`
        assert row["images_per_second"] * row["seconds_per_step"] == pytest.approx(4, rel=1e-5)


def test_a_loss_that_runs_away_stops_before_the_update(tiny_data: Path, tmp_path: Path) -> None:
    wild = {"learning_rate": 1.0, "warmup_steps": 0, "ema": 0, "pool": 0}
    config = tiny_config(
        steps=200, optimizer=wild, discriminator={"norm": "none"}, log={"checkpoint_steps": 1}
    )
    with pytest.raises(NonFiniteError, match=r"step \d+: .* is -?\d.* no update was made"):
        train(config, tiny_data, tmp_path, progress=False)
    assert checkpoint_steps(tmp_path)


def test_refuses_other_data_for_the_same_run(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(tiny_data, moved)
    assert train(tiny_config(), moved, finished[0], progress=False) == finished[1]
    more = make_tiny_data(tmp_path / "more", people={"train": 5, "val": 2, "test": 2})
    with pytest.raises(CheckpointError, match=r"32 images .* before, 36 images"):
        train(tiny_config(steps=9), more, finished[0], progress=False)


def test_validation_and_samples_do_not_change_training(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    log = {"validation_steps": 1, "sample_steps": 1, "checkpoint_steps": 1, "metrics_steps": 1}
    result = train(tiny_config(log=log), tiny_data, tmp_path, progress=False)
    assert result.weights_sha256 == finished[1].weights_sha256
    assert len(checkpoint_steps(tmp_path)) <= 3


def test_another_seed_is_another_training(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    result = train(tiny_config(seed=1), tiny_data, tmp_path, progress=False)
    assert result.weights_sha256 != finished[1].weights_sha256


@pytest.mark.parametrize("poison", ["term", "gradient"])
def test_a_non_finite_number_stops_before_the_update(
    poison: str, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = update_module.generator_step
    seen: list[torch.nn.Module] = []

    def poisoned(models, batch, *rest):  # type: ignore[no-untyped-def]
        made = original(models, batch, *rest)
        seen.append(models.to_expression)
        if len(seen) != 4:  # one call counts FLOPs, so this is the update of step 3
            return made
        terms, total = dict(made.objective.terms), made.objective.total
        if poison == "term":
            terms["cycle"] = terms["cycle"] * float("nan")
            total = total + terms["cycle"]
        else:
            last = next(iter(models.to_expression.parameters()))
            total = total + (last.sum() * 0).sqrt()  # finite, its slope is not
        changed = type(made.objective)(total=total, terms=terms)
        return replace(made, objective=changed)

    monkeypatch.setattr(update_module, "generator_step", poisoned)
    states = []

    def on_step(step: int, values: Mapping[str, float]) -> None:
        states.append({k: v.clone() for k, v in seen[-1].state_dict().items()})

    what = "cycle is nan" if poison == "term" else "gradient_norm is nan"
    with pytest.raises(NonFiniteError, match=rf"step 3: generator {what}.*images/") as caught:
        train(tiny_config(), tiny_data, tmp_path, progress=False, on_step=on_step)
    assert "\n" not in str(caught.value)
    assert len(states) == 2
    for name, value in seen[-1].state_dict().items():
        assert torch.equal(value, states[-1][name]), name
    assert checkpoint_steps(tmp_path) == [2]


def test_refuses_other_settings_for_the_same_run(
    finished: tuple[Path, TrainResult], tiny_data: Path
) -> None:
    with pytest.raises(CheckpointError, match=r"generator\.width=4, got 8"):
        train(tiny_config(generator={"width": 8}), tiny_data, finished[0], progress=False)


def test_trains_longer_from_a_finished_run(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    train(tiny_config(steps=4), tiny_data, tmp_path, progress=False)
    assert train(tiny_config(steps=6), tiny_data, tmp_path, progress=False).step == 6


def test_refuses_missing_data_and_a_file_as_run(tiny_data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        train(tiny_config(), tmp_path / "nothing", tmp_path / "run", progress=False)
    neutral_only = make_tiny_data(tmp_path / "data", people={"train": 1}, expressions=("neutral",))
    with pytest.raises(DataError, match="0 expressive"):
        train(tiny_config(), neutral_only, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        train(tiny_config(), tiny_data, tmp_path / "file", progress=False)


def test_refuses_a_second_training_in_the_same_folder(tiny_data: Path, tmp_path: Path) -> None:
    def again(step: int, values: Mapping[str, float]) -> None:
        train(tiny_config(), tiny_data, tmp_path, progress=False)

    with pytest.raises(UsageError, match="another process is training"):
        train(tiny_config(steps=1), tiny_data, tmp_path, progress=False, on_step=again)


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bf16"},
        {"objective": {"paired": 5, "paired_gradient": 5}, "data": {"pairs": "use"}},
        {"generator": {"norm": "batch"}, "optimizer": {"pool": 0, "ema": 0}},
        {
            "generator": {"output": "pixels", "conditioning": "bottleneck", "dropout": True},
            "objective": {"flow_smoothness": 0, "blend_area": 0},
        },
    ],
    ids=["bf16", "pairs", "batch-norm", "dropout"],
)
def test_other_configurations_resume_exactly(
    changes: dict[str, object], tiny_data: Path, tmp_path: Path
) -> None:
    config: Config = tiny_config(steps=4, **changes)

    def stop(step: int, values: Mapping[str, float]) -> None:
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    whole = train(config, tiny_data, tmp_path / "whole", progress=False)
    with pytest.raises(Interrupted):
        train(config, tiny_data, tmp_path / "parts", progress=False, on_step=stop)
    parts = train(config, tiny_data, tmp_path / "parts", progress=False)
    assert parts.weights_sha256 == whole.weights_sha256


def test_prints_plain_lines_without_a_terminal(
    tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tiny_config(steps=2), tiny_data, tmp_path, progress=True)
    assert "step 2/2  G " in capsys.readouterr().out


def test_init_starts_from_the_generators_of_a_snapshot(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    """At a rate of next to nothing the result is the start; without init it is not."""
    still = {"learning_rate": 1e-12, "ema": 0}
    config = tiny_config(steps=1, init=str(finished[1].snapshot), optimizer=still)
    tuned = train(config, tiny_data, tmp_path / "tuned", progress=False)
    other = train(tiny_config(steps=1, optimizer=still), tiny_data, tmp_path / "b", progress=False)
    start, end, fresh = (
        load_snapshot(result.snapshot).states["to_expression"]
        for result in (finished[1], tuned, other)
    )
    assert all(torch.allclose(end[name], value) for name, value in start.items())
    assert not all(torch.allclose(fresh[name], value) for name, value in start.items())


def test_one_generator_learns_mouths_from_the_features_of_a_recogniser(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    options = {"network": "recognizer", "layers": ["relu1_2", "relu2_2"]}
    weights = {"adversarial": 0, "classification": 0, "cycle": 0, "mask": 0, "identity": 0}
    weights |= {"perceptual": 1, "style": 3}
    config = tiny_config(
        steps=40,
        learn="to_expression",
        init=str(finished[1].snapshot),
        data={"pairs": "use"},
        objective={**weights, "perceptual_options": options},
        optimizer={"ema": 0, "learning_rate": 2e-3},
        log={"metrics_steps": 1},
    )
    run = tmp_path / "run"
    result = train(config, tiny_data, run, progress=False)
    first, last = (load_snapshot(r.snapshot).states for r in (finished[1], result))
    assert all(torch.equal(last["to_neutral"][k], v) for k, v in first["to_neutral"].items())
    rows = [row for row in read_metrics(run / "metrics.jsonl") if row["kind"] == "train"]
    for term in ("perceptual", "style"):
        values = [row[f"generator/{term}"] for row in rows]
        assert sum(values[-10:]) < sum(values[:10])


def test_init_refuses_generators_of_another_kind(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    config = tiny_config(init=str(finished[1].snapshot), generator={"width": 16, "max_width": 16})
    with pytest.raises(SnapshotError, match=r"less than half .* train without init"):
        train(config, tiny_data, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_init_takes_the_layers_that_fit(
    finished: tuple[Path, TrainResult], tiny_data: Path, tmp_path: Path
) -> None:
    """A refiner is new; the trunk in front of it is not."""
    still = {"learning_rate": 1e-12, "ema": 0}
    config = tiny_config(
        steps=1, init=str(finished[1].snapshot), optimizer=still, generator={"refine": 4}
    )
    tuned = train(config, tiny_data, tmp_path / "tuned", progress=False)
    start, end = (
        load_snapshot(result.snapshot).states["to_expression"] for result in (finished[1], tuned)
    )
    kept = {
        name
        for name, value in start.items()
        if end[name].shape == value.shape and torch.allclose(end[name], value)
    }
    assert {name for name in start if name not in kept} == {"trunk.last.weight", "trunk.last.bias"}
    assert "refiner.first.weight" in end


def test_loose_pairs_teach_the_neutraliser(tmp_path: Path) -> None:
    data = make_tiny_data(tmp_path / "data", people={"train": 2, "val": 1}, paired=False)
    config = tiny_config(steps=2, data={"same_person": True}, objective={"loose_neutral": 5})
    run = tmp_path / "run"
    train(config, data, run, progress=False)
    rows = [row for row in read_metrics(run / "metrics.jsonl") if row["kind"] == "train"]
    assert "generator/loose_neutral" in rows[-1]
