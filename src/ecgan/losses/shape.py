"""Landmarks of a translation where those of its expression are (beyond the paper)."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ecgan.shapes import Flows, Scalar


def shape_loss(
    flow: Flows, points: Float[Tensor, "batch points 2"], goal: Float[Tensor, "batch points 2"]
) -> Scalar:
    """E[abs(goal + flow(goal) - points)]: what the flow shows at each landmark's new place should
    be what was at its old one.

    Args:
        flow: from a place of the translation to the place of the source that is seen there.
        points: landmarks of the source, in the units of `grid_sample` (the image is from -1 to 1).
        goal: the same landmarks in the translation.
    """
    here = F.grid_sample(
        flow, goal[:, None].to(flow.dtype), padding_mode="border", align_corners=False
    )[:, :, 0]
    seen = goal + here.transpose(1, 2)
    return (seen - points).abs().mean()
