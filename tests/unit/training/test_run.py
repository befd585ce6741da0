"""The metrics file of a run: whole lines after a crash, no step twice after a resume."""

import json
import sys
from pathlib import Path

import pytest

from ecgan.errors import UsageError
from ecgan.training.run import MetricsLog, read_metrics


def test_rows_are_on_disk_at_once(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    log = MetricsLog(file)
    log.append(1, "train", {"loss": 0.5})
    assert read_metrics(file) == [{"step": 1, "kind": "train", "loss": 0.5}]
    log.close()


def test_resume_drops_later_rows_and_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    with MetricsLog(file) as log:
        for step in range(1, 6):
            log.append(step, "train", {"loss": 1.0 / step})
    with file.open("ab") as raw:
        raw.write(b'{"step": 6, "ki')
    assert [row["step"] for row in read_metrics(file)] == [1, 2, 3, 4, 5]
    with MetricsLog(file, resume_step=3) as log:
        log.append(4, "train", {"loss": 9.0})
    assert [row["step"] for row in read_metrics(file)] == [1, 2, 3, 4]
    assert read_metrics(file)[-1]["loss"] == 9.0


def test_a_new_run_starts_empty(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    with MetricsLog(file) as log:
        log.append(1, "train", {})
    with MetricsLog(file):
        pass
    assert file.read_bytes() == b""


def test_stays_json_with_numbers_that_json_lacks(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    with MetricsLog(file) as log:
        log.append(1, "train", {"a": float("nan"), "b": float("inf"), "c": None, "d": "paired"})
    row = json.loads(file.read_text())
    assert (row["a"], row["b"], row["c"], row["d"]) == (None, None, None, "paired")


def test_tensorboard_gets_the_numbers(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    with MetricsLog(tmp_path / "m.jsonl", tensorboard=tmp_path / "board") as log:
        log.append(1, "train", {"loss": 0.5, "reference": "cycle"})
    assert list((tmp_path / "board").glob("events.*"))


def test_tensorboard_missing_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UsageError, match="pip install"):
        MetricsLog(tmp_path / "m.jsonl", tensorboard=tmp_path / "board")
