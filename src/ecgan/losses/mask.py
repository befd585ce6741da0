"""Face mask loss: Eq. 5 in both readings."""

from __future__ import annotations

from typing import Literal

from ecgan.shapes import Images, Masks, Scalar


def masked_input(source: Images, mask: Masks) -> Images:
    """x * M_x, what the generator gets when Eq. 5 is read as printed; outside the face grey (0)."""
    return source * mask


def mask_loss(
    output: Images,
    source: Images,
    mask: Masks,
    reading: Literal["cycle", "literal"] = "cycle",
) -> Scalar:
    """One direction of Eq. 5; L1, mean over the pixels of the whole image and over colours.

    `cycle`: abs(G_YX(G_XY(x)) * M_x - x * M_x), `output` being the ordinary cycle's.
    `literal`: abs(G_YX(G_XY(x * M_x, z), z') - x * M_x), `output` being the cycle of
    `masked_input`: what it paints outside the face counts too.

    Raises:
        ValueError: another reading.
    """
    if reading == "literal":
        return (output - masked_input(source, mask)).abs().mean()
    if reading == "cycle":
        return ((output - source) * mask).abs().mean()
    raise ValueError(f"Eq. 5 is read as 'cycle' or 'literal', got {reading!r}")
