"""What the answers of recognisers amount to: VGG score, two-sample test and t-SNE (Figure 5a-c),
Table 2 and the dose-response curves, and the paper's own numbers beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgan.data.manifest import Manifest, Record
from ecgan.errors import DataError
from ecgan.evaluation.bootstrap import Interval, Samples, mean_over_people
from ecgan.evaluation.feature_distances import classifier_two_sample_test
from ecgan.expressions import NEUTRAL
from ecgan.lab.reproduce.mixtures import ORIGINAL
from ecgan.lab.reproduce.recognizers import Gallery, Seen

PERPLEXITY = 30.0
"""Of t-SNE, or a third of the images where these are few."""
MAX_POINTS = 2000
ON_ORIGINAL = "tested_on_original"
ON_GENERATED = "tested_on_generated"
FROM_ORIGINAL = "trained_on_original_tested_on_generated"


@dataclass(frozen=True)
class Published:
    """What the paper reports of a method, in percent (Tables 1 and 2)."""

    judged_real: float
    augmented_on_original: float
    """Trained on original + generated, tested on original."""
    original_on_generated: float
    """Trained on original, tested on generated."""


PAPER_ORIGINAL = 74.77
"""Trained and tested on original (Table 2)."""
PAPER = {
    "cyclegan": Published(11.68, 76.41, 77.78),
    "pix2pix": Published(40.37, 82.63, 83.24),
    "paper": Published(35.32, 78.13, 80.32),
    "default": Published(35.32, 78.13, 80.32),
}


@dataclass(frozen=True)
class Answers:
    """What the recognisers of one row, which differ by their seed, got right of the same images."""

    correct: NDArray[np.float64]
    """(seeds, images), 0 or 1."""
    people: Sequence[str]
    """Of each image."""

    def by_seed(self) -> list[float]:
        return [float(value) for value in self.correct.mean(axis=1)]

    def interval(self) -> Interval:
        """Accuracy over all seeds; the interval is over people, each with the mean of its seeds."""
        return mean_over_people(self.correct.mean(axis=0), self.people)


@dataclass(frozen=True)
class Row:
    """Recognisers that learned from one mixture."""

    method: str | None
    original: Answers
    """On real test images."""
    generated: Mapping[str, Answers]
    """On test images of methods."""


def difference(first: Answers, second: Answers) -> Interval:
    """Accuracy of `first` minus that of `second`, image by image, with its interval over people.

    Raises:
        ValueError: they were not asked about the same people in the same order.
    """
    if list(first.people) != list(second.people):
        raise ValueError("expected answers about the same images")
    return mean_over_people(first.correct.mean(axis=0) - second.correct.mean(axis=0), first.people)


def interval_json(interval: Interval) -> dict[str, Any]:
    """`value`, `low`, `high`, and the number of people as `n`."""
    return {**interval.to_json(), "n": interval.people}


def table_2(
    rows: Sequence[Row], seeds: Sequence[int], expressions: Sequence[str]
) -> dict[str, Any]:
    """Values of the part `table2`.

    Args:
        rows: of the original images alone first, then one a method.
        seeds: of the recognisers of each row.
        expressions: of the data.
    """
    return {
        "rows": [_row_json(row, seeds) for row in rows],
        "differences": _differences(rows),
        "expressions": list(expressions),
        "seeds": list(seeds),
        "paper": _paper_json(),
    }


def _paper_json() -> dict[str, Any]:
    """What the paper prints, as rates."""
    methods = {key: PAPER[key] for key in ("cyclegan", "pix2pix", "paper")}
    columns = {
        "original to original": dict.fromkeys(methods, PAPER_ORIGINAL),
        "original + generated to original": {
            key: of.augmented_on_original for key, of in methods.items()
        },
        "original to generated": {key: of.original_on_generated for key, of in methods.items()},
    }
    return {
        "source": "ICIP 2019, arXiv 1905.05416, Table 2",
        "comparable": False,
        "why": "other people, other images, another recogniser and another split",
        "rows": {
            name: {key: round(percent / 100, 4) for key, percent in column.items()}
            for name, column in columns.items()
        },
    }


def curve_point(key: str, number: int, answers: Answers) -> dict[str, Any]:
    """One point of a dose-response curve."""
    return {key: number, "accuracy": interval_json(answers.interval()), "seeds": answers.by_seed()}


def stacked(correct: Sequence[ArrayLike], people: Sequence[str]) -> Answers:
    """The answers of several seeds."""
    return Answers(np.stack([np.asarray(one, dtype=np.float64) for one in correct]), people)


def _row_json(row: Row, seeds: Sequence[int]) -> dict[str, Any]:
    own = None if row.method is None else row.generated[row.method]
    on_generated = [None] * len(seeds) if own is None else own.by_seed()
    by_seed = [
        {"seed": seed, "original": original, "generated": generated}
        for seed, original, generated in zip(
            seeds, row.original.by_seed(), on_generated, strict=True
        )
    ]
    values = {
        "trained_on": ORIGINAL if row.method is None else f"{ORIGINAL} + {row.method}",
        "method": row.method,
        ON_ORIGINAL: interval_json(row.original.interval()),
        ON_GENERATED: None if own is None else interval_json(own.interval()),
        "seeds": by_seed,
    }
    if row.method is None:
        values["tested_on_generated_of"] = {
            method: interval_json(answers.interval()) for method, answers in row.generated.items()
        }
    return values


def _differences(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every row against the one of the originals, then methods against each other."""
    base, others = rows[0], rows[1:]
    found = [
        _difference(row.method, ORIGINAL, ON_ORIGINAL, row.original, base.original)
        for row in others
    ]
    for index, one in enumerate(others):
        for other in others[:index]:
            pair = (one.method, other.method)
            found.append(_difference(*pair, ON_ORIGINAL, one.original, other.original))
            for column, first, second in (
                (ON_GENERATED, one.generated, other.generated),
                (FROM_ORIGINAL, base.generated, base.generated),
            ):
                own, its = first[str(one.method)], second[str(other.method)]
                found.append(_difference(*pair, column, own, its))
    return found


