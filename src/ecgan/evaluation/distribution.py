"""How far two sets of images lie apart in a feature space: Frechet and kernel distance, and the
inception score of one set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.float64]
"""(images, features)."""

SUBSETS = 100
SUBSET_SIZE = 1000
"""Of the kernel distance, as Binkowski et al. (2018) draw them."""


@dataclass(frozen=True)
class SubsetMean:
    """A mean over random subsets."""

    value: float
    standard_error: float
    """Of the mean, from the spread of the subsets; 0 where there was one only."""


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the Gaussians through two sets of features
    (Heusel et al. 2017), with C the covariance of n - 1.

    With C1 = A'A and C2 = B'B, the centred rows over sqrt(n - 1), the eigenvalues of C1 C2 are the
    squared singular values of AB', so the trace of the root is their sum: in float64 and without
    the square root of a matrix, which fails where there are fewer images than features.

    Raises:
        ValueError: not two sets of two rows at least, of one width and finite.
    """
    one, two = _rows(first, second)
    shift = one.mean(axis=0) - two.mean(axis=0)
    root_1, root_2 = _covariance_root(one), _covariance_root(two)
    cross = np.linalg.svd(root_1 @ root_2.T, compute_uv=False).sum()
    return float(shift @ shift + np.sum(root_1**2) + np.sum(root_2**2) - 2 * cross)


def kernel_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Unbiased squared maximum mean discrepancy (Gretton et al. 2012) with k(x, y) =
    (x'y / d + 1)^3 over all images: the KID of Binkowski et al. (2018). Below 0 by chance where
    the two sets are alike.

    Raises:
        ValueError: as `frechet_distance`.
    """
    one, two = _rows(first, second)
    rows = np.vstack([one, two])
    is_first = (np.arange(len(rows)) < len(one)).astype(np.float64)
    return kernel_distance_of(
        polynomial_kernel(rows @ rows.T, rows.shape[1]), is_first, 1 - is_first
    )


def kernel_distance_of_subsets(
    first: ArrayLike,
    second: ArrayLike,
    *,
    size: int = SUBSET_SIZE,
    subsets: int = SUBSETS,
    seed: int = 0,
) -> SubsetMean:
    """Mean of `kernel_distance` over random subsets of `size` rows of each set, which is how KID is
    published; where a set is smaller, of as many as it has.

    Raises:
        ValueError: as `frechet_distance`, or a subset of fewer than two rows, or no subset.
    """
    one, two = _rows(first, second)
    size = min(size, len(one), len(two))
    if size < 2 or subsets < 1:
        raise ValueError(f"expected one subset at least of two rows, got {subsets} of {size}")
    generator = np.random.default_rng(seed)
    values = [
        kernel_distance(
            one[generator.choice(len(one), size, replace=False)],
            two[generator.choice(len(two), size, replace=False)],
        )
        for _ in range(subsets)
    ]
    spread = float(np.std(values, ddof=1)) if subsets > 1 else 0.0
    return SubsetMean(float(np.mean(values)), spread / float(np.sqrt(subsets)))


def inception_score(probabilities: ArrayLike, splits: int = 1) -> SubsetMean:
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
    scores = []
    for part in np.array_split(rows, splits):
        marginal = part.mean(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(part > 0, part * (np.log(part) - np.log(marginal)), 0.0)
        scores.append(float(np.exp(terms.sum(axis=1).mean())))
    spread = float(np.std(scores, ddof=1)) if splits > 1 else 0.0
    return SubsetMean(float(np.mean(scores)), spread / float(np.sqrt(splits)))


def polynomial_kernel(gram: Rows, num_features: int) -> Rows:
    """(x'y / d + 1)^3 from the inner products of all rows."""
    return (gram / num_features + 1) ** 3


def frechet_distance_of(gram: Rows, first: NDArray[np.intp], second: NDArray[np.intp]) -> float:
    """`frechet_distance` of two choices of rows, repeats allowed, from all inner products."""
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


def _covariance_root(rows: Rows) -> Rows:
    """R with R'R the covariance, of at most as many rows as features."""
    centred: Rows = (rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1)
    if len(rows) <= rows.shape[1]:
        return centred
    root: Rows = np.asarray(np.linalg.qr(centred, mode="r"), dtype=np.float64)
    return root


def _rows(first: ArrayLike, second: ArrayLike) -> tuple[Rows, Rows]:
    one, two = (np.asarray(rows, dtype=np.float64) for rows in (first, second))
    if (
        one.ndim != 2
        or two.ndim != 2
        or one.shape[1] != two.shape[1]
        or min(map(len, (one, two))) < 2
    ):
        raise ValueError(
            "expected two sets of features (images, features), two images each at least and of one "
            f"width, got {one.shape} and {two.shape}"
        )
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        raise ValueError("expected finite features")
    return one, two
