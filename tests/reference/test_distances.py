"""FID, KID, inception score and two-sample test against outside libraries."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import polynomial_kernel
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from ecgan.evaluation.distances import frechet_distance, inception_score, kernel_distance
from ecgan.lab.reproduce.two_sample import RIDGE, ridge_scores

Rows = NDArray[np.float64]


def two_sets(seed: int, first: int = 60, second: int = 50, features: int = 12) -> tuple[Rows, Rows]:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(features, features))
    one = np.maximum(rng.normal(size=(first, features)) @ mixing, 0)
    return one, np.maximum(rng.normal(0.3, 1.2, (second, features)) @ mixing, 0)


class FirstPixels(nn.Module):
    """Gives back the features that the images hold."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.num_features = features

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, : self.num_features].double()


def as_images(rows: Rows) -> torch.Tensor:
    images = torch.zeros(len(rows), 3, 4, 4, dtype=torch.float64)
    images.view(len(rows), -1)[:, : rows.shape[1]] = torch.from_numpy(rows)
    return images


@pytest.mark.parametrize("features", [6, 12, 90])
def test_fid_is_that_of_the_matrix_root(features: int) -> None:
    one, two = two_sets(features, features=features)
    covariances = [np.cov(rows, rowvar=False) for rows in (one, two)]
    # The definition; where it is singular, SciPy's root is only as good as this.
    tolerance = 1e-8 if features < 50 else 1e-4
    root = np.real(np.trace(sqrtm(covariances[0] @ covariances[1])))
    shift = np.square(one.mean(axis=0) - two.mean(axis=0)).sum()
    expected = shift + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root
    assert frechet_distance(one, two) == pytest.approx(expected, rel=tolerance)


def test_fid_is_that_of_torchmetrics() -> None:
    one, two = two_sets(1)
    metric = FrechetInceptionDistance(feature=FirstPixels(12), input_img_size=(3, 4, 4))
    metric = metric.set_dtype(torch.float64)
    metric.update(as_images(one), real=True)
    metric.update(as_images(two), real=False)
    assert frechet_distance(one, two) == pytest.approx(metric.compute().item(), rel=1e-9)


def test_kid_is_that_of_sklearn_and_torchmetrics() -> None:
    one, two = two_sets(2, 40, 40)
    within = [polynomial_kernel(rows, degree=3, coef0=1) for rows in (one, two)]
    unbiased = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within]
    expected = sum(unbiased) - 2 * polynomial_kernel(one, two, degree=3, coef0=1).mean()
    assert kernel_distance(one, two) == pytest.approx(expected, rel=1e-12)
    metric = KernelInceptionDistance(feature=FirstPixels(12), subsets=2, subset_size=40)
    metric = metric.set_dtype(torch.float64)
    metric.update(as_images(one), real=True)
    metric.update(as_images(two), real=False)
    assert kernel_distance(one, two) == pytest.approx(metric.compute()[0].item(), rel=1e-9)


def test_inception_score_is_that_of_torchmetrics() -> None:
    logits = np.random.default_rng(3).normal(0, 2, (60, 7))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    metric = InceptionScore(feature=FirstPixels(7), splits=1).set_dtype(torch.float64)
    metric.update(as_images(logits))
    assert inception_score(probabilities) == pytest.approx(metric.compute()[0].item())


def test_ridge_is_that_of_sklearn() -> None:
    one, two = two_sets(4, 20, 15, 64)
    targets = np.random.default_rng(4).choice([-1.0, 1.0], len(one))
    alpha = RIDGE * np.square(one - one.mean(axis=0)).sum(axis=1).mean()
    expected = Ridge(alpha=alpha).fit(one, targets).predict(two)
    np.testing.assert_allclose(ridge_scores(one, targets, two), expected, rtol=1e-8)
