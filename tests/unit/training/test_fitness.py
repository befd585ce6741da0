"""Data that teach nothing, terms that cannot act and losses that run away are refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.tiny_data import make_tiny_data
from support.tiny_run import tiny_config

from ecgan.config import Config
from ecgan.config_loading import load_config
from ecgan.config_rules import PAIRED_TERMS
from ecgan.data.dataset import TranslationData
from ecgan.data.manifest import Record, load_manifest
from ecgan.errors import DataError
from ecgan.training.fitness import absurd, refuse_idle_terms, refuse_unfit


def records(root: Path) -> tuple[Record, ...]:
    return load_manifest(root).select(split="train")


def test_one_expression_one_person_and_a_person_each_are_refused(tiny_data: Path) -> None:
    good = records(tiny_data)
    refuse_unfit(good, tiny_data)
    happy = [replace(record, expression="happy") for record in good]
    with pytest.raises(DataError, match=r"all 16 training images .* are labelled happy"):
        refuse_unfit(happy, tiny_data)
    alone = [replace(record, subject="IMG") for record in good]
    with pytest.raises(DataError, match="said to be of one person, 'IMG'"):
        refuse_unfit(alone, tiny_data)
    refuse_unfit(alone, tiny_data, tuned=True)
    named = [replace(record, subject=record.expression) for record in good]
    with pytest.raises(DataError, match=r"4 people .*\(happy, neutral, sad, surprise\)"):
        refuse_unfit(named, tiny_data)


@pytest.fixture(scope="module")
def unpaired(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_data(tmp_path_factory.mktemp("unpaired"), size=32, paired=False)


def opened(config: Config, root: Path) -> TranslationData:
    return TranslationData(load_manifest(root), "train", size=config.size, data=config.data)


PAIRS: dict[str, Any] = {"pairs": "use", "same_person": True}


@pytest.mark.parametrize("term", PAIRED_TERMS)
def test_terms_of_pairs_need_pairs(term: str, tiny_data: Path, unpaired: Path) -> None:
    generator = {"output": "warp", "refine": 4, "still": True}
    config = tiny_config(data=PAIRS, objective={term: 1}, generator=generator)
    refuse_idle_terms(config, opened(config, tiny_data))
    with pytest.raises(DataError, match=f"--set objective.{term}=0"):
        refuse_idle_terms(config, opened(config, unpaired))


def test_the_loose_term_needs_two_photos_of_a_person(tiny_data: Path, unpaired: Path) -> None:
    config = tiny_config(data=PAIRS, objective={"loose_neutral": 1})
    refuse_idle_terms(config, opened(config, unpaired))
    with pytest.raises(DataError, match=r"another neutral photo.* --set objective.loose_neutral=0"):
        refuse_idle_terms(config, opened(config, tiny_data))


def test_the_shape_term_needs_landmarks_that_move(tmp_path: Path, tiny_data: Path) -> None:
    config = tiny_config(objective={"shape": 1})
    with pytest.raises(DataError, match="landmarks of all training images are alike"):
        refuse_idle_terms(config, opened(config, tiny_data))
    moving = make_tiny_data(tmp_path, size=32, people={"train": 2}, moving=True)
    refuse_idle_terms(config, opened(config, moving))


def test_best_on_unpaired_photos_names_all_that_is_to_be_left_out(unpaired: Path) -> None:
    config = load_config(Config, preset="best")
    with pytest.raises(DataError) as caught:
        refuse_idle_terms(config, opened(config, unpaired))
    assert "take --preset default" in str(caught.value)
    options = [word for word in str(caught.value).replace(";", "").split() if "=0" in word]
    rest = load_config(Config, preset="best", settings=options)
    refuse_idle_terms(rest, opened(rest, unpaired))


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
