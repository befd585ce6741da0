"""Splits by person: where somebody goes depends on the name alone, so adding files moves nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ecgan.data.manifest import SPLITS, Split
from ecgan.errors import UsageError


def split_of(subject: str, shares: Sequence[int] = (75, 10, 15)) -> Split:
    """Split of a person by SHA-256 of the name; shares of train, val, test.

    Raises:
        UsageError: not three shares, a negative one, or nothing for training.
    """
    check_shares(shares)
    place = int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], "big") % sum(shares)
    for split, share in zip(SPLITS, shares, strict=True):
        if place < share:
            return split
        place -= share
    raise AssertionError("the shares cover all places")


def check_shares(shares: Sequence[int]) -> None:
    """Raises UsageError; see `split_of`."""
    if len(shares) != len(SPLITS) or min(shares) < 0 or shares[0] == 0:
        raise UsageError(
            "the split takes three whole numbers for train, val, test, the first over 0, such as "
            f"75,10,15; got {','.join(map(str, shares))}"
        )
