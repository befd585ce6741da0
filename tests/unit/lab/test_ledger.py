"""The ledger: whole lines or none, one process at a time."""

import os
from pathlib import Path
from typing import Any

import pytest

from ecgan.errors import DataError
from ecgan.lab.ledger import Ledger, read_ledger


def lines(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    read_ledger(path, found.append)
    return found


def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    assert lines(path) == []
    with Ledger(path, "ecgan draw") as ledger:
        ledger.add({"item": 1})
    with path.open("a") as file:
        file.write('{"item": 2')
    assert lines(path) == [{"item": 1}]
    with Ledger(path, "ecgan draw") as ledger:
        ledger.add({"item": 3})
    assert lines(path) == [{"item": 1}, {"item": 3}]


def test_another_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    for text, reason in (("nonsense", "JSONDecodeError"), ("[1]", "expected an object")):
        path.write_text(f'{{"item": 1}}\n{text}\n{{"item": 2}}\n')
        with pytest.raises(DataError, match=rf"done.jsonl:2 is damaged .*{reason}"):
            lines(path)
    path.write_text('{"item": 1}\n')
    with pytest.raises(DataError, match=r"done.jsonl:1 is damaged \(KeyError: 'other'\)"):
        read_ledger(path, lambda values: values["other"])


def test_who_comes_second_waits(tmp_path: Path) -> None:
    with (
        Ledger(tmp_path / "done.jsonl", "ecgan draw"),
        pytest.raises(DataError, match="in use by another `ecgan draw`"),
    ):
        Ledger(tmp_path / "done.jsonl", "ecgan draw")
    Ledger(tmp_path / "done.jsonl", "ecgan draw").close()


def test_what_the_disk_does_not_take_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "done.jsonl"
    with Ledger(path, "ecgan draw") as ledger:
        ledger.add({"item": 1})
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", lambda file, data, offset: 1)
            with pytest.raises(OSError, match="wrote 1 of"):
                ledger.add({"item": 2})
        ledger.add({"item": 3})
    assert lines(path) == [{"item": 1}, {"item": 3}]
