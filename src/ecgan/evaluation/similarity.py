"""How like the truth or its source a picture is: SSIM and PSNR inside a mask, change outside of it,
and the place of the face and of its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ecgan.shapes import Images, Masks

RANGE = 2.0
"""Images lie in [-1, 1]."""
SIGMA_PX = 1.5
RADIUS_PX = 5
"""The 11 x 11 Gaussian window of Wang et al. (2004)."""
MAX_PSNR_DB = 100.0
"""Given for equal images, whose PSNR is infinite."""
EYES = (slice(36, 42), slice(42, 48))
MAX_SHIFT = 0.25
"""In eye distances: how far the eyes of a face may lie from the expected place."""
Points = NDArray[np.floating]
"""(68, 2), in pixels of the aligned image."""


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
    return torch.from_numpy(
        gaussian_filter(images.numpy(), SIGMA_PX, radius=RADIUS_PX, axes=(2, 3), mode="reflect")
    )


@dataclass(frozen=True)
class OutsideChange:
    """Of one picture, in grey levels of 255."""

    mean: float
    largest: float


def change_outside(
    result: NDArray[np.uint8], source: NDArray[np.uint8], mask: NDArray[np.uint8]
) -> OutsideChange:
    """Mean (and largest) absolute difference where the mask is 0.

    Args:
        result: (height, width, 3).
        source: the same shape.
        mask: (height, width), above 0 wherever the result may differ.

    Raises:
        ValueError: the shapes differ.
    """
    if result.shape != source.shape or mask.shape != source.shape[:2]:
        raise ValueError(
            "expected result, source and mask of one size, got "
            f"{result.shape}, {source.shape} and {mask.shape}"
        )
    outside = mask == 0
    difference = np.abs(result[outside].astype(np.int16) - source[outside].astype(np.int16))
    if not difference.size:
        return OutsideChange(0.0, 0.0)
    return OutsideChange(float(difference.mean()), float(difference.max()))


def eye_distance(points: Points) -> float:
    """Pixels between the eye centres."""
    left, right = (np.asarray(points)[eye].mean(axis=0) for eye in EYES)
    return float(np.linalg.norm(left - right))


def face_in_place(found: Sequence[Points], expected: Points) -> Points | None:
    """Of the faces found the one whose eye centres lie nearest to the expected, if both lie within
    `MAX_SHIFT` eye distances of them."""
    unit = eye_distance(expected)
    best: tuple[float, Points] | None = None
    for points in found:
        shift = max(
            float(np.linalg.norm(np.mean(points[eye], axis=0) - np.mean(expected[eye], axis=0)))
            for eye in EYES
        )
        if shift <= MAX_SHIFT * unit and (best is None or shift < best[0]):
            best = (shift, points)
    return None if best is None else best[1]


def landmark_error(points: Points, truth: Points) -> float:
    """Mean distance of the 68 points to those of the truth, in the truth's eye distances."""
    distances = np.linalg.norm(np.asarray(points, dtype=np.float64) - truth, axis=1)
    return float(distances.mean()) / eye_distance(truth)
