"""A training that runs away: finite losses of a size that none has in a sound run."""

from __future__ import annotations

import math

ABSURD = 1e4
"""Times what a term was at first, or 1 where that was less. In sound runs of all presets no term
comes near: images are in [-1, 1], and where discriminators say more than 100 nothing learns."""
_CAP = 1e10
"""For terms that were absurd at first."""


def absurd(name: str, value: float, first: dict[str, float]) -> bool:
    """Whether a loss term is nan, infinite or too large to be true.

    Args:
        name: of the term.
        value: of this update, unweighted.
        first: what each term was at its first update, to which new ones are added.
    """
    if not math.isfinite(value):
        return True
    first.setdefault(name, value)
    return abs(value) > min(_CAP, ABSURD * max(1.0, abs(first[name])))
