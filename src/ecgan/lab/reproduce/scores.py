"""What the answers of recognisers amount to: VGG score and t-SNE (Figure 5a-c), Table 2 and the
dose-response curves, and the paper's own numbers beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgan.errors import DataError
from ecgan.evaluation.bootstrap import Figures, Interval, mean_over_people
from ecgan.lab.reproduce.plan import METHODS_FILE

ORIGINAL = "original"
PERPLEXITY = 30.0
"""Of t-SNE, or a third of the images where these are few."""
MAX_POINTS = 2000
ON_ORIGINAL = "tested_on_original"
ON_GENERATED = "tested_on_generated"
FROM_ORIGINAL = "trained_on_original_tested_on_generated"


PAPER: dict[str, dict[str, float]] = METHODS_FILE["paper"]
"""What the paper reports of methods, in percent."""
PAPER_ORIGINAL: float = METHODS_FILE["paper_original"]


@dataclass(frozen=True)
class Answers:
    """What the recognisers of one row, which differ by their seed, got right of the same images."""

    correct: NDArray[np.float64]
    """(seeds, images), 0 or 1."""
    people: Sequence[str]
    """Of each image."""

    def by_seed(self) -> list[float]:
        return [float(value) for value in self.correct.mean(axis=1)]

    def interval(self) -> dict[str, Any]:
        """Accuracy over all seeds; the interval is over people, each with the mean of its seeds."""
        return interval_json(mean_over_people(self.correct.mean(axis=0), self.people))

    def point(self) -> dict[str, Any]:
        """Of a dose-response curve."""
        return {"accuracy": self.interval(), "seeds": self.by_seed()}


@dataclass(frozen=True)
class Row:
    """Recognisers that learned from one mixture."""

    method: str | None
    original: Answers
    """On real test images."""
    generated: Mapping[str, Answers]
    """On test images of methods."""


def stacked(correct: Sequence[ArrayLike], people: Sequence[str]) -> Answers:
    """The answers of several seeds."""
    return Answers(np.stack([np.asarray(one, dtype=np.float64) for one in correct]), people)


def interval_json(interval: Interval) -> dict[str, Any]:
    """`value`, `low`, `high`, and the number of people as `n`."""
    return {**interval.to_json(), "n": interval.people}


def difference(first: Answers, second: Answers) -> dict[str, Any]:
    """Accuracy of `first` minus that of `second`, image by image, with its interval over people.

    Raises:
        ValueError: they were not asked about the same people in the same order.
    """
    if list(first.people) != list(second.people):
        raise ValueError("expected answers about the same images")
    gain = first.correct.mean(axis=0) - second.correct.mean(axis=0)
    return interval_json(mean_over_people(gain, first.people))


def table_2(
    rows: Sequence[Row], seeds: Sequence[int], expressions: Sequence[str]
) -> dict[str, Any]:
    """Values of the part `table2`.

    Args:
        rows: of the original images alone first, then one a method.
        seeds: of the recognisers of each row.
        expressions: of the data.
    """
    published = {
        "original to original": dict.fromkeys(PAPER, PAPER_ORIGINAL),
        **{
            title: {method: printed[column] for method, printed in PAPER.items()}
            for title, column in (
                ("original + generated to original", "augmented_on_original"),
                ("original to generated", "original_on_generated"),
            )
        },
    }
    return {
        "rows": [_row_json(row, seeds) for row in rows],
        "differences": [
            {"first": first, "second": second, "column": column, "difference": difference(*two)}
            for first, second, column, *two in _pairs(rows)
        ],
        "expressions": list(expressions),
        "seeds": list(seeds),
        "paper": {
            "source": "ICIP 2019, arXiv 1905.05416, Table 2",
            "comparable": False,
            "why": "other people, other images, another recogniser and another split",
            "rows": {
                name: {key: round(percent / 100, 4) for key, percent in column.items()}
                for name, column in published.items()
            },
        },
    }


def score_of(
    probability: NDArray[np.float64],
    correct: NDArray[np.float64],
    expressions: Sequence[str],
    people: Sequence[str],
) -> dict[str, Any]:
    """Mean probability of the asked expression (the paper's VGG score) and accuracy, of all images
    and by expression; all four run in parallel."""
    figures = Figures()
    figures.add("probability", expressions, people, probability)
    figures.add("accuracy", expressions, people, correct)
    found: dict[str, dict[str, Any]] = {}
    for figure, groups in figures.compute().items():
        for name, interval in groups.items():
            found.setdefault(name, {})[figure] = interval_json(interval)
    return {**found.pop("all"), "by_expression": found}


def tsne(
    features: NDArray[np.float64], expressions: Sequence[str], people: Sequence[str], seed: int = 0
) -> dict[str, Any]:
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
        "expression": [expressions[index] for index in chosen],
        "subject": [people[index] for index in chosen],
        "perplexity": round(perplexity, 2),
    }


def _row_json(row: Row, seeds: Sequence[int]) -> dict[str, Any]:
    own = None if row.method is None else row.generated[row.method]
    on_generated = [None] * len(seeds) if own is None else own.by_seed()
    values = {
        "trained_on": ORIGINAL if row.method is None else f"{ORIGINAL} + {row.method}",
        "method": row.method,
        ON_ORIGINAL: row.original.interval(),
        ON_GENERATED: None if own is None else own.interval(),
        "seeds": [
            {"seed": seed, "original": original, "generated": generated}
            for seed, original, generated in zip(
                seeds, row.original.by_seed(), on_generated, strict=True
            )
        ],
    }
    if row.method is None:
        values["tested_on_generated_of"] = {
            method: answers.interval() for method, answers in row.generated.items()
        }
    return values


def _pairs(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """What is compared: every row with the one of the originals, then methods with each other."""
    base, others = rows[0], rows[1:]
    found: list[tuple[Any, ...]] = [
        (row.method, ORIGINAL, ON_ORIGINAL, row.original, base.original) for row in others
    ]
    for index, one in enumerate(others):
        for other in others[:index]:
            first, second = str(one.method), str(other.method)
            of_base = base.generated[first], base.generated[second]
            found += [
                (first, second, ON_ORIGINAL, one.original, other.original),
                (first, second, ON_GENERATED, one.generated[first], other.generated[second]),
                (first, second, FROM_ORIGINAL, *of_base),
            ]
    return found
