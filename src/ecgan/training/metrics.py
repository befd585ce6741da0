"""Training metrics: one JSON object a line, appended; truncated to the step that a run resumes."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ecgan.errors import UsageError
from ecgan.files import write_bytes


def read_metrics(file: Path) -> list[dict[str, Any]]:
    """All whole lines of a `metrics.jsonl`; a last line that a crash cut off is left out."""
    rows = []
    for line in file.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


class MetricsLog(ExitStack):
    """Appends rows `{"step": ..., "kind": "train" | "validation", ...}`.

    Each row is one write to the file, so a killed process leaves whole lines. Opening keeps the
    rows of the first `resume_step` steps only, so that a resumed run repeats none.
    """

    def __init__(
        self, file: Path, resume_step: int = 0, *, tensorboard: Path | None = None
    ) -> None:
        rows = read_metrics(file) if file.exists() else []
        kept = [row for row in rows if row["step"] <= resume_step] if resume_step else []
        write_bytes(file, b"".join(_line(row) for row in kept))
        super().__init__()  # closes what is open when the log is closed
        self._file = self.enter_context(file.open("ab", buffering=0))
        self._writer = _tensorboard_writer(tensorboard, resume_step) if tensorboard else None
        if self._writer is not None:
            self.callback(self._writer.close)

    def append(self, step: int, kind: str, values: Mapping[str, float | str | None]) -> None:
        """Add a row. Numbers that JSON cannot hold (nan, inf) become null."""
        self._file.write(_line({"step": step, "kind": kind, **values}))
        if self._writer is not None:
            for name, value in values.items():
                if isinstance(value, int | float):
                    self._writer.add_scalar(f"{kind}/{name}", value, step)

    def sync(self) -> None:
        """Make all rows durable; called before each checkpoint."""
        os.fsync(self._file.fileno())


def _line(row: Mapping[str, Any]) -> bytes:
    finite = {k: _number(v) for k, v in row.items()}
    return (json.dumps(finite, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _number(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _tensorboard_writer(folder: Path, resume_step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UsageError(
            "log.tensorboard=true needs TensorBoard: pip install 'ecgan[tensorboard]'"
        ) from None
    return SummaryWriter(str(folder), purge_step=resume_step + 1)
