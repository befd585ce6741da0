"""SSIM and PSNR against scikit-image."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ecgan.evaluation.similarity import psnr, ssim

CASES = 12


def tensor(pixels: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1)[None])


@pytest.mark.parametrize("case", range(CASES))
def test_inside_a_mask_as_scikit_image_gives_it(case: int) -> None:
    rng = np.random.default_rng(case)
    top, left = rng.integers(0, 380, 2)
    height, width = rng.integers(48, 130, 2)
    truth = astronaut()[top : top + height, left : left + width] / 127.5 - 1
    image = np.clip(truth + rng.normal(0, 0.02 * (case + 1), truth.shape), -1, 1)
    height, width = truth.shape[:2]
    mask = np.ones((height, width), bool) if case == 0 else rng.random((height, width)) > 0.4
    _, values = structural_similarity(
        truth,
        image,
        data_range=2,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    masks = torch.from_numpy(mask[None, None].astype(np.float64))
    found = ssim(tensor(image), tensor(truth), masks).item()
    assert found == pytest.approx(values[mask].mean(), abs=1e-9)
    expected = peak_signal_noise_ratio(truth[mask], image[mask], data_range=2)
    assert psnr(tensor(image), tensor(truth), masks).item() == pytest.approx(expected, abs=1e-9)