def _difference(
    first: str | None, second: str | None, column: str, one: Answers, other: Answers
) -> dict[str, Any]:
    return {
        "first": first,
        "second": second,
        "column": column,
        "difference": interval_json(difference(one, other)),
    }


def score_of(seen: Seen, expressions: Sequence[str], people: Sequence[str]) -> dict[str, Any]:
    """Mean probability of the asked expression (the paper's VGG score) and accuracy, of all images
    and by expression."""
    probability, correct = Samples(), Samples()
    probability.add(expressions, people, seen.probability)
    correct.add(expressions, people, seen.correct)
    found = {
        name: {"probability": interval_json(interval), "accuracy": interval_json(other)}
        for (name, interval), other in zip(
            probability.compute().items(), correct.compute().values(), strict=True
        )
    }
    return {**found.pop("all"), "by_expression": found}


def strongest(records: Sequence[Record]) -> list[Record]:
    """The expressive images of the highest intensity of each person and expression: what a
    translation of full strength is to be compared with."""
    best: dict[tuple[str, str], float] = {}
    for record in records:
        key = record.subject, record.expression
        best[key] = max(best.get(key, 0.0), _intensity(record))
    return [
        record
        for record in records
        if record.expression != NEUTRAL
        and _intensity(record) == best[record.subject, record.expression]
    ]


def asked_of_test_people(generated: Manifest) -> list[Record]:
    """The translations of test people to expressions, without those to neutral."""
    found = [r for r in generated.select(split="test") if r.expression != NEUTRAL]
    return sorted(found, key=lambda record: record.image)


def two_sample(
    made: NDArray[np.float64],
    real: NDArray[np.float64],
    made_people: Sequence[str],
    real_people: Sequence[str],
) -> dict[str, Any]:
    """Accuracy of telling generated from real images of people whom the classifier never saw; 0.5
    where it cannot."""
    found = classifier_two_sample_test(made, real, made_people, real_people)
    return {"accuracy": interval_json(found), "chance": 0.5}


def why_no_tsne() -> str | None:
    """What t-SNE lacks here; None: nothing."""
    if find_spec("sklearn") is None:
        return "scikit-learn is not installed: pip install 'ecgan[metrics]'"
    return None


def tsne(features: NDArray[np.float64], gallery: Gallery, seed: int = 0) -> dict[str, Any]:
    """The plane that t-SNE (van der Maaten & Hinton 2008) lays features in; where there are very
    many images, of some.

    Raises:
        DataError: fewer than four images.
    """
    from sklearn.manifold import TSNE

    if len(features) < 4:
        raise DataError(f"t-SNE needs four images at least, got {len(features)}")
    chosen = np.random.default_rng(seed).permutation(len(features))[:MAX_POINTS]
    chosen.sort()
    perplexity = min(PERPLEXITY, (len(chosen) - 1) / 3)
    method = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    places = method.fit_transform(features[chosen].astype(np.float32))
    return {
        "xy": [[round(float(x), 3), round(float(y), 3)] for x, y in places],
        "expression": [gallery.expressions[index] for index in chosen],
        "subject": [gallery.people[index] for index in chosen],
        "perplexity": round(perplexity, 2),
    }


def _intensity(record: Record) -> float:
    return 1.0 if record.intensity is None else record.intensity
