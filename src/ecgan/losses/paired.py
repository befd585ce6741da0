"""Losses against the paired truth, where an example has one (Isola et al. 2017)."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ecgan.shapes import Scalar

Maps = Float[Tensor, "batch channels height width"]
"""Images or activations."""
LOOSE_SIDE = 32
"""Side at which loose pairs are compared, at most."""
Paired = Bool[Tensor, " batch"]
"""Whether `truth` shows the same person as the output, pixel for pixel."""


def paired_loss(
    output: Maps, truth: Maps, paired: Paired, source: Maps | None = None, focus: float = 0.0
) -> Scalar:
    """E[w abs(G(x, z) - y)] (Pix2pix), an example without a pair counting as 0.

    w = 1, or with a `source`, 1 + focus * mean(abs(y - x)) around the pixel: an expression changes
    few pixels, and plain L1 leaves the mouth's interior to the end.
    """
    difference = (output - truth).abs()
    if source is not None and focus:
        change = (truth - source).abs().mean(dim=1, keepdim=True)
        difference = difference * (1 + focus * F.avg_pool2d(change, 9, stride=1, padding=4))
    return paired_mean(difference.mean(dim=(1, 2, 3)), paired)


def gradient_loss(output: Maps, truth: Maps, paired: Paired) -> Scalar:
    """E[abs(d/dx (G(x, z) - y))] + E[abs(d/dy (G(x, z) - y))], an example without a pair counting
    as 0; derivatives are differences of neighbouring pixels, so that blur costs more than in plain
    L1."""
    difference = output - truth
    return paired_mean(
        difference.diff(dim=3).abs().mean(dim=(1, 2, 3))
        + difference.diff(dim=2).abs().mean(dim=(1, 2, 3)),
        paired,
    )


def loose_loss(
    output: Maps, truth: Maps, loose: Paired, source: Maps | None = None, focus: float = 0.0
) -> Scalar:
    """`paired_loss` of images averaged down to `LOOSE_SIDE`: two photos of one person, aligned by
    the eyes, differ by a hundredth of the side everywhere."""
    pool = max(1, output.shape[-1] // LOOSE_SIDE)
    small = [None if x is None else F.avg_pool2d(x, pool) for x in (output, truth, source)]
    assert small[0] is not None and small[1] is not None
    return paired_loss(small[0], small[1], loose, small[2], focus)


def paired_mean(values: Float[Tensor, " batch"], paired: Paired) -> Scalar:
    """Mean over the batch, an unpaired example counting as 0: the mean over several processes is
    then that of the joined batch however the pairs fall."""
    return (values * paired.to(values.dtype)).mean()
