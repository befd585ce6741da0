"""Parts are done once, and again when what they depend on has changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ecgan.errors import UsageError
from ecgan.lab.reproduce.parts import (
    Made,
    Part,
    Parts,
    chosen_settings,
    duration,
    settings_sha256,
)
from ecgan.lab.reproduce.plan import Budget, load_budget


class Work:
    """Two parts, the second of which needs the first; counts what is done."""

    def __init__(self, out: Path, first: int = 1, second: int = 1) -> None:
        self.out = out
        self.done: list[str] = []
        self.parts = [
            Part("first", {"number": first}, self.first, folders=(out / "made",)),
            Part("second", {"number": second}, self.second, needs=("first",)),
            Part("third", {}, self.third),
        ]

    def run(self, only: str | None = None) -> list[str]:
        command = "ecgan reproduce data --out out"
        Parts(self.out, self.parts, command, lambda _: None, only).run()
        return self.done

    def first(self) -> Made:
        self.done.append("first")
        (self.out / "made" / "file").write_text("made")
        return Made({"figure": 1}, {"net": "abc"})

    def second(self) -> Made:
        self.done.append("second")
        first = json.loads((self.out / "results/first.json").read_text())
        return Made({"figure": first["values"]["figure"] + 1})

    def third(self) -> Made:
        self.done.append("third")
        return Made({})


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    assert Work(tmp_path).run() == ["first", "second", "third"]
    assert Work(tmp_path).run() == []
    result = json.loads((tmp_path / "results/second.json").read_text())
    assert result["values"] == {"figure": 2}
    assert result["command"] == "ecgan reproduce data --out out --only second"
    assert json.loads((tmp_path / "results/first.json").read_text())["model_sha256"] == {
        "net": "abc"
    }


@pytest.mark.parametrize(
    ("changed", "again"), [({"first": 2}, ["first", "second"]), ({"second": 2}, ["second"])]
)
def test_a_change_does_its_part_and_those_that_need_it_again(
    tmp_path: Path, changed: dict[str, int], again: Sequence[str]
) -> None:
    Work(tmp_path).run()
    (tmp_path / "made" / "old").write_text("of other settings")
    assert Work(tmp_path, **changed).run() == again
    assert (tmp_path / "made" / "old").exists() == ("first" not in again)


def test_what_other_settings_made_is_kept_and_found_again(tmp_path: Path) -> None:
    Work(tmp_path).run()
    (tmp_path / "made" / "trained").write_text("for hours")
    assert Work(tmp_path, first=2, second=2).run() == ["first", "second"]
    kept = list(tmp_path.rglob("kept/*"))
    assert {path.name.split("-")[0] for path in kept} == {"made", "first", "second"}
    assert "for hours" in {path.read_text() for path in tmp_path.rglob("trained")}
    # Back to the first settings: the folder is there again, the result of it alone as well.
    assert Work(tmp_path).run() == ["first"]
    assert (tmp_path / "made" / "trained").read_text() == "for hours"
    assert Work(tmp_path).run() == []
    assert Work(tmp_path, first=2, second=2).run() == ["first"]
    assert Work(tmp_path, first=2, second=2).run() == []


def test_an_option_at_its_default_does_not_count() -> None:
    class Later(Budget):
        """A version with one more option."""

        rounds: int = 1

    now, later = load_budget("smoke"), Later(**load_budget("smoke").model_dump())
    assert settings_sha256(chosen_settings(now)) == settings_sha256(chosen_settings(later))
    other = Later(**{**now.model_dump(), "rounds": 2})
    assert settings_sha256(chosen_settings(now)) != settings_sha256(chosen_settings(other))
    size = Later(**{**now.model_dump(), "size": 32})
    assert settings_sha256(chosen_settings(now)) != settings_sha256(chosen_settings(size))


def test_one_part_brings_what_it_needs(tmp_path: Path) -> None:
    assert Work(tmp_path).run("second") == ["first", "second"]
    assert Work(tmp_path).run() == ["third"]
    with pytest.raises(UsageError, match="no part 'table3', expected one of first, second, third"):
        Work(tmp_path).run("table3")


def test_a_part_that_fails_leaves_no_result_and_goes_on_in_its_folder(tmp_path: Path) -> None:
    class Killed(Work):
        def first(self) -> Made:
            (self.out / "made" / "half").write_text("kept")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Killed(tmp_path).run()
    assert not (tmp_path / "results/first.json").exists()
    Work(tmp_path).run()
    assert (tmp_path / "made" / "half").exists()


def test_a_lost_folder_or_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    Work(tmp_path).run()
    (tmp_path / "results/third.json").write_text("{")
    (tmp_path / "made").rename(tmp_path / "moved")
    assert Work(tmp_path).run() == ["first", "third"]


def test_a_folder_of_somebody_else_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine").write_text("precious")
    with pytest.raises(UsageError, match="'mine' in it and was not begun by"):
        Work(tmp_path).run()
    assert (tmp_path / "made" / "mine").exists()


@pytest.mark.parametrize(
    ("seconds", "text"), [(8.6, "9 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
