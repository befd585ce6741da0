"""Discriminators that a frozen recogniser helps: what is built, refused, and how it trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.tiny_run import tiny_config

from ecgan.config import Config, RecognizerConfig, published
from ecgan.data.dataset import TranslationData
from ecgan.data.manifest import load_manifest
from ecgan.errors import ConfigError
from ecgan.expressions import Vocabulary
from ecgan.inference.snapshot import save_snapshot
from ecgan.networks.projected import Named, Panel
from ecgan.networks.vgg import VGGRecognizer
from ecgan.training.distributed import World
from ecgan.training.judges import fresh_judge
from ecgan.training.state import fresh_state
from ecgan.training.update import Setting, update

ALONE = World(rank=0, size=1, device=torch.device("cpu"))
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


def config(recognizer: Path, **judge: object) -> Config:
    named = judge.get("recognizer_judges") == "name"
    return tiny_config(
        discriminator={"recognizer": str(recognizer), "classify": False, **judge},
        objective={"classification": 0.5 if named else 0.0},
    )


def test_judges_are_what_was_asked_for(recognizer: Path) -> None:
    vocabulary = Vocabulary(NAMES[:3])
    assert isinstance(fresh_judge(config(recognizer), vocabulary), Panel)
    named = config(recognizer, recognizer_judges="name")
    assert isinstance(fresh_judge(named, vocabulary), Named)
    assert not isinstance(fresh_judge(tiny_config(), vocabulary), Panel | Named)


def test_recipes_are_judged_by_their_expression(recognizer: Path) -> None:
    vocabulary = Vocabulary(("neutral", "sad:crying", "sad:pouting", "happy"))
    judge = fresh_judge(config(recognizer, recognizer_judges="name"), vocabulary)
    assert isinstance(judge, Named)
    assert judge.entry.tolist() == [0, 2, 2, 1]


def test_a_recogniser_that_cannot_name_z_is_refused(recognizer: Path) -> None:
    named = config(recognizer, recognizer_judges="name")
    with pytest.raises(ConfigError, match="does not know wink"):
        fresh_judge(named, Vocabulary(("neutral", "happy", "wink")))
    closer = named.model_copy(update={"data": named.data.model_copy(update={"zoom": 1.375})})
    with pytest.raises(ConfigError, match="same zoom"):
        fresh_judge(closer, Vocabulary(NAMES))


@pytest.mark.parametrize("judges", ["features", "name"])
def test_an_update_trains_all_but_the_recogniser(
    recognizer: Path, tiny_data: Path, judges: str
) -> None:
    options = config(recognizer, recognizer_judges=judges)
    manifest = load_manifest(tiny_data)
    data = TranslationData(
        manifest, "train", size=options.size, vocabulary=manifest.vocabulary, data=options.data
    )
    neutral = torch.from_numpy(data.vocabulary.code("neutral"))[None]
    setting = Setting(options, ALONE, "fp32", total_steps=4, neutral_code=neutral)
    state = fresh_state(options, data.vocabulary, ALONE)
    judge = state.models.judge_expression
    before = {name: value.clone() for name, value in judge.state_dict().items()}
    values = update(state, data.batch(options.batch, options.seed, 0), setting)
    assert ("generator/classification" in values) == (judges == "name")
    frozen = {"features.trunk", "recognizer."}
    for name, value in judge.state_dict().items():
        if any(part in name for part in frozen):
            assert torch.equal(value, before[name]), name
    assert any(not torch.equal(value, before[name]) for name, value in judge.state_dict().items())


def test_snapshots_name_no_folder_of_the_machine(recognizer: Path) -> None:
    shown = published(config(recognizer))["discriminator"]["recognizer"]
    assert shown == "/".join(recognizer.parts[-2:])
