"""A term that runs away is told from one that is large by nature."""

from __future__ import annotations

import math

from ecgan.training.fitness import absurd


def test_what_is_large_at_first_may_be_large() -> None:
    first: dict[str, float] = {}
    assert not absurd("cycle", 0.3, first)
    assert not absurd("context", 3e4, first)
    assert first == {"cycle": 0.3, "context": 3e4}
    assert not absurd("cycle", 9000, first)
    assert not absurd("context", -2e8, first)
    assert absurd("cycle", 1.1e4, first)
    assert absurd("context", 4e8, first)
    assert absurd("cycle", -4.8e16, first)


def test_what_is_no_number_or_absurd_at_first_is_absurd() -> None:
    assert absurd("cycle", math.nan, {})
    assert absurd("cycle", math.inf, {})
    assert absurd("cycle", 4.8e16, {})
