"""`prepare` goes on where a worker dies, and does not try its picture again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from support.tiny_data import draw_face, landmarks

import ecgan.data.prepare as module
from ecgan.data.journal import Outcome, Task
from ecgan.data.manifest import load_manifest
from ecgan.data.prepare_worker import Worker
from ecgan.data.report import PrepareReport

SIZE = 160


class Fragile(Worker):
    """Dies of pictures of bob."""

    def __call__(self, task: Task) -> tuple[Outcome, ...]:
        if "bob" in task.items[0].file:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(task)


def run(root: Path) -> PrepareReport:
    return module.prepare([root / "faces"], root / "out", size=64, workers=2, landmarks="given")


def test_a_picture_that_kills_its_worker_is_left_out_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for expression in ("happy", "sad"):
        folder = tmp_path / "faces" / expression
        folder.mkdir(parents=True)
        for person in ("ann", "bob", "cat"):
            draw_face(person, expression, SIZE).save(folder / f"{person}_1.png")
            np.save(folder / f"{person}_1.npy", np.array(landmarks(SIZE)))
    monkeypatch.setattr(module, "Worker", Fragile)
    for report in (run(tmp_path), run(tmp_path)):
        assert [(one.file, one.reason) for one in report.rejected] == [
            ("faces/happy/bob_1.png", "crashed"),
            ("faces/sad/bob_1.png", "crashed"),
        ]
        assert "died (signal 9)" in report.rejected[0].message
        assert report.accepted == 4
    monkeypatch.setattr(module, "Worker", Worker)
    assert run(tmp_path).accepted == 4, "what is known to crash is not tried again"
    (tmp_path / "faces/happy/bob_1.png").touch()
    assert run(tmp_path).accepted == 5
    assert len(load_manifest(tmp_path / "out").records) == 5
