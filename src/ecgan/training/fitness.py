"""What training refuses: data that teach nothing, terms that cannot act, losses that run away."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecgan.config import Config
from ecgan.config_rules import PAIRED_TERMS, without
from ecgan.data.dataset import TranslationData
from ecgan.data.manifest import Record
from ecgan.errors import DataError

log = logging.getLogger(__name__)

ABSURD = 1e4
"""Times what a term was at first, or 1 where that was less. In sound runs of all presets no term
comes near: images are in [-1, 1], and where discriminators say more than 100 nothing learns."""
_CAP = 1e10
"""For terms that were absurd at first."""


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
        raise DataError(
            f"each of the {len(people)} people in the training images of {root} ({_few(people)}) "
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
    log.warning(
        "%s has no validation people: %s. More people, or other shares of the splits, in `ecgan "
        "prepare` give some",
        root,
        what,
    )


def absurd(name: str, value: float, first: dict[str, float]) -> bool:
    """Whether a loss term is nan, infinite or too large to be true.

    Args:
        name: of the term.
        value: of this update, unweighted.
        first: what each term was at its first update, to which new ones are added.
    """
    if not math.isfinite(value):
        return True
    first.setdefault(name, value)
    return abs(value) > min(_CAP, ABSURD * max(1.0, abs(first[name])))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
