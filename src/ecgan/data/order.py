"""Which examples come at which step: shuffled passes, as a pure function of seed and position."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecgan.seeding import numpy_generator


@lru_cache(maxsize=64)
def _passes(num: int, seed: int, group: int) -> dict[int, NDArray[np.int64]]:  # noqa: ARG001
    """The two passes that were asked for last: a batch may lie across them."""
    return {}


def _shuffled(num: int, seed: int, group: int, turn: int) -> NDArray[np.int64]:
    kept = _passes(num, seed, group)
    order = kept.get(turn)
    if order is None:
        order = numpy_generator(seed, "order", group, turn).permutation(num)
        for old in list(kept)[:-1]:
            kept.pop(old, None)
        kept[turn] = order
    return order


def examples(groups: Sequence[Sequence[int]], seed: int, first: int, count: int) -> list[int]:
    """Examples at the positions `first` to `first + count - 1` of an endless sequence.

    The groups take turns (one group: no balancing); each hands out its members in a new random
    order at every pass, so that within a group all are seen equally often.
    """
    drawn = []
    for position in range(first, first + count):
        turn, group = divmod(position, len(groups))
        members = groups[group]
        passes, offset = divmod(turn, len(members))
        drawn.append(members[int(_shuffled(len(members), seed, group, passes)[offset])])
    return drawn
