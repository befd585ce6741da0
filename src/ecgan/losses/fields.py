"""Penalties on the fields of the warp output: rough motion, and needless new pixels."""

from __future__ import annotations

from ecgan.shapes import Flows, Masks, Scalar


def flow_smoothness(flow: Flows) -> Scalar:
    """E[abs(d/dx flow)] + E[abs(d/dy flow)], differences between neighbouring cells of the flow, in
    the units of `grid_sample` (2 is the width of the image)."""
    return flow.diff(dim=3).abs().mean() + flow.diff(dim=2).abs().mean()


def blend_area(blend: Masks) -> Scalar:
    """Mean of the blending mask: the share of the image that is painted, not moved, 0 to 1."""
    return blend.mean()
