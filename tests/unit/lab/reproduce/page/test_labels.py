"""Numbers as people read them, and when one method may be called the best."""

from __future__ import annotations

import pytest

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import interval_of
from ecgan.lab.reproduce.page.labels import (
    best_of,
    excludes_zero,
    number,
    plain_rate,
    seconds,
    spread,
)


def between(low: float | None, high: float | None) -> Interval:
    return Interval(0.5 if low is None else low, low, high, people=3, images=9)


def test_intervals_are_read_with_n_or_people() -> None:
    value = {"value": 0.5, "low": 0.4, "high": 0.6}
    assert interval_of({**value, "n": 21}) == Interval(0.5, 0.4, 0.6, 21, 0)
    assert interval_of({**value, "people": 4, "images": 8}) == Interval(0.5, 0.4, 0.6, 4, 8)
    assert interval_of({"value": 1, "low": None, "high": 2.0}) == Interval(1.0, None, None, 0, 0)


@pytest.mark.parametrize("value", [None, 3, [], {}, {"value": "x"}, {"value": float("nan")}])
def test_what_is_no_interval_is_none(value: object) -> None:
    assert interval_of(value) is None
    assert spread(interval_of(value)) == "–"


@pytest.mark.parametrize(
    ("value", "sign", "expected"),
    [
        (0.12345, False, "12.3"),
        (-0.0123, False, "−1.2"),
        (0.0123, True, "+1.2"),
        (-0.0001, True, "0.0"),
        (True, False, "–"),
        (None, False, "–"),
        (float("inf"), False, "–"),
    ],
)
def test_numbers(value: object, sign: bool, expected: str) -> None:
    assert number(value, 1, 100, sign=sign) == expected


def test_one_person_has_no_interval() -> None:
    cell = '<{0}>{1}</{0}> <span class="interval">{2}</span>'.format
    assert spread(between(None, None)) == cell("span", "0.5", "one person: no interval")
    assert spread(between(0.25, 0.75)) == cell("span", "0.2", "[0.2, 0.8]")
    assert spread(between(0.25, 0.75), best=True) == cell("strong", "0.2", "[0.2, 0.8]")
    assert plain_rate(between(None, None)) == "50.0 %"
    assert plain_rate(between(0.25, 0.75)) == "25.0 % (25.0 to 75.0)"
    assert plain_rate(None) == "not measured"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (0.0, 0.1, False), (None, 1, False)],
)
def test_a_difference_counts_where_the_interval_holds_no_zero(low, high, expected) -> None:
    assert excludes_zero(Interval(0.1, low, high, 3, 9)) is expected


def test_the_best_is_beyond_the_intervals_of_all_others() -> None:
    found = {"a": between(0.1, 0.2), "b": between(0.3, 0.5), "c": between(0.6, 0.7)}
    assert best_of(found, higher=True) == "c"
    assert best_of(found, higher=False) == "a"
    assert best_of({**found, "d": between(0.65, 0.9)}, higher=True) is None
    assert best_of({**found, "d": None}, higher=True) == "c"
    assert best_of({"a": between(0.1, 0.2)}, higher=True) is None
    assert best_of({"a": between(0.1, 0.1), "b": between(0.1, 0.1)}, higher=True) is None


def test_times() -> None:
    assert [seconds(value) for value in (9.04, 600, 7200, None)] == [
        "9.0 s",
        "10.0 min",
        "2.0 h",
        "–",
    ]
