"""Random numbers by example: several processes draw what one with the joined batch would.

All processes have the same state of torch's global generator. Each draws for the joined batch and
keeps the rows of its own examples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Share:
    """The part of a joined batch that this process has: `examples` of `size` times as many."""

    rank: int = 0
    size: int = 1
    examples: int = 1

    def of(self, joined: Tensor) -> Tensor:
        """This process's rows of a joined tensor, which holds all examples once or several times
        over, one time behind the other (source and truth, say)."""
        parts = joined.reshape(-1, self.size, self.examples, *joined.shape[1:])
        return parts[:, self.rank].flatten(0, 1)

    def joined(self, gathered: Tensor) -> Tensor:
        """Rows in the order of the joined batch, given those of each process behind the other."""
        each = gathered.reshape(self.size, -1, self.examples, *gathered.shape[1:])
        return each.transpose(0, 1).flatten(0, 2)


_current = Share()


@contextlib.contextmanager
def sharing(share: Share) -> Iterator[None]:
    """Within the block, draws are those of this share."""
    global _current  # noqa: PLW0603 - torch.compile follows no context variable
    before, _current = _current, share
    try:
        yield
    finally:
        _current = before


def rows(draw: Callable[[int], Tensor], count: int) -> Tensor:
    """`count` rows of random numbers.

    Args:
        draw: gives so many rows from torch's global generator.
        count: a multiple of the examples of this process.
    """
    if _current.size == 1 or not count:
        return draw(count)
    return _current.of(draw(count * _current.size))


def dropout(features: Tensor, probability: float, training: bool) -> Tensor:
    """`torch.nn.functional.dropout`, by example."""
    if not training:
        return features

    def draw(count: int) -> Tensor:
        shape = (count, *features.shape[1:])
        return torch.empty(shape, device=features.device).bernoulli_(1 - probability)

    kept = rows(draw, len(features)).to(features.dtype)
    return features * (kept / (1 - probability))
