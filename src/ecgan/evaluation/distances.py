"""How far two sets of images lie apart in a feature space: Frechet and kernel distance with
intervals over people; and the inception score of one set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from ecgan.evaluation.bootstrap import ByFigure, Interval, Samples, draw_people, percentiles

Rows = NDArray[np.float64]
"""(images, features)."""
RESAMPLES = 200
"""Fewer than for means: each takes the singular values of a matrix."""


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the Gaussians through two sets of features
    (Heusel et al. 2017), with C the covariance of n - 1.

    Raises:
        ValueError: not two sets of two rows at least, of one width and finite.
    """
    rows, one, two = _joined(first, second)
    return frechet_distance_of(rows @ rows.T, one, two)


def kernel_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Unbiased squared maximum mean discrepancy (Gretton et al. 2012) with k(x, y) =
    (x'y / d + 1)^3 over all images: the KID of Binkowski et al. (2018). Below 0 by chance where
    the two sets are alike.

    Raises:
        ValueError: as `frechet_distance`.
    """
    rows, one, two = _joined(first, second)
    times = np.zeros((2, len(rows)))
    times[0, one], times[1, two] = 1, 1
    return kernel_distance_of(polynomial_kernel(rows @ rows.T, rows.shape[1]), *times)


def inception_score(probabilities: ArrayLike, splits: int = 1) -> float:
    """exp(E_x KL(p(y | x) || p(y))) (Salimans et al. 2016), from 1 to the number of classes; the
    mean over `splits` consecutive parts, as it is published with ten.

    Args:
        probabilities: (images, classes), rows that sum to one.
        splits: number of parts.

    Raises:
        ValueError: rows that are no probabilities, or fewer rows than parts.
    """
    rows = np.asarray(probabilities, dtype=np.float64)
    if rows.ndim != 2 or not 1 <= splits <= len(rows):
        raise ValueError(f"expected rows of probabilities, {splits} at least, got {rows.shape}")
    if not (rows >= 0).all() or not np.allclose(rows.sum(axis=1), 1, atol=1e-4):
        raise ValueError("expected rows of probabilities that sum to one")
    parts = np.array_split(rows, splits)
    divergences = (rel_entr(part, part.mean(axis=0)).sum(axis=1).mean() for part in parts)
    return float(np.mean(np.exp(list(divergences))))


def feature_distances(
    made: Samples, real: Samples, *, seed: int = 0, resamples: int = RESAMPLES
) -> ByFigure:
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
    if not shared:
        return {}
    found = {
        name: _distances(made.select(groups), real.select(groups), seed, resamples)
        for name, groups in [*((group, [group]) for group in shared), ("all", shared)]
    }
    return {
        figure: {name: both[place] for name, both in found.items()}
        for place, figure in enumerate(("fid", "kid"))
    }


def polynomial_kernel(gram: Rows, num_features: int) -> Rows:
    """(x'y / d + 1)^3 from the inner products of all rows."""
    return (gram / num_features + 1) ** 3


def frechet_distance_of(gram: Rows, first: NDArray[np.intp], second: NDArray[np.intp]) -> float:
    """`frechet_distance` of two choices of rows, repeats allowed, from all inner products.

    With C1 = A'A and C2 = B'B, the centred rows over sqrt(n - 1), the eigenvalues of C1 C2 are the
    squared singular values of AB', so the trace of the root is their sum: in float64 and without
    the square root of a matrix, which fails where there are fewer images than features.
    """
    between = gram[np.ix_(first, second)]
    within = [gram[np.ix_(rows, rows)] for rows in (first, second)]
    shift = within[0].mean() + within[1].mean() - 2 * between.mean()
    traces = [(np.trace(block) - len(block) * block.mean()) / (len(block) - 1) for block in within]
    centred = between - between.mean(axis=0) - between.mean(axis=1)[:, None] + between.mean()
    cross = np.linalg.svd(centred, compute_uv=False).sum()
    scale = np.sqrt((len(first) - 1) * (len(second) - 1))
    return float(shift + traces[0] + traces[1] - 2 * cross / scale)


def kernel_distance_of(
    kernel: Rows, first: NDArray[np.float64], second: NDArray[np.float64]
) -> float:
    """`kernel_distance` of two weightings of all rows from the kernel between them.

    A row of weight 2 was drawn twice; it is never compared with its own copy, since k(x, x) is what
    makes the estimate biased.
    """
    own = np.diag(kernel)

    def within(weight: NDArray[np.float64]) -> float:
        pairs = weight.sum() ** 2 - (weight**2).sum()
        return float((weight @ kernel @ weight - (weight**2) @ own) / pairs)

    between = (first @ kernel @ second) / (first.sum() * second.sum())
    return within(first) + within(second) - 2 * float(between)


def _joined(first: ArrayLike, second: ArrayLike) -> tuple[Rows, NDArray[np.intp], NDArray[np.intp]]:
    """All rows, and the places of the rows of each set."""
    one, two = (np.asarray(rows, dtype=np.float64) for rows in (first, second))
    fits = one.ndim == two.ndim == 2 and one.shape[1] == two.shape[1]
    if not fits or min(len(one), len(two)) < 2:
        raise ValueError(
            "expected two sets of features (images, features), two images each at least and of one "
            f"width, got {one.shape} and {two.shape}"
        )
    rows = np.vstack([one, two])
    if not np.isfinite(rows).all():
        raise ValueError("expected finite features")
    places = np.arange(len(rows))
    return rows, places[: len(one)], places[len(one) :]


def _distances(
    made: tuple[Rows, list[str]], real: tuple[Rows, list[str]], seed: int, resamples: int
) -> tuple[Interval, Interval]:
    rows, one, two = _joined(made[0], real[0])
    gram = rows @ rows.T
    kernel = polynomial_kernel(gram, rows.shape[1])
    names, person = np.unique([*made[1], *real[1]], return_inverse=True)

    def values(times: NDArray[np.int64]) -> tuple[float, float] | None:
        first, second = times.copy(), times.copy()
        first[two], second[one] = 0, 0
        if min((first > 0).sum(), (second > 0).sum()) < 2:
            return None
        places = np.arange(len(rows))
        fid = frechet_distance_of(gram, np.repeat(places, first), np.repeat(places, second))
        return fid, kernel_distance_of(kernel, first.astype(float), second.astype(float))

    value = values(np.ones(len(rows), dtype=np.int64))
    assert value is not None  # two rows each
    drawn = draw_people(len(names), resamples if len(names) > 1 else 0, seed)
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
    low, high = percentiles(np.asarray(resampled) - np.mean(resampled))
    return Interval(value, low + value, high + value, people, images)
