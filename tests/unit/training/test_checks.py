"""Data that teach nothing and terms that cannot act are refused; a training goes on with the
settings and data that it was started with, and with no others."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from support.tiny_data import make_tiny_data
from support.tiny_run import tiny_config

from ecgan.config import PAIRED_TERMS, Config, RecognizerConfig, Section
from ecgan.config_loading import load_config
from ecgan.data.dataset import TranslationData
from ecgan.data.manifest import Record, fingerprint, load_manifest
from ecgan.errors import CheckpointError, DataError, EcganWarning
from ecgan.training.checkpoint import Checkpoint
from ecgan.training.checks import (
    refuse_idle_terms,
    refuse_other_data,
    refuse_other_run,
    refuse_unfit,
)
from ecgan.training.outputs import MAY_CHANGE


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


def places(kind: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of a configuration that hold no section."""
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from places(inner, (*path, name))
        else:
            yield (*path, name)


def section(values: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for name in path[:-1]:
        values = values[name]
    return values


def held(values: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(1, {}, {"config": values})


@pytest.mark.parametrize(("kind", "may_change"), [(Config, MAY_CHANGE), (RecognizerConfig, ())])
def test_every_key_counts_unless_it_may_change(
    kind: type[Section], may_change: tuple[str, ...]
) -> None:
    config = kind()
    values = config.model_dump(mode="json")
    refuse_other_run(held(values), config, may_change)
    for path in places(kind):
        before = copy.deepcopy(values)
        section(before, path)[path[-1]] = "another"
        if path[0] in may_change:
            refuse_other_run(held(before), config, may_change)
            continue
        with pytest.raises(CheckpointError, match=f"{'.'.join(path)}=another, got"):
            refuse_other_run(held(before), config, may_change)
        del section(before, path)[path[-1]]  # older than the key, which had its default
        refuse_other_run(held(before), config, may_change)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({}, {"happy": "natural"}),
        ({"happy": "natural"}, {}),
        ({"happy": "natural"}, {"happy": "wide"}),
        ({"happy": "natural"}, {"happy": "natural", "sad": "downcast"}),
    ],
)
def test_an_entry_more_or_less_of_a_mapping_counts(
    before: dict[str, str], now: dict[str, str]
) -> None:
    def config(recipes: dict[str, str]) -> Config:
        return Config.model_validate({"data": {"recipe_of_photos": recipes}})

    old = held(config(before).model_dump(mode="json"))
    refuse_other_run(old, config(before), MAY_CHANGE)
    with pytest.raises(CheckpointError, match=r"data\.recipe_of_photos="):
        refuse_other_run(old, config(now), MAY_CHANGE)


def test_a_key_that_is_no_more_counts() -> None:
    values = {**Config().model_dump(mode="json"), "gone": 3}
    with pytest.raises(CheckpointError, match="gone=3, which this version does not know"):
        refuse_other_run(held(values), Config(), MAY_CHANGE)


def test_other_data_are_refused_and_unknown_ones_warned_about(tiny_data: Path) -> None:
    data = fingerprint(load_manifest(tiny_data))
    refuse_other_data(Checkpoint(1, {}, {"data": data}), data, Path("runs/a"))
    other = Checkpoint(1, {}, {"data": {**data, "landmarks": "0"}})
    with pytest.raises(CheckpointError, match=r"other landmarks; .*--set init=runs/a/snapshot"):
        refuse_other_data(other, data, Path("runs/a"))
    with pytest.warns(EcganWarning, match="runs/a was begun .* did not note its data"):
        refuse_other_data(Checkpoint(1, {}, {}), data, Path("runs/a"))
