"""Training the recogniser on drawn faces: it learns, resumes exactly and says what went wrong."""

import json
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgan.config import AugmentConfig, RecognizerConfig
from ecgan.config_loading import load_config
from ecgan.data.labelled import LabelledImages
from ecgan.data.manifest import load_manifest
from ecgan.errors import (
    CheckpointError,
    DataError,
    EcganWarning,
    Interrupted,
    NonFiniteError,
    SnapshotError,
)
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import load_snapshot
from ecgan.training import recognizer as module
from ecgan.training.recognizer import class_weights, cosine_factor, train_recognizer
from ecgan.training.recognizer_scores import score_split
from ecgan.training.run import read_metrics
from tests.support.tiny_data import make_tiny_data

CONFIG = RecognizerConfig(
    size=32,
    batch=8,
    epochs=3,
    width=0.125,
    pool_size=1,
    hidden=32,
    features=32,
    dropout=0.1,
    learning_rate=3e-3,
    precision="fp32",
    threads=1,
    augment=AugmentConfig(shift=0.03, brightness=0.1),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    people = {"train": 12, "val": 3, "test": 3}
    return make_tiny_data(tmp_path_factory.mktemp("tiny"), size=32, people=people)


def test_it_learns_and_writes_what_it_promises(data, tmp_path):
    epochs = []
    config = CONFIG.model_copy(update={"epochs": 20, "patience": 20})
    report = train_recognizer(config, data, tmp_path / "run", epochs.append)
    assert report.test is not None
    assert report.test.accuracy >= 0.75  # chance: 0.25
    assert [epoch.number for epoch in epochs] == list(range(1, 21))
    losses = [epoch.validation_loss for epoch in epochs]
    assert report.best_epoch == 1 + int(np.argmin(losses))
    assert epochs[-1].train_loss < epochs[0].train_loss

    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [row["step"] for row in rows] == list(range(1, 21))
    assert {"train_loss", "validation_accuracy", "learning_rate"} <= set(rows[0])
    written = json.loads((tmp_path / "run" / "report.json").read_text())
    assert written["test"]["people"] == 3
    assert np.sum(written["test"]["confusion"]) == 12
    assert list(written["test_by_source"]) == ["tiny"]
    assert written["snapshot_sha256"] == report.sha256 == load_snapshot(report.snapshot).sha256

    card = (report.snapshot / "README.md").read_text()
    assert f"{report.test.accuracy:.1%}" in card
    assert "CC0-1.0" in card
    assert "| surprise |" in card
    recognizer = Recognizer.load(report.snapshot, precision="fp32")
    scores, _ = score_split(recognizer, load_manifest(data), "test")
    assert scores.accuracy == report.test.accuracy


def test_an_interrupted_run_ends_with_the_weights_of_an_uninterrupted_one(data, tmp_path):
    whole = train_recognizer(CONFIG, data, tmp_path / "whole")

    def stop(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_recognizer(CONFIG, data, tmp_path / "parts", stop)
    resumed = []
    parts = train_recognizer(CONFIG, data, tmp_path / "parts", resumed.append)
    assert [epoch.number for epoch in resumed] == [3]
    assert parts.sha256 == whole.sha256
    assert len(read_metrics(tmp_path / "parts" / "metrics.jsonl")) == 3
    again = []
    assert train_recognizer(CONFIG, data, tmp_path / "parts", again.append).sha256 == whole.sha256
    assert not again


def test_another_seed_gives_another_model(data, tmp_path):
    short = CONFIG.model_copy(update={"epochs": 1})
    first = train_recognizer(short, data, tmp_path / "a")
    other = train_recognizer(short.model_copy(update={"seed": 1}), data, tmp_path / "b")
    assert first.sha256 != other.sha256


def test_a_run_of_another_configuration_is_refused(data, tmp_path):
    short = CONFIG.model_copy(update={"epochs": 1})
    train_recognizer(short, data, tmp_path)
    with pytest.raises(CheckpointError, match=r"dropout=0\.1, got 0\.2"):
        train_recognizer(short.model_copy(update={"dropout": 0.2}), data, tmp_path)


def test_training_stops_when_validation_does_not_improve(data, tmp_path, monkeypatch):
    losses = iter([1.0, 0.5, 0.6, 0.7, 0.8])
    monkeypatch.setattr(module, "_validate", lambda *_: (next(losses), 0.5))
    config = CONFIG.model_copy(update={"epochs": 30, "patience": 2})
    report = train_recognizer(config, data, tmp_path)
    assert (report.best_epoch, report.epochs) == (2, 4)


def test_a_stop_request_keeps_finished_epochs(data, tmp_path, monkeypatch):
    class Request:
        signal_name = "SIGTERM"
        asked = 0

        def __bool__(self):
            Request.asked += 1
            return Request.asked > 6 + 3  # six batches an epoch

    monkeypatch.setattr(module, "stop_on_signals", lambda: _entered(Request()))
    with pytest.raises(Interrupted, match="SIGTERM in epoch 2"):
        train_recognizer(CONFIG, data, tmp_path)
    monkeypatch.undo()
    epochs = []
    train_recognizer(CONFIG, data, tmp_path, epochs.append)
    assert [epoch.number for epoch in epochs] == [2, 3]


class _entered:  # noqa: N801
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *_):
        return None


def test_a_diverged_loss_stops_before_the_update(data, tmp_path, monkeypatch):
    batches = LabelledImages.batches

    def broken(self, *args, **options):
        for batch in batches(self, *args, **options):
            yield batch._replace(images=batch.images * float("nan"))

    monkeypatch.setattr(LabelledImages, "batches", broken)
    with pytest.raises(NonFiniteError, match="epoch 1 after 0 images"):
        train_recognizer(CONFIG, data, tmp_path)
    assert not list((tmp_path / "checkpoints").glob("*"))


def test_a_finite_loss_that_is_absurd_stops_too(data, tmp_path):
    wild = CONFIG.model_copy(update={"learning_rate": 1.0, "batch_norm": False, "epochs": 20})
    with pytest.raises(NonFiniteError, match=r"loss is \d\S* in epoch .* no update was made"):
        train_recognizer(wild, data, tmp_path)


def test_without_validation_and_test_people_the_last_epoch_is_kept(tmp_path):
    data = make_tiny_data(tmp_path / "data", size=32, people={"train": 2})
    with pytest.warns(EcganWarning, match="no validation people"):
        report = train_recognizer(CONFIG, data, tmp_path / "run")
    assert (report.best_epoch, report.validation, report.test) == (3, None, None)
    card = (report.snapshot / "README.md").read_text()
    assert "validation people |" not in card
    assert "No validation people: the last epoch was kept. No test people" in card


def test_the_card_says_who_chose_and_who_tested(data, tmp_path):
    report = train_recognizer(CONFIG.model_copy(update={"epochs": 1}), data, tmp_path)
    card = (report.snapshot / "README.md").read_text()
    assert "3 other people chose the epoch. 3 others tested it." in card


def test_data_of_one_expression_are_refused(tmp_path):
    data = make_tiny_data(tmp_path / "data", size=32, expressions=("neutral",))
    with pytest.raises(DataError, match="are labelled neutral, expected two expressions"):
        train_recognizer(CONFIG, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_other_data_are_refused(data, tmp_path):
    short = CONFIG.model_copy(update={"epochs": 1})
    train_recognizer(short, data, tmp_path / "run")
    more = make_tiny_data(tmp_path / "data", size=32, people={"train": 13, "val": 3, "test": 3})
    with pytest.raises(CheckpointError, match=r"72 images .* of 18 people before, 76 images"):
        train_recognizer(short, more, tmp_path / "run")


def test_missing_data_is_one_line(tmp_path):
    with pytest.raises(DataError, match="no prepared data"):
        train_recognizer(CONFIG, tmp_path / "none", tmp_path / "run")
    data = make_tiny_data(tmp_path / "data", size=32, people={"test": 2})
    with pytest.raises(DataError, match="train split"):
        train_recognizer(CONFIG, data, tmp_path / "run")


def test_class_weights_are_inverse_frequencies_with_mean_one(tmp_path):
    make_tiny_data(tmp_path, size=32, people={"train": 2})
    images = LabelledImages(load_manifest(tmp_path), "train", 32)
    images.labels = np.array([0, 0, 0, 1])
    weights = class_weights(images)
    torch.testing.assert_close(weights[:2], torch.tensor([0.5, 1.5]))


def test_the_learning_rate_warms_up_and_falls_to_zero():
    factors = [cosine_factor(position, 20) for position in np.linspace(0, 20, 201)]
    assert factors[0] == 0.01
    assert max(factors) == factors[10] == 1
    assert all(a > b for a, b in pairwise(factors[10:]))
    assert factors[-1] < 1e-12
    assert cosine_factor(0.05, 1) == pytest.approx(0.5)


def test_the_packaged_settings_load():
    folder = Path(str(resources.files("ecgan"))) / "presets" / "recognizer"
    names = {file.stem: load_config(RecognizerConfig, file=file) for file in folder.glob("*.yaml")}
    for packaged in (names["compact"], names["compact_robust"]):
        for option in ("seed", "size", "zoom", "batch", "augment"):
            assert getattr(names["judge"], option) != getattr(packaged, option), option
    assert names["compact"].seed != names["judge"].seed


def test_one_setting_keeps_the_recognisers_own_augmentation():
    changed = load_config(RecognizerConfig, settings=["augment.light=0.1"]).augment
    assert changed == RecognizerConfig().augment.model_copy(update={"light": 0.1})


def test_init_continues_from_a_snapshot_and_refuses_other_expressions(data, tmp_path):
    first = train_recognizer(CONFIG, data, tmp_path / "first")
    still = CONFIG.model_copy(
        update={"init": str(first.snapshot), "epochs": 1, "learning_rate": 1e-12}
    )
    tuned = train_recognizer(still, data, tmp_path / "tuned")
    before, after = (load_snapshot(r.snapshot).states["recognizer"] for r in (first, tuned))
    assert load_snapshot(tuned.snapshot).config["recognizer"]["init"] == "first/snapshot"
    kernels = [name for name, value in before.items() if value.dim() > 1]
    assert kernels
    assert all(torch.allclose(after[name], before[name]) for name in kernels)

    people = {"train": 2, "val": 1}
    other = make_tiny_data(
        tmp_path / "other", size=32, people=people, expressions=("neutral", "sad")
    )
    with pytest.raises(SnapshotError, match="train without init"):
        train_recognizer(still, other, tmp_path / "refused")


def test_weak_expressions_count_in_part_as_neutral():
    labels, intensity = torch.tensor([2, 2, 1, 0]), torch.tensor([0.3, 1.2, 0.6, 0.0])
    soft = module.soft_targets(labels, intensity, 0.6, 0, 3)
    assert torch.allclose(soft, torch.tensor([[0.5, 0, 0.5], [0, 0, 1], [0, 1, 0], [1, 0, 0]]))
    hard = module.soft_targets(labels, intensity, 0.0, 0, 3)
    assert torch.equal(hard.argmax(dim=1), labels) and hard.max(dim=1).values.tolist() == [1] * 4
