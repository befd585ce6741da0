"""Splits by person: where somebody goes depends on the name alone, so adding files moves nobody;
or by the parts that a data set was published in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ecgan.data.layouts import part_of
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


def parse_shares(text: str) -> tuple[int, ...]:
    """`80,10,10` for train, val, test; raises UsageError."""
    try:
        shares = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"the split takes three whole numbers such as 75,10,15, got {text!r}"
        ) from None
    check_shares(shares)
    return shares


@dataclass(frozen=True)
class Splits:
    """Which split an image goes to."""

    shares: Sequence[int] = (75, 10, 15)
    """Of train, val, test."""
    use_parts: bool = False
    """Follow the published part of each image instead."""
    val_of_train: bool = False
    """Published parts without val: people of train go to val, by the shares of these two."""

    def of(self, subject: str, partition: str | None) -> Split:
        part = part_of(partition) if self.use_parts and partition else None
        if part is None or (part == "train" and self.val_of_train):
            shares = (*self.shares[:2], 0) if part else self.shares
            return split_of(subject, shares)
        return next(split for split in SPLITS if split == part)
