"""Context loss: Eq. 3 in its three readings, and the pyramid form of pix2pixHD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from ecgan.shapes import Scalar

Features = Float[Tensor, "batch channels height width"]
"""Activations phi of one layer of the feature network."""
Layer = Float[Tensor, "_ _ _ _"]
"""Activations of one of several layers."""

T = TypeVar("T")


def context_images(
    reading: Literal["source", "cycle", "literal"],
    *,
    source: T,
    translated: T,
    truth: T,
    reconstructed: T,
) -> tuple[T, T]:
    """The two images whose features Eq. 3 compares, the generated one first.

    `source`: G(y) with y, the content of a translation against its own source.
    `cycle`: the reconstruction with y.
    `literal`: G_YX(y) with X as printed, a real image of the target domain (`truth`), which shows
    another person unless the data are paired.

    Raises:
        ValueError: another reading.
    """
    if reading == "source":
        return translated, source
    if reading == "cycle":
        return reconstructed, source
    if reading == "literal":
        return translated, truth
    raise ValueError(f"Eq. 3 is read as 'source', 'cycle' or 'literal', got {reading!r}")


def content_loss(generated: Features, reference: Features) -> Scalar:
    """1 / (W H) sum_wh (phi(reference) - phi(generated))^2 (Eq. 3), mean over the batch.

    The square of the vector phi_wh is its mean over channels; their sum, which the print allows as
    well, is larger by the number of channels, a constant that belongs to lambda_2.
    """
    return (generated - reference).square().mean()


def pyramid_loss(generated: Sequence[Layer], reference: Sequence[Layer]) -> Scalar:
    """sum_k w_k E[abs(phi_k(generated) - phi_k(reference))] over layers k = 1 .. n, the VGG loss of
    pix2pixHD (Wang et al. 2018): over relu1_1 .. relu5_1 w = 1/32, 1/16, 1/8, 1/4, 1; in general
    w_n = 1 and w_k = 2^(k - n - 1) before.

    Raises:
        ValueError: no layers, or two lists of different length.
    """
    if not generated or len(generated) != len(reference):
        raise ValueError(
            "the pyramid loss needs the same layers of both images, one at least, "
            f"got {len(generated)} and {len(reference)}"
        )
    count = len(generated)
    weights = [2.0 ** (k - count - 1) for k in range(1, count)] + [1.0]
    terms = [
        weight * (one - other).abs().mean()
        for weight, one, other in zip(weights, generated, reference, strict=True)
    ]
    return torch.stack(terms).sum()
