"""Splits depend on the person's name alone."""

import pytest

from ecgan.data.splits import split_of
from ecgan.errors import UsageError


def test_known_people_stay_where_they_are() -> None:
    """Fixed values: a change here would move people between the splits of published data."""
    people = ("london-001", "london-002", "canada-003f", "ann", "bob")
    assert [split_of(person) for person in people] == EXPECTED


EXPECTED = ["train", "train", "test", "train", "train"]


def test_shares_are_met() -> None:
    found = [split_of(f"person-{i}", (75, 10, 15)) for i in range(4000)]
    assert found.count("train") / 4000 == pytest.approx(0.75, abs=0.03)
    assert found.count("val") / 4000 == pytest.approx(0.10, abs=0.02)
    assert found.count("test") / 4000 == pytest.approx(0.15, abs=0.02)


def test_a_share_of_zero_gets_nobody() -> None:
    assert {split_of(f"p{i}", (1, 0, 1)) for i in range(100)} == {"train", "test"}


@pytest.mark.parametrize("shares", [(75, 25), (0, 50, 50), (80, -10, 30), ()])
def test_bad_shares_are_refused(shares: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="three whole numbers"):
        split_of("ann", shares)
