"""Perceptual and style loss against the paired truth, on the features of a frozen network.

Johnson et al. 2016, with each layer relative to the truth's own size, so that one weight holds for
all layers and networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ecgan.losses.paired import Paired, paired_mean
from ecgan.shapes import Scalar

Layer = Float[Tensor, "batch _ _ _"]
_TINY = 1e-6


def perceptual_loss(output: Sequence[Layer], truth: Sequence[Layer], paired: Paired) -> Scalar:
    """Mean over layers of E[|phi(G(x, z)) - phi(y)|_1 / |phi(y)|_1], an example without a pair
    counting as 0.

    Raises:
        ValueError: no layers, or two lists of different length.
    """
    terms = [
        (one - other).abs().mean(dim=(1, 2, 3)) / (other.abs().mean(dim=(1, 2, 3)) + _TINY)
        for one, other in _layers(output, truth)
    ]
    return paired_mean(torch.stack(terms).mean(dim=0), paired)


def style_loss(output: Sequence[Layer], truth: Sequence[Layer], paired: Paired) -> Scalar:
    """Mean over layers of E[|M(G(x, z)) - M(y)|_F / |M(y)|_F], M being the Gram matrix of phi
    (Gatys et al. 2016), an example without a pair counting as 0.

    M keeps which features go together and forgets where. Where an edge can be foretold to a few
    pixels only, L1 is least for a blur over all of them; a blur lacks the edge's features, wherever
    it is (Reda et al. 2022, Sec. 4).

    Raises:
        ValueError: no layers, or two lists of different length.
    """
    terms = []
    for one, other in _layers(output, truth):
        made, wanted = gram_matrix(one), gram_matrix(other)
        square = (made - wanted).square().sum(dim=(1, 2))
        # The square root has no gradient at 0.
        terms.append((square / (wanted.square().sum(dim=(1, 2)) + _TINY) + _TINY).sqrt())
    return paired_mean(torch.stack(terms).mean(dim=0), paired)


def gram_matrix(features: Layer) -> Float[Tensor, "batch channels channels"]:
    """Mean over places of the products of two channels, in float32."""
    flat = features.flatten(2).float()
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def _layers(output: Sequence[Layer], truth: Sequence[Layer]) -> Sequence[tuple[Layer, Layer]]:
    if not output or len(output) != len(truth):
        raise ValueError(
            "expected the same layers of output and truth, one at least, "
            f"got {len(output)} and {len(truth)}"
        )
    return list(zip(output, truth, strict=True))
