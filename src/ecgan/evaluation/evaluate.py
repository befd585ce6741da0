"""All scores of a translator on people it never saw, beside those of the identity function."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from ecgan.data.manifest import MANIFEST_NAME, Split, load_manifest
from ecgan.errors import DataError
from ecgan.evaluation.bootstrap import CONFIDENCE, RESAMPLES
from ecgan.evaluation.cases import (
    Case,
    expression_cases,
    labelled_cases,
    neutral_cases,
    other_cases,
)
from ecgan.evaluation.groups import Groups
from ecgan.evaluation.instruments import AS_LABELLED, FROM_EXPRESSION, Instruments, chosen_parts
from ecgan.evaluation.results import Evaluation
from ecgan.evaluation.scorer import Counter, Progress, Scorer
from ecgan.files import sha256_file, write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.strength import Route
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance


def evaluate(
    snapshot: str | Path | Translator | None,
    data: Path,
    *,
    recognizer: str | Path | None = None,
    split: Split = "test",
    route: Route | None = None,
    out: Path | None = None,
    without: Collection[str] = (),
    groups: Groups | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Translate the people of one split with the code that users run, and score the results.

    Every neutral image goes to every expression in full, and once more to each that it has a truth
    of, at the recipe and the intensity of that truth; every expressive image goes to neutral, and
    the strongest image of each expression of each person to the other expressions; each is pasted
    back into its aligned picture as a photo would be. Scores: the VGG score of the paper as mean
    probability and as accuracy; SSIM and PSNR inside the two faces against the paired truth (of the
    recipe that the translator was asked for, where it knows recipes, then of the highest
    intensity); mean absolute change in grey levels of 255 outside the mask that the
    paste may change (`outside`) and outside the face in the source alone (`outside_face`). The
    parts, each of which takes its time: `docs/evaluation.md` has their formulas.

    Args:
        snapshot: translator folder or hub id, or a loaded translator with its own recogniser; None:
            the packaged one.
        data: prepared data.
        recognizer: the judge, which must not have seen generated images; None: the packaged one.
        split: whose people; `test` unless a choice is still being made.
        route: of the expressive images to other expressions; None: the snapshot's own.
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
    parts = chosen_parts(without)
    manifest = load_manifest(data)
    judge = Recognizer.load(recognizer)
    if isinstance(snapshot, Translator):
        translator = snapshot
    else:
        # As users run it: who judges decides nothing on the way, least of all on the route `auto`.
        translator = Translator.load(snapshot, route=route)
    for name in translator.vocabulary.expressions:
        judge.vocabulary.index(name)
    there = expression_cases(manifest, split, translator.vocabulary)
    back = neutral_cases(manifest, split, translator.vocabulary)
    if not there or not back:
        raise DataError(
            f"the {split} split of {data} has {len(there)} neutral and {len(back)} expressive "
            "images, expected at least one of each; prepare more people"
        )
    between: dict[str, list[Case]] = defaultdict(list)
    if FROM_EXPRESSION in parts:
        for case in other_cases(manifest, split, translator.vocabulary):
            if case.targets:
                between[case.source.source].append(case)
    others = [case for cases in between.values() for case in cases]
    labelled: list[Case] = []
    if AS_LABELLED in parts:
        labelled = labelled_cases(manifest, split, translator.vocabulary, translator.full)
    total = sum(len(case.targets) for case in (*there, *back, *labelled, *others))
    counter = Counter(total, progress)
    scorer = Scorer(
        manifest, split, translator, Instruments.choose(judge, parts), seed=seed, groups=groups
    )
    expressions = scorer.compare(there, counter)
    neutralisation = scorer.compare(back, counter)
    as_labelled = scorer.compare(labelled, counter, curves=False) if labelled else None
    from_expression = {
        source: scorer.compare(cases, counter) for source, cases in sorted(between.items())
    }
    people = sorted({case.source.subject for case in (*there, *back)})
    facts = {
        "translator_sha256": translator.sha256,
        "recognizer_sha256": judge.sha256,
        "route": translator.route,
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
            "size_px": scorer.size,
        },
        "intervals": {
            "kind": "percentile bootstrap over people",
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "seed": seed,
        },
        **scorer.facts(),
        **provenance(),
        "seconds": round(time.perf_counter() - began, 1),
    }
    evaluation = Evaluation(expressions, neutralisation, from_expression, as_labelled, facts)
    if out is not None:
        write_json(out, evaluation.to_json())
    return evaluation
