"""A run on some of the data's expressions: its vocabulary, its snapshot, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_run import tiny_config, tiny_stargan_config

from ecgan.config import Config
from ecgan.data.manifest import load_manifest
from ecgan.errors import CheckpointError, ConfigError
from ecgan.inference.snapshot import load_snapshot
from ecgan.inference.translator import Translator
from ecgan.lab.stargan.method import STARGAN
from ecgan.training.trainer import train

SHORT = {"steps": 2}


def one_expression(name: str) -> Config:
    return tiny_config(
        **SHORT,
        data={"expressions": [name]},
        generator={"conditioning": "none", "output": "pixels"},
        discriminator={"conditioning": "none"},
        objective={"flow_smoothness": 0, "blend_area": 0},
    )


def test_one_pair_of_generators_for_one_expression(tiny_data: Path, tmp_path: Path) -> None:
    first, second, *_ = load_manifest(tiny_data).vocabulary.expressive
    train(one_expression(first), tiny_data, tmp_path / "run", progress=False)
    config = load_snapshot(tmp_path / "run/snapshot", "translator").config
    assert config["vocabulary"] == ["neutral", first]
    assert Translator.load(tmp_path / "run/snapshot").vocabulary.expressive == (first,)
    card = (tmp_path / "run/snapshot/README.md").read_text()
    assert first in card and second not in card
    with pytest.raises(CheckpointError, match="expressions"):
        train(one_expression(second), tiny_data, tmp_path / "run", progress=False)


def test_generators_without_z_make_one_expression_only(tiny_data: Path, tmp_path: Path) -> None:
    config = tiny_config(**SHORT, generator={"conditioning": "none"})
    with pytest.raises(ConfigError, match=r"set data\.expressions"):
        train(config, tiny_data, tmp_path / "run", progress=False)


def test_stargan_is_a_translator_like_any_other(tiny_data: Path, tmp_path: Path) -> None:
    config = tiny_stargan_config(**SHORT)
    train(config, tiny_data, tmp_path / "run", progress=False, method=STARGAN)
    translator = Translator.load(tmp_path / "run/snapshot")
    assert translator.vocabulary.names == load_manifest(tiny_data).vocabulary.names
