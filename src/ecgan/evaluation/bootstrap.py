"""Percentile bootstrap over people: images of one person are not independent, people are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over images with its confidence interval over people."""

    value: float
    low: float | None
    """None with fewer than two people: one person says nothing about others."""
    high: float | None
    people: int
    images: int

    def to_json(self) -> dict[str, float | int | None]:
        return {
            "value": round(self.value, 6),
            "low": None if self.low is None else round(self.low, 6),
            "high": None if self.high is None else round(self.high, 6),
            "people": self.people,
            "images": self.images,
        }


def mean_over_people(
    values: ArrayLike,
    people: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Mean of `values` and its percentile interval when people are drawn with replacement
    (Efron 1979, clusters instead of single values).

    A person who is drawn brings all of their images, so the resampled mean is
    sum_p n_p S_p / sum_p n_p C_p with S_p and C_p the sum and count of person p.

    Args:
        values: one figure an image, finite.
        people: the person of each image.
        resamples: number of draws.
        confidence: of the interval, in (0, 1).
        seed: equal seeds give equal intervals.

    Raises:
        ValueError: no values, values that are not finite, or another number of people.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or len(array) != len(people):
        raise ValueError(
            f"expected one value an image, got shape {array.shape} for {len(people)} images"
        )
    if not np.isfinite(array).all():
        raise ValueError("expected finite values")
    names, person = np.unique(np.asarray(people, dtype=str), return_inverse=True)
    sums = np.asarray(np.bincount(person, weights=array), dtype=np.float64)
    counts = np.bincount(person)
    value = float(array.mean())
    if len(names) < 2:
        return Interval(value, None, None, len(names), len(array))
    means = _resampled_means(sums, counts, resamples, seed)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(value, float(low), float(high), len(names), len(array))


class Figures:
    """Collects figures of images under their names; see `PeopleMeans`."""

    def __init__(self) -> None:
        self._means: dict[str, PeopleMeans] = {}

    def __contains__(self, figure: str) -> bool:
        return figure in self._means

    def add(
        self, figure: str, groups: Sequence[str], people: Sequence[str], values: Iterable[float]
    ) -> None:
        """Add a figure of a batch: what is in each image, who, and how much."""
        self._means.setdefault(figure, PeopleMeans()).add(groups, people, values)

    def compute(self, *, seed: int = 0) -> dict[str, dict[str, Interval]]:
        """By figure in the order of arrival, then by group and for `all`."""
        return {name: means.compute(seed=seed) for name, means in self._means.items()}

    def by_people(
        self, figure: str, groups: Mapping[str, Mapping[str, str]], *, seed: int = 0
    ) -> dict[str, dict[str, Interval]]:
        """One figure by grouping, then by group of people."""
        means = self._means[figure]
        return {column: means.by_people(group_of, seed=seed) for column, group_of in groups.items()}


class PeopleMeans:
    """Collects one figure an image, by group (an expression); means with intervals over people."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = defaultdict(list)
        self._people: dict[str, list[str]] = defaultdict(list)

    def __len__(self) -> int:
        return sum(len(values) for values in self._values.values())

    def add(self, groups: Sequence[str], people: Sequence[str], values: Iterable[float]) -> None:
        """Add a batch; the three run in parallel."""
        for group, person, value in zip(groups, people, values, strict=True):
            self._values[group].append(float(value))
            self._people[group].append(person)

    def compute(self, *, seed: int = 0) -> dict[str, Interval]:
        """By group in the order of arrival, then `all` images together.

        Raises:
            ValueError: nothing was added.
        """
        intervals = {
            group: mean_over_people(values, self._people[group], seed=seed)
            for group, values in self._values.items()
        }
        values = [value for group in self._values for value in self._values[group]]
        people = [person for group in self._values for person in self._people[group]]
        return {**intervals, "all": mean_over_people(values, people, seed=seed)}

    def by_people(self, group_of: Mapping[str, str], *, seed: int = 0) -> dict[str, Interval]:
        """By group of people, of all groups of images together; who has no group is left out."""
        values: dict[str, list[float]] = defaultdict(list)
        people: dict[str, list[str]] = defaultdict(list)
        for name in self._values:
            for value, person in zip(self._values[name], self._people[name], strict=True):
                if person in group_of:
                    values[group_of[person]].append(value)
                    people[group_of[person]].append(person)
        return {
            group: mean_over_people(values[group], people[group], seed=seed)
            for group in sorted(values)
        }


def _resampled_means(
    sums: NDArray[np.float64], counts: NDArray[np.int64], resamples: int, seed: int
) -> NDArray[np.float64]:
    num_people = len(sums)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(num_people, np.full(num_people, 1 / num_people), size=resamples)
    means: NDArray[np.float64] = (drawn @ sums) / (drawn @ counts)
    return means
