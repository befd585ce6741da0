"""`prepare` of many images: what it holds in memory, and a kill in each phase of its work."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import sys
import tracemalloc
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tiny_data import draw_face, landmarks

from ecgan.data import manifest, prepare_worker, report
from ecgan.data import prepare as prepare_module
from ecgan.data.journal import Journal, Outcome, Task
from ecgan.data.prepare import prepare
from ecgan.errors import DataError, UsageError

POINTS = landmarks(96)
EXPRESSIONS = ("neutral", "happy", "sad")


def write_source(root: Path, people: int) -> Path:
    rows = []
    for number in range(people):
        for expression in EXPRESSIONS:
            name = f"{expression}/p{number}_0.png"
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            draw_face(f"p{number}", expression, 96).save(path)
            rows.append({"file": name, "subject": f"p{number}", "landmarks": POINTS})
    (root / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return root


def run(source: Path, out: Path, **options: Any) -> report.PrepareReport:
    return prepare([source], out, **{"size": 64, "workers": 1, "landmarks": "given", **options})


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def untimed(root: Path) -> dict[str, bytes]:
    return {k: v for k, v in contents(root).items() if k not in ("report.json", ".prepare.db")}


class NoWork:
    """A worker that writes nothing and says that all was well."""

    def __init__(self, *_: object) -> None:
        pass

    def __call__(self, task: Task) -> tuple[Outcome, ...]:
        return tuple(
            Outcome(
                file=item.file,
                image=item.image,
                mask=item.mask,
                sha256=digest,
                mask_sha256=digest,
                landmarks=np.array(POINTS).tobytes(),
                pixels=digest[:32],
                looks=digest[32:],
            )
            for item in task.items
            for digest in [hashlib.sha256(item.file.encode()).hexdigest()]
        )


def peak(source: Path, out: Path) -> int:
    tracemalloc.start()
    try:
        run(source, out)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_image_more_takes_a_few_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Python and NumPy; the caches of SQLite have a fixed size."""
    monkeypatch.setattr(prepare_module, "Worker", NoWork)
    # The interpreter's table of names grows by megabytes at a time, whoever adds the last one.
    monkeypatch.setattr(sys, "intern", str)
    peaks = {}
    for people in (10, 1000, 3000):  # the first brings the imports
        root = tmp_path / str(people)
        rows = []
        for number in range(people):
            for expression in EXPRESSIONS[:2]:
                name = f"{expression}/p{number:05}_0.png"
                (root / expression).mkdir(parents=True, exist_ok=True)
                (root / name).touch()
                rows.append({"file": name, "subject": f"p{number}"})
        (root / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
        del rows
        peaks[people] = peak(root, tmp_path / f"out{people}")
    growth = (peaks[3000] - peaks[1000]) / 4000
    assert growth < 150, f"{growth:.0f} bytes an image"


def test_the_log_of_the_journal_is_emptied_as_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wordy(NoWork):
        def __call__(self, task: Task) -> tuple[Outcome, ...]:
            return tuple(
                Outcome(item.file, reason="failed", message="x" * 10**6) for item in task.items
            )

    monkeypatch.setattr(prepare_module, "Worker", Wordy)
    source, out, sizes = write_source(tmp_path / "s", 8), tmp_path / "out", []
    with pytest.raises(DataError, match="none of the 24 images"):
        run(
            source,
            out,
            progress=lambda *_: sizes.append((out / ".prepare.db-wal").stat().st_size),
        )
    assert max(sizes) < 10 * 10**6, "of 24 MB in all"


Target = tuple[Any, str, int]
PHASES: dict[str, Target] = {
    "listing": (Journal, "add", 5),
    "planning": (Journal, "_plan_task", 2),
    "before the first note": (Journal, "note", 1),
    "inside a note": (Journal, "_forget", 2),
    "after some notes": (Journal, "note", 3),
    "writing an image": (prepare_worker, "write_bytes", 3),
    "noting the time": (Journal, "add_time", 1),
    "forgetting": (Journal, "forget_obsolete", 1),
    "deleting": (Path, "unlink", 4),
    "report": (prepare_module, "write_json", 1),
    "card": (manifest, "write_json", 1),
    "manifest": (manifest, "_line", 3),
}


def killed_in(target: Target, work: Callable[[], object]) -> None:
    """Do the work in a child that SIGKILL ends as it calls the target for the n-th time."""
    place, name, call = target
    child = os.fork()
    if child == 0:
        try:
            original, calls = getattr(place, name), count(1)

            def counted(*arguments: Any, **options: Any) -> Any:
                if next(calls) == call:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*arguments, **options)

            setattr(place, name, counted)
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{name} was not called {call} times"


@pytest.mark.skipif(sys.platform != "linux", reason="forks and kills as Linux does")
@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_any_phase_it_ends_with_the_same_bytes(phase: str, tmp_path: Path) -> None:
    source = write_source(tmp_path / "s", 5)
    out = tmp_path / "out"
    run(source, out)
    for expression in EXPRESSIONS:  # so that there is something to forget
        (source / expression / "p4_0.png").unlink()
    write_source(source, 4)
    for photo in source.rglob("*.png"):
        os.utime(photo, (1, 1))
    killed_in(PHASES[phase], lambda: run(source, out))
    run(source, out)
    run(source, tmp_path / "whole")
    assert untimed(out) == untimed(tmp_path / "whole")
    before = contents(out)
    run(source, out)
    assert contents(out) == before


def test_two_runs_at_a_time_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = write_source(tmp_path / "s", 1), tmp_path / "out"
    run(source, out)
    with sqlite3.connect(out / ".prepare.db", isolation_level=None) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE times SET seconds = 1")
        with pytest.raises(DataError, match="another `ecgan prepare`"):
            run(source, out)
        other.execute("ROLLBACK")
    other.close()


def test_data_of_an_older_version_are_left_alone(tmp_path: Path) -> None:
    source, out = write_source(tmp_path / "s", 1), tmp_path / "out"
    out.mkdir()
    (out / ".prepare.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="an older ecgan"):
        run(source, out)
    assert contents(out) == {".prepare.jsonl": b"{}\n"}
