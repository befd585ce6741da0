"""What a training may go on from: a checkpoint of the same settings and data, or a snapshot."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ecgan.config import Section
from ecgan.config_loading import shorten
from ecgan.data.manifest import difference
from ecgan.errors import CheckpointError, SnapshotError
from ecgan.expressions import Vocabulary
from ecgan.inference.snapshot import Kind, Snapshot, load_snapshot
from ecgan.training.checkpoint import Checkpoint

log = logging.getLogger(__name__)


def refuse_other_run(
    checkpoint: Checkpoint, config: Section, may_change: Collection[str] = ()
) -> None:
    """Raise CheckpointError where `config` differs from the checkpoint's in any key that is not
    below one of `may_change`. What is newer than the checkpoint had its default then."""
    default = type(config)().model_dump(mode="json")
    # JSON on both sides: a checkpoint knows lists, not tuples.
    given = json.loads(config.model_dump_json())
    now = _leaves(type(config), given, default)
    before = _leaves(type(config), checkpoint.values["config"], default)
    for name in sorted(now.keys() | before.keys(), key=lambda name: (name not in now, name)):
        if name.split(".")[0] in may_change or before.get(name) == now.get(name):
            continue
        known = f"got {_shown(now[name])}" if name in now else "which this version does not know"
        raise CheckpointError(
            f"the run was started with {name}={_shown(before.get(name))}, {known}; "
            "resume with the same setting or train into another folder"
        )


def refuse_other_data(checkpoint: Checkpoint, data: Mapping[str, Any], run: Path) -> None:
    """Raise CheckpointError where a run's data are not what they were; a checkpoint from before
    this was kept is warned about.

    Args:
        data: their fingerprint.
        run: folder of the run.
    """
    before = checkpoint.values.get("data")
    if before is None:
        log.warning(
            "%s was begun by a version that did not note its data: nobody checks that they are "
            "the same",
            run,
        )
        return
    if changed := difference(before, data):
        raise CheckpointError(
            f"{run} was begun with other data: {changed}; resume with those, or start anew from "
            f"what it learned: --out another folder --set init={run / 'snapshot'}"
        )


def initial_snapshot(source: str, kind: Kind, vocabulary: Vocabulary) -> Snapshot:
    """The snapshot of a run's `init`.

    Raises:
        SnapshotError: it is missing, of another kind, or for other expressions than the data's.
    """
    snapshot = load_snapshot(source, kind)
    if (names := snapshot.config.get("vocabulary")) != list(vocabulary.names):
        raise SnapshotError(
            f"init={source} knows {names}, the data have {list(vocabulary.names)}; "
            "train without init"
        )
    return snapshot


def _shown(value: Any) -> str:
    return shorten(str(value))


def _leaves(
    kind: type[BaseModel], values: Mapping[str, Any], default: Mapping[str, Any], prefix: str = ""
) -> dict[str, Any]:
    """Values by dotted name: of each field of `kind`, and of what it does not know. A mapping that
    is one field's value is one leaf, so that an entry more or less counts."""
    found = {f"{prefix}{key}": value for key, value in values.items()}
    for key, field in kind.model_fields.items():
        name, inner = f"{prefix}{key}", field.annotation
        value = values.get(key, default[key])
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found.pop(name, None)
            found |= _leaves(inner, value, default[key], f"{name}.")
        else:
            found[name] = value
    return found
