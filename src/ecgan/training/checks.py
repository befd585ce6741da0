"""What a training may start from or go on with: data that teach something, terms that can act, a
checkpoint of the same settings and data, a snapshot for the same expressions."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from ecgan.config import PAIRED_TERMS, Config, Section, without
from ecgan.config_loading import shorten
from ecgan.data.dataset import TranslationData
from ecgan.data.manifest import Record, difference
from ecgan.errors import CheckpointError, DataError, EcganWarning, SnapshotError
from ecgan.expressions import Vocabulary
from ecgan.inference.snapshot import Kind, Snapshot, load_snapshot
from ecgan.training.checkpoint import Checkpoint


def refuse_unfit(records: Sequence[Record], root: Path, *, tuned: bool = False) -> None:
    """Refuse training images from which nobody can learn what an expression is.

    Args:
        records: of the train split.
        root: of the prepared data.
        tuned: training goes on from a model that has seen others: one person is enough.

    Raises:
        DataError: one expression, one person, or a person for each expression.
    """
    expressions = sorted({record.expression for record in records})
    people = sorted({record.subject for record in records})
    if len(expressions) < 2:
        raise DataError(
            f"all {len(records)} training images of {root} are labelled {expressions[0]}, expected "
            "two expressions or more; check the folders' names and run `ecgan prepare` again"
        )
    if len(people) < 2 and not tuned:
        raise DataError(
            f"all {len(records)} training images of {root} are said to be of one person, "
            f"{people[0]!r}; if they are not, tell `ecgan prepare` who is who; to adapt a model to "
            "one person set init to its snapshot"
        )
    worn = {(record.subject, record.expression) for record in records}
    if len(worn) == len(people) == len(expressions):
        few = ", ".join(people[:4]) + (", ..." if len(people) > 4 else "")
        raise DataError(
            f"each of the {len(people)} people in the training images of {root} ({few}) "
            "has an expression of their own: nobody could tell expressions from people; check that "
            "names of expressions were not taken for people, and run `ecgan prepare` again"
        )


def refuse_idle_terms(config: Config, data: TranslationData) -> None:
    """Refuse terms of the objective that would be 0 at every update.

    Raises:
        DataError: the data hold nothing that they could learn from; the message has the options
            that leave them out.
    """
    objective = config.objective
    paired = [name for name in PAIRED_TERMS if getattr(objective, name) and not data.num_paired]
    loose = ["loose_neutral"] if objective.loose_neutral and not data.num_loose else []
    shape = ["shape"] if objective.shape and not np.abs(data.motions).max() > 0 else []
    lacks = {
        "no expressive training image has a neutral one that matches pixel for pixel": paired,
        "none has another neutral photo of its person from the same source": loose,
        "the landmarks of all training images are alike": shape,
    }
    idle = [name for names in lacks.values() for name in names]
    if not idle:
        return
    why = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in lacks.items() if names)
    advice = "" if objective.method == "pix2pix" else f"leave them out: {without(idle)}; or "
    raise DataError(
        f"terms of the objective that cannot act on {data.store.manifest.root} ({why}); {advice}"
        f"take --preset {'cyclegan' if shape else 'default'}, which needs none of them"
    )


def warn_without_validation(root: Path, what: str) -> None:
    """Say what nobody chooses where there are no validation people."""
    warnings.warn(
        f"{root} has no validation people: {what}. More people, or other shares of the splits, in "
        "`ecgan prepare` give some",
        EcganWarning,
        stacklevel=2,
    )


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
        known = "which this version does not know"
        if name in now:
            known = f"got {shorten(str(now[name]))}"
        raise CheckpointError(
            f"the run was started with {name}={shorten(str(before.get(name)))}, {known}; "
            "resume with the same setting or train into another folder"
        )


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


def refuse_other_data(checkpoint: Checkpoint, data: Mapping[str, Any], run: Path) -> None:
    """Raise CheckpointError where a run's data are not what they were; a checkpoint from before
    this was kept is warned about.

    Args:
        data: their fingerprint.
        run: folder of the run.
    """
    before = checkpoint.values.get("data")
    if before is None:
        warnings.warn(
            f"{run} was begun by a version that did not note its data: nobody checks that they "
            "are the same",
            EcganWarning,
            stacklevel=2,
        )
    elif changed := difference(before, data):
        raise CheckpointError(
            f"{run} was begun with other data: {changed}; resume with those, or start anew from "
            f"what it learned: --out another folder --set init={run / 'snapshot'}"
        )


def initial_snapshot(source: str, kind: Kind, vocabulary: Vocabulary) -> Snapshot:
    """The snapshot of a run's `init`; a translator may know the expressions in another order.

    Raises:
        SnapshotError: it is missing, of another kind, or for other expressions than the data's.
    """
    snapshot = load_snapshot(source, kind)
    names, wanted = snapshot.config.get("vocabulary"), list(vocabulary.names)
    if names != wanted and (kind == "recognizer" or sorted(names or []) != sorted(wanted)):
        raise SnapshotError(
            f"init={source} knows {names}, the data have {list(vocabulary.names)}; "
            "train without init"
        )
    return snapshot
