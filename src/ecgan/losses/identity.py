"""Identity preservation: Eq. 4."""

from __future__ import annotations

from ecgan.shapes import Images, Scalar


def identity_loss(translated: Images, source: Images) -> Scalar:
    """E[abs(G_YX(x, z') - x)], one direction of Eq. 4: an image that has the asked expression
    already should stay as it is; L1, mean over pixels and colours."""
    return (translated - source).abs().mean()
