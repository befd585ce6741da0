"""Discriminators that a frozen recogniser helps: what is built, and how it trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.tiny_run import start, tiny_config

from ecgan.config import Config, RecognizerConfig
from ecgan.config_loading import published
from ecgan.inference.snapshot import save_snapshot
from ecgan.networks.patchgan import JointDiscriminator
from ecgan.networks.vgg import VGGRecognizer
from ecgan.training.method import fresh_discriminator
from ecgan.training.update import update

NAMES = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
OPTIONS = RecognizerConfig(size=32, width=0.0625, pool_size=1, hidden=16, features=24)


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("recognizer") / "model"
    values = {"vocabulary": list(NAMES), "recognizer": OPTIONS.model_dump(mode="json")}
    network = VGGRecognizer(OPTIONS, len(NAMES))
    save_snapshot(folder, "recognizer", {"recognizer": network}, values, "card")
    return folder


def config(recognizer: Path) -> Config:
    return tiny_config(discriminator={"recognizer": str(recognizer)})


def test_discriminators_are_what_was_asked_for(recognizer: Path) -> None:
    assert isinstance(fresh_discriminator(config(recognizer), 3), JointDiscriminator)
    assert not isinstance(fresh_discriminator(tiny_config(), 3), JointDiscriminator)


def test_the_features_see_a_window_at_the_size_that_they_learned_on(recognizer: Path) -> None:
    closer = tiny_config(discriminator={"recognizer": str(recognizer)}, data={"zoom": 1.6})
    discriminator = fresh_discriminator(closer, len(NAMES))
    assert isinstance(discriminator, JointDiscriminator)
    assert discriminator.discriminators[1].side == OPTIONS.size / 1.6


def test_an_update_trains_all_but_the_recogniser(recognizer: Path, tiny_data: Path) -> None:
    options = config(recognizer)
    state, data, context = start(options, tiny_data)
    discriminator = state.models.discriminator_expression
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    update(state, data.batch(options.batch, options.seed, 0), context)
    frozen = [name for name in before if "features.trunk" in name]
    assert frozen
    after = discriminator.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in frozen)
    assert any(not torch.equal(after[name], before[name]) for name in before)


def test_snapshots_name_no_folder_of_the_machine(recognizer: Path) -> None:
    shown = published(config(recognizer))["discriminator"]["recognizer"]
    assert shown == "/".join(recognizer.parts[-2:])
