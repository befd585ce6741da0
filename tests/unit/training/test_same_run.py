"""A training goes on with the settings and data that it was started with, and with no others."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ecgan.config import Config, RecognizerConfig, Section
from ecgan.data.manifest import fingerprint, load_manifest
from ecgan.errors import CheckpointError
from ecgan.training.checkpoint import Checkpoint
from ecgan.training.same_run import refuse_other_data, refuse_other_run
from ecgan.training.state import MAY_CHANGE


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


def test_other_data_are_refused_and_unknown_ones_warned_about(
    tiny_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = fingerprint(load_manifest(tiny_data))
    refuse_other_data(Checkpoint(1, {}, {"data": data}), data, Path("runs/a"))
    other = Checkpoint(1, {}, {"data": {**data, "landmarks": "0"}})
    with pytest.raises(CheckpointError, match=r"other landmarks; .*--set init=runs/a/snapshot"):
        refuse_other_data(other, data, Path("runs/a"))
    with caplog.at_level(logging.WARNING):
        refuse_other_data(Checkpoint(1, {}, {}), data, Path("runs/a"))
    assert "did not note its data" in caplog.text
