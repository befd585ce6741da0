"""SSIM and PSNR inside a mask, against the pixel-aligned truth."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ecgan.shapes import Images, Masks

RANGE = 2.0
"""Images lie in [-1, 1]."""
SIGMA_PX = 1.5
RADIUS_PX = 5
"""The 11 x 11 Gaussian window of Wang et al. (2004)."""
MAX_PSNR_DB = 100.0
"""Given for equal images, whose PSNR is infinite."""


def ssim(images: Images, truth: Images, masks: Masks) -> Float[Tensor, " batch"]:
    """Structural similarity (Wang et al. 2004, K1 = 0.01, K2 = 0.03): its map, averaged over the
    channels and over the pixels inside the mask. 1 is equal.

    Raises:
        ValueError: shapes that differ, or a mask without a pixel inside.
    """
    inside = _checked(images, truth, masks)
    first, second = images.double(), truth.double()
    mean_1, mean_2 = _smooth(first), _smooth(second)
    variance_1 = _smooth(first * first) - mean_1 * mean_1
    variance_2 = _smooth(second * second) - mean_2 * mean_2
    covariance = _smooth(first * second) - mean_1 * mean_2
    c1, c2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
    luminance = (2 * mean_1 * mean_2 + c1) / (mean_1 * mean_1 + mean_2 * mean_2 + c1)
    structure = (2 * covariance + c2) / (variance_1 + variance_2 + c2)
    return _mean_inside(luminance * structure, inside)


def psnr(images: Images, truth: Images, masks: Masks) -> Float[Tensor, " batch"]:
    """10 log10(range^2 / MSE) in dB, the mean square error being taken inside the mask; at most
    `MAX_PSNR_DB`.

    Raises:
        ValueError: shapes that differ, or a mask without a pixel inside.
    """
    inside = _checked(images, truth, masks)
    error = _mean_inside((images.double() - truth.double()) ** 2, inside)
    return (10 * torch.log10(RANGE**2 / error.clamp_min(1e-30))).clamp_max(MAX_PSNR_DB)


def _checked(images: Images, truth: Images, masks: Masks) -> Tensor:
    """The mask as float64 zeros and ones."""
    if images.shape != truth.shape or masks.shape != (len(images), 1, *images.shape[2:]):
        raise ValueError(
            "expected images, truth and masks of one size, got "
            f"{tuple(images.shape)}, {tuple(truth.shape)} and {tuple(masks.shape)}"
        )
    inside = (masks > 0.5).double()
    if not bool(inside.flatten(1).any(dim=1).all()):
        raise ValueError("a mask has no pixel inside")
    return inside


def _mean_inside(values: Tensor, inside: Tensor) -> Tensor:
    total = (values * inside).sum(dim=(1, 2, 3))
    return total / (values.shape[1] * inside.sum(dim=(1, 2, 3)))


def _smooth(images: Tensor) -> Tensor:
    """Gaussian mean around each pixel; beyond the edge the image is mirrored, edge included."""
    offsets = torch.arange(-RADIUS_PX, RADIUS_PX + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-0.5 * (offsets / SIGMA_PX) ** 2)
    kernel = kernel / kernel.sum()
    channels = images.shape[1]
    for dim, weight in ((2, kernel.view(1, 1, -1, 1)), (3, kernel.view(1, 1, 1, -1))):
        size = images.shape[dim]
        places = torch.arange(-RADIUS_PX, size + RADIUS_PX, device=images.device) % (2 * size)
        places = torch.minimum(places, 2 * size - 1 - places)
        padded = images.index_select(dim, places)
        images = functional.conv2d(padded, weight.repeat(channels, 1, 1, 1), groups=channels)
    return images
