"""All scores of a translator on people it never saw, beside those of the identity function."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgan.data.manifest import MANIFEST_NAME, Split, load_manifest
from ecgan.errors import DataError, UsageError
from ecgan.evaluation.bootstrap import CONFIDENCE, RESAMPLES, Groups
from ecgan.evaluation.cases import (
    Case,
    expression_cases,
    labelled_cases,
    neutral_cases,
    other_cases,
)
from ecgan.evaluation.measuring import Measuring
from ecgan.evaluation.scorer import Comparison, Scorer
from ecgan.files import sha256_file, write_json
from ecgan.inference.backends import Backend
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.strength import Route
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

FORMAT = 1
PARTS = (
    "distances",
    "perceptual",
    "identity",
    "landmarks",
    "monotonicity",
    "as-labelled",
    "from-expression",
)
"""What `ecgan evaluate` can leave out."""
Progress = Callable[[int, int], None]
"""Called with the translations done and the translations in all."""
UNKNOWN = ("", "NA", "NaN", "None")
"""Values that group nobody."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of both generators, alone and together, and where they come from."""

    expressions: Comparison
    """Neutral images to every expression."""
    neutralisation: Comparison
    """Expressive images to neutral."""
    from_expression: dict[str, Comparison]
    """Expressive images to the other expressions, by the source of the images; empty where left
    out."""
    as_labelled: Comparison | None
    """Neutral images to the expressions, recipes and intensities that their truths show; None where
    left out or without a truth."""
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            **self.facts,
            "expressions": self.expressions.to_json(),
            "neutralisation": self.neutralisation.to_json(),
            **({} if self.as_labelled is None else {"as_labelled": self.as_labelled.to_json()}),
            "from_expression": {
                source: comparison.to_json() for source, comparison in self.from_expression.items()
            },
        }


def evaluate(
    snapshot: str | Path | Translator | None,
    data: Path,
    *,
    recognizer: str | Path | None = None,
    split: Split = "test",
    route: Route | None = None,
    backend: Backend | None = None,
    out: Path | None = None,
    without: Collection[str] = (),
    groups: Groups | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Translate the people of one split with the code that users run, and score the results.

    Directions:

    - `expressions`: every neutral image to every expression in full;
    - `as_labelled`: the same to the expressions that it has a truth of, at the recipe and the
      intensity of that truth;
    - `neutralisation`: every expressive image to neutral;
    - `from_expression`: the strongest image of each expression of each person to the others.

    Each result is pasted back into its aligned picture as into a photo. `docs/evaluation.md` has
    the formula of every figure; the parts of `PARTS` take the most time.

    Args:
        snapshot: translator folder or hub id, or a loaded translator with its own recogniser; None:
            the packaged one.
        data: prepared data.
        recognizer: scores the expressions, and must not have seen generated images; None: the
            packaged one.
        split: whose people; `test` unless a choice is still being made.
        route: of the expressive images to other expressions; None: the snapshot's own.
        backend: runs the translator; the recogniser that scores runs in torch.
        out: JSON file to write, whole or not at all.
        without: parts of `PARTS` to leave out.
        groups: of people, whose accuracy is told apart; see `read_groups`.
        seed: of the bootstrap over people.
        progress: told about each translation.

    Raises:
        SnapshotError: a model folder that is missing, damaged or of the wrong kind.
        DataError: no prepared data, or no neutral or no expressive image in the split.
        UsageError: the recogniser does not know an expression of the translator, or there is no
            such part.
    """
    began = time.perf_counter()
    for part in without:
        if part not in PARTS:
            raise UsageError(f"no part {part!r} of an evaluation, expected {', '.join(PARTS)}")
    parts = frozenset(PARTS).difference(without)
    manifest = load_manifest(data)
    recognizer_model = Recognizer.load(recognizer)
    if isinstance(snapshot, Translator):
        translator = snapshot
    else:
        # As users run it: the recogniser that scores decides nothing on the way, least of all on
        # the route `auto`.
        translator = Translator.load(snapshot, route=route, backend=backend)
    for name in translator.vocabulary.expressions:
        recognizer_model.vocabulary.index(name)
    there = expression_cases(manifest, split, translator.vocabulary)
    back = neutral_cases(manifest, split, translator.vocabulary)
    if not there or not back:
        raise DataError(
            f"the {split} split of {data} has {len(there)} neutral and {len(back)} expressive "
            "images, expected at least one of each; prepare more people"
        )
    between: dict[str, list[Case]] = defaultdict(list)
    if "from-expression" in parts:
        for case in other_cases(manifest, split, translator.vocabulary):
            if case.targets:
                between[case.source.source].append(case)
    others = [case for cases in between.values() for case in cases]
    labelled: list[Case] = []
    if "as-labelled" in parts:
        labelled = labelled_cases(manifest, split, translator.vocabulary, translator.full)
    total = sum(len(case.targets) for case in (*there, *back, *labelled, *others))
    count = 0

    def done(more: int) -> None:
        nonlocal count
        count += more
        if progress is not None:
            progress(count, total)

    measuring = Measuring(manifest, recognizer_model, parts)
    records = manifest.select(split=split)
    scorer = Scorer(measuring, records, translator, seed=seed, groups=groups)
    curves = "monotonicity" in parts
    expressions = scorer.compare(there, done, curves=curves)
    neutralisation = scorer.compare(back, done, curves=False)
    as_labelled = scorer.compare(labelled, done, curves=False) if labelled else None
    from_expression = {
        source: scorer.compare(cases, done, curves=curves)
        for source, cases in sorted(between.items())
    }
    people = sorted({case.source.subject for case in (*there, *back)})
    facts = {
        "translator_sha256": translator.sha256,
        "recognizer_sha256": recognizer_model.sha256,
        "route": translator.route,
        "engine": translator.engine,
        "full_intensity": {
            name: translator.full(name) for name in translator.vocabulary.expressive
        },
        "data": {
            "manifest_sha256": sha256_file(manifest.root / MANIFEST_NAME),
            "card": {key: manifest.card.get(key) for key in ("name", "licence", "attribution")},
            "split": split,
            "people": len(people),
            "neutral_images": len(there),
            "expressive_images": len(back),
            "size_px": measuring.size,
        },
        "intervals": {
            "kind": "percentile bootstrap over people",
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "seed": seed,
        },
        **measuring.facts(records),
        **provenance(),
        "seconds": round(time.perf_counter() - began, 1),
    }
    evaluation = Evaluation(expressions, neutralisation, from_expression, as_labelled, facts)
    if out is not None:
        write_json(out, evaluation.to_json())
    return evaluation


def read_groups(file: Path) -> dict[str, dict[str, str]]:
    """A CSV with the column `subject`, named as in the data, and one column for each grouping;
    columns of numbers, such as an age, group nobody.

    Raises:
        DataError: it cannot be read, or has no such column or no grouping.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read the groups {file}: {error}") from None
    if not rows or "subject" not in rows[0]:
        raise DataError(f"{file} has no column `subject`; its first line names the columns")
    found: dict[str, dict[str, str]] = {}
    for column in rows[0]:
        values = {row["subject"]: (row[column] or "").strip() for row in rows}
        values = {person: value for person, value in values.items() if value not in UNKNOWN}
        if column == "subject" or all(value.isnumeric() for value in values.values()):
            continue
        found[column] = values
    if not found:
        raise DataError(f"{file} has no column of groups beside `subject`, such as `gender`")
    return found
