"""Percentile bootstrap over people: images of one person are not independent, people are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
Groups = Mapping[str, Mapping[str, str]]
"""By grouping, such as by sex, the group of each person."""


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
        return {**as_json(self)}


ByFigure = dict[str, dict[str, Interval]]
"""Means by figure, then by group and for `all` (or by grouping, then by group of people)."""


def as_json(value: Any) -> Any:
    """Results, and dictionaries of results, as plain values: floats to six decimals."""
    if isinstance(value, Mapping) or is_dataclass(value):
        fields = value if isinstance(value, Mapping) else vars(value)
        return {key: as_json(field) for key, field in fields.items()}
    return round(value, 6) if isinstance(value, float) else value


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
    drawn = draw_people(len(names), resamples, seed)
    low, high = percentiles((drawn @ sums) / (drawn @ counts), confidence)
    return Interval(value, float(low), float(high), len(names), len(array))


def draw_people(num_people: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """(resamples, people): how often each person is drawn, with replacement."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(num_people, np.full(num_people, 1 / num_people), size=resamples)


def percentiles(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Between which the middle share of the values lies."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


class Samples:
    """Collects a figure (or a row of features) of each image, by group (an expression), with the
    person in the image."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[str, Any]]] = defaultdict(list)

    @property
    def groups(self) -> tuple[str, ...]:
        """In the order of arrival."""
        return tuple(self._rows)

    def add(self, groups: Sequence[str], people: Sequence[str], values: ArrayLike) -> None:
        """Add a batch; the three run in parallel."""
        rows = np.asarray(values, dtype=np.float64)
        for group, person, value in zip(groups, people, rows, strict=True):
            self._rows[group].append((person, value))

    def select(self, groups: Iterable[str]) -> tuple[NDArray[np.float64], list[str]]:
        """Values and people of some groups."""
        rows = [row for group in groups for row in self._rows.get(group, ())]
        return np.array([value for _, value in rows]), [person for person, _ in rows]

    def compute(self, *, seed: int = 0) -> dict[str, Interval]:
        """Means by group in the order of arrival, then of `all` images together.

        Raises:
            ValueError: nothing was added.
        """
        named = [*((group, [group]) for group in self.groups), ("all", self.groups)]
        return {name: mean_over_people(*self.select(groups), seed=seed) for name, groups in named}

    def by_people(self, group_of: Mapping[str, str], *, seed: int = 0) -> dict[str, Interval]:
        """Means by group of people, of all groups of images together; who has no group is left
        out."""
        values, people = self.select(self.groups)
        regrouped = Samples()
        for value, person in zip(values, people, strict=True):
            if group := group_of.get(person):
                regrouped.add([group], [person], [value])
        return {
            group: mean_over_people(*regrouped.select([group]), seed=seed)
            for group in sorted(regrouped.groups)
        }


class Figures:
    """Collects figures of images under their names; see `Samples`."""

    def __init__(self) -> None:
        self._samples: dict[str, Samples] = defaultdict(Samples)

    def __contains__(self, figure: str) -> bool:
        return figure in self._samples

    def add(self, group: str, person: str, values: Mapping[str, float]) -> None:
        """Add figures of one image by name: what is in it, who, and how much."""
        for figure, value in values.items():
            self._samples[figure].add([group], [person], [value])

    def compute(self, *, seed: int = 0) -> ByFigure:
        """By figure in the order of arrival, then by group and for `all`."""
        return {name: samples.compute(seed=seed) for name, samples in self._samples.items()}

    def by_people(self, figure: str, groups: Groups, *, seed: int = 0) -> ByFigure:
        """One figure by grouping, then by group of people."""
        samples = self._samples[figure]
        return {column: samples.by_people(group, seed=seed) for column, group in groups.items()}
