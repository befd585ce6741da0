"""Levels, series and names of a set of stimuli."""

from pathlib import Path

import pytest

from ecgan.errors import UsageError
from ecgan.expressions import Vocabulary
from ecgan.lab.stimuli.plan import Plan, Series, ids_of, parse_levels, series_of


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("0,20,...,100", (0, 20, 40, 60, 80, 100)),
        ("0, 50%, 100%", (0, 50, 100)),
        ("10,15,…,30,150", (10, 15, 20, 25, 30, 150)),
    ],
)
def test_levels(text: str, levels: tuple[int, ...]) -> None:
    assert parse_levels(text) == levels


@pytest.mark.parametrize(
    "text", ["", "50", "0,30,...,100", "100,50", "0,...,100", "0,1,...", "0,0.5,1", "-1,2", "0,160"]
)
def test_wrong_levels(text: str) -> None:
    with pytest.raises(UsageError, match="--levels"):
        parse_levels(text)


def test_what_a_level_asks_for() -> None:
    series = series_of(("happy",), ("joy,Sadness",), Vocabulary())
    assert [one.name for one in series] == ["happy", "happy-sad"]
    assert [series[0].asked(level) for level in (0, 20, 150)] == [
        ("happy", 0.0),
        ("happy", 0.2),
        ("happy", 1.5),
    ]
    assert [series[1].asked(level) for level in (0, 20, 100)] == [
        ("happy", 1.0),
        ("happy*0.8+sad*0.2", 1.0),
        ("sad", 1.0),
    ]
    for wrong in ("happy", "happy,happy", "neutral,sad", "happy*0.5,sad", "hapy,sad", "a,b,c"):
        with pytest.raises(UsageError):
            series_of((), (wrong,), Vocabulary())


def test_plans_that_cannot_be() -> None:
    happy = Series("neutral", "happy")
    for wrong in (
        {"series": (happy, happy), "levels": (0, 100)},
        {"series": (), "levels": (0, 100)},
        {"series": (Series("happy", "sad"),), "levels": (0, 120)},
        {"series": (happy,), "levels": (0, 100), "oval_px": 20},
    ):
        with pytest.raises(UsageError):
            Plan(**wrong)  # type: ignore[arg-type]


def test_names_are_plain_and_all_different() -> None:
    paths = ["Jürgen 1.jpg", "a/b.png", "a-b.jpg", "A_B.jpg", "写真.jpg", "写.jpg"]
    assert ids_of([Path(path) for path in paths]) == [
        "J-rgen-1",
        "a-b",
        "a-b-2",
        "A-B-3",
        "photo",
        "photo-2",
    ]
