"""Cycle consistency: Eq. 2."""

from __future__ import annotations

from ecgan.shapes import Images, Scalar


def cycle_loss(reconstructed: Images, source: Images) -> Scalar:
    """E[abs(G_YX(G_XY(x, z), z') - x)], one direction of Eq. 2; L1, mean over pixels, colours."""
    return (reconstructed - source).abs().mean()
