"""How far each score lies from an outside implementation, on random features and pictures.

    python benchmarks/scores_reference.py [--out benchmarks/results/scores_reference.json]

Differences are relative to the reference's value. Needs `ecgan[metrics]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import lpips
import numpy as np
import torch
from scipy.linalg import sqrtm
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import polynomial_kernel
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from ecgan.evaluation.distances import frechet_distance, inception_score, kernel_distance
from ecgan.evaluation.extractors import perceptual_distance
from ecgan.evaluation.similarity import psnr, ssim
from ecgan.files import write_json
from ecgan.lab.reproduce.two_sample import RIDGE, ridge_scores
from ecgan.provenance import provenance

OUT = Path(__file__).parent / "results" / "scores_reference.json"
CASES = 5
ROWS, FEATURES, SIDE = 80, 24, 48


class FirstPixels(nn.Module):
    """Gives back the features that the images hold."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, : self.num_features].double()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    largest: dict[str, float] = {}
    for case in range(CASES):
        for name, (ours, theirs) in {**distributions(case), **pictures(case)}.items():
            difference = abs(ours - theirs) / max(abs(theirs), 1e-12)
            largest[name] = max(largest.get(name, 0.0), difference)
    write_json(out, {"relative_difference": largest, "cases": CASES, "provenance": provenance()})
    for name, difference in largest.items():
        print(f"{name:<40} {difference:.1e}")


def distributions(seed: int) -> dict[str, tuple[float, float]]:
    """Ours and theirs of what is computed from features."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(FEATURES, FEATURES))
    one = np.maximum(rng.normal(size=(ROWS, FEATURES)) @ mixing, 0)
    two = np.maximum(rng.normal(0.3, 1.2, (ROWS, FEATURES)) @ mixing, 0)
    c1, c2 = (np.cov(rows, rowvar=False) for rows in (one, two))
    shift = np.square(one.mean(axis=0) - two.mean(axis=0)).sum()
    by_scipy = shift + np.trace(c1) + np.trace(c2) - 2 * np.real(np.trace(sqrtm(c1 @ c2)))
    within = [polynomial_kernel(rows) for rows in (one, two)]
    unbiased = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within)
    logits = rng.normal(0, 2, (ROWS, 7))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = rng.choice([-1.0, 1.0], ROWS)
    alpha = RIDGE * np.square(one - one.mean(axis=0)).sum(axis=1).mean()
    images = as_images(one), as_images(two)
    size = {"feature": FirstPixels(FEATURES)}
    fid: Any = FrechetInceptionDistance(input_img_size=(3, 4, 4), **size)
    kid: Any = KernelInceptionDistance(subsets=1, subset_size=ROWS, **size)
    score: Any = InceptionScore(feature=FirstPixels(7), splits=1)
    for metric in (fid, kid, score):
        metric.set_dtype(torch.float64)
    for metric in (fid, kid):
        metric.update(images[0], real=True)
        metric.update(images[1], real=False)
    score.update(as_images(logits))
    ours = frechet_distance(one, two), kernel_distance(one, two)
    return {
        "FID, scipy.linalg.sqrtm": (ours[0], float(by_scipy)),
        "FID, torchmetrics": (ours[0], fid.compute().item()),
        "KID, sklearn.polynomial_kernel": (
            ours[1],
            float(unbiased - 2 * polynomial_kernel(one, two).mean()),
        ),
        "KID, torchmetrics": (ours[1], kid.compute()[0].item()),
        "inception score, torchmetrics": (
            inception_score(probabilities),
            score.compute()[0].item(),
        ),
        "ridge of the two-sample test, sklearn": (
            float(ridge_scores(one, targets, two)[0]),
            float(Ridge(alpha=alpha).fit(one, targets).predict(two)[0]),
        ),
    }


def pictures(seed: int) -> dict[str, tuple[float, float]]:
    """Ours and theirs of what is computed from two pictures."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(-1, 1, (SIDE, SIDE, 3))
    image = np.clip(truth + rng.normal(0, 0.1, truth.shape), -1, 1)
    one, two = (torch.from_numpy(p.transpose(2, 0, 1)[None]) for p in (image, truth))
    whole = torch.ones(1, 1, SIDE, SIDE, dtype=torch.float64)
    _, places = structural_similarity(
        truth,
        image,
        data_range=2,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    torch.manual_seed(seed)
    network = lpips.LPIPS(net="alex", pnet_rand=True, lpips=False, verbose=False).double()
    with torch.inference_mode():
        layers = [network.net(network.scaling_layer(images)) for images in (one, two)]
        # The library sums over layers.
        reference = network(one, two).item() / len(layers[0])
        ours = perceptual_distance(*layers).item()
    return {
        "SSIM, scikit-image": (ssim(one, two, whole).item(), float(places.mean())),
        "PSNR, scikit-image": (
            psnr(one, two, whole).item(),
            float(peak_signal_noise_ratio(truth, image, data_range=2)),
        ),
        "perceptual distance, lpips unfitted": (ours, reference),
    }


def as_images(rows: np.ndarray[Any, Any]) -> torch.Tensor:
    images = torch.zeros(len(rows), 3, 4, 4, dtype=torch.float64)
    images.view(len(rows), -1)[:, : rows.shape[1]] = torch.from_numpy(rows)
    return images


if __name__ == "__main__":
    main()
