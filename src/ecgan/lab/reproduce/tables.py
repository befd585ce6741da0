"""Table 2 and the dose-response curves: arithmetic on which test images were recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgan.evaluation.bootstrap import Interval, mean_over_people
from ecgan.lab.reproduce.mixtures import ORIGINAL
from ecgan.lab.reproduce.paper import PAPER, PAPER_ORIGINAL

ON_ORIGINAL = "tested_on_original"
ON_GENERATED = "tested_on_generated"
FROM_ORIGINAL = "trained_on_original_tested_on_generated"


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
