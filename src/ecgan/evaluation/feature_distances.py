"""FID and KID of translated against real images, by expression, with intervals over people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ecgan.evaluation.bootstrap import CONFIDENCE, Interval
from ecgan.evaluation.distribution import (
    Rows,
    frechet_distance_of,
    kernel_distance_of,
    polynomial_kernel,
)

RESAMPLES = 200
"""Fewer than for means: each takes the singular values of a matrix."""
Features = Float[Tensor, "batch features"]


class FeatureSet:
    """Collects features of images by group (an expression), with the person in each."""

    def __init__(self) -> None:
        self._rows: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
        self._people: dict[str, list[str]] = defaultdict(list)

    @property
    def groups(self) -> tuple[str, ...]:
        """In the order of arrival."""
        return tuple(self._rows)

    def add(self, groups: Sequence[str], people: Sequence[str], features: Features) -> None:
        """Add a batch; the three run in parallel."""
        rows = features.detach().cpu().double().numpy()
        for group, person, row in zip(groups, people, rows, strict=True):
            self._rows[group].append(row)
            self._people[group].append(person)

    def select(self, groups: Sequence[str]) -> tuple[Rows, list[str]]:
        """Rows and people of some groups."""
        rows = [row for group in groups for row in self._rows.get(group, ())]
        people = [person for group in groups for person in self._people.get(group, ())]
        return np.array(rows), people


def feature_distances(
    made: FeatureSet, real: FeatureSet, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, dict[str, Interval]]:
    """`fid` and `kid` by group and for `all` groups that both sets have.

    A resample draws people with replacement, who bring their images of both sets. It repeats
    images, which shifts both distances upwards; so the interval is the spread of the resamples
    about their mean, laid about the value. Groups with fewer than two images in a set are left
    out; the result is empty where none is left.
    """
    shared = [
        group
        for group in made.groups
        if all(len(features.select([group])[1]) >= 2 for features in (made, real))
    ]
    figures: dict[str, dict[str, Interval]] = {"fid": {}, "kid": {}}
    for name, groups in [*((group, [group]) for group in shared), ("all", shared)]:
        if groups:
            fid, kid = _distances(made.select(groups), real.select(groups), seed, resamples)
            figures["fid"][name], figures["kid"][name] = fid, kid
    return figures if shared else {}


def _distances(
    made: tuple[Rows, list[str]], real: tuple[Rows, list[str]], seed: int, resamples: int
) -> tuple[Interval, Interval]:
    rows = np.vstack([made[0], real[0]])
    gram = rows @ rows.T
    kernel = polynomial_kernel(gram, rows.shape[1])
    is_made = np.arange(len(rows)) < len(made[0])
    names, person = np.unique([*made[1], *real[1]], return_inverse=True)

    def values(times: NDArray[np.int64]) -> tuple[float, float] | None:
        first, second = times * is_made, times * ~is_made
        if min((first > 0).sum(), (second > 0).sum()) < 2:
            return None
        indices = np.arange(len(rows))
        fid = frechet_distance_of(gram, np.repeat(indices, first), np.repeat(indices, second))
        return fid, kernel_distance_of(kernel, first.astype(float), second.astype(float))

    value = values(np.ones(len(rows), dtype=np.int64))
    assert value is not None  # two rows each
    generator = np.random.default_rng(seed)
    share = np.full(len(names), 1 / len(names))
    draws = resamples if len(names) > 1 else 0
    drawn = generator.multinomial(len(names), share, size=draws)
    found = [again for times in drawn if (again := values(times[person])) is not None]
    people = len(set(made[1]))
    fid, kid = (
        _centred(value[which], [again[which] for again in found], people, len(made[1]))
        for which in (0, 1)
    )
    return fid, kid


def _centred(value: float, resampled: Sequence[float], people: int, images: int) -> Interval:
    if not resampled:
        return Interval(value, None, None, people, images)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.asarray(resampled) - np.mean(resampled), [tail, 1 - tail]) + value
    return Interval(value, float(low), float(high), people, images)
