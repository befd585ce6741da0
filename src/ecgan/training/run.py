"""The folder of a training: its lock, configuration, metrics and checkpoints."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecgan.config_loading import to_yaml
from ecgan.config_sections import Section
from ecgan.data.manifest import Manifest, fingerprint
from ecgan.errors import UsageError
from ecgan.files import write_bytes, write_text
from ecgan.training.checkpoint import Checkpoint, CheckpointFolder
from ecgan.training.checks import refuse_other_data, refuse_other_run


class Run:
    """What each training keeps in its folder: config.yaml, metrics.jsonl and checkpoints/."""

    metrics: MetricsLog
    """There while the run is `open`."""

    def __init__(
        self,
        folder: Path,
        config: Section,
        manifest: Manifest,
        *,
        keep: int,
        may_change: Collection[str] = (),
    ) -> None:
        """
        Args:
            folder: of the run.
            config: as asked for now.
            manifest: of the data to train on.
            keep: how many checkpoints.
            may_change: keys of the configuration that a resumed run may alter, with all below them.
        """
        self.folder = folder
        self.checkpoints = CheckpointFolder(folder / "checkpoints", keep)
        self._config, self._may_change = config, may_change
        self._data = fingerprint(manifest)

    def load(self) -> Checkpoint | None:
        """The newest checkpoint that verifies; None: the run is new.

        Raises:
            CheckpointError: it is of another configuration or other data, or all are damaged.
        """
        checkpoint = self.checkpoints.load_newest()
        if checkpoint is not None:
            refuse_other_run(checkpoint, self._config, self._may_change)
            refuse_other_data(checkpoint, self._data, self.folder)
        return checkpoint

    @contextlib.contextmanager
    def open(self, step: int, *, tensorboard: bool = False) -> Iterator[None]:
        """Within the block files may be written; metrics after `step` are dropped first."""
        self.checkpoints.clean()
        write_text(self.folder / "config.yaml", to_yaml(self._config))
        board = self.folder / "tensorboard" if tensorboard else None
        with MetricsLog(self.folder / "metrics.jsonl", step, tensorboard=board) as self.metrics:
            yield

    def save(self, state: Checkpoint, best_step: int | None = None) -> None:
        """Write a checkpoint after the metrics it belongs to, with configuration and data."""
        self.metrics.sync()
        config = self._config.model_dump(mode="json")
        values = {**state.values, "config": config, "data": self._data}
        self.checkpoints.save(replace(state, values=values), best_step)


@contextlib.contextmanager
def sole_owner(folder: Path) -> Iterator[None]:
    """Refuse a second training in the same folder; the lock ends with the process. A folder made
    here goes again if the training fails before it wrote anything."""
    existed = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    except OSError as error:
        raise UsageError(f"cannot write the run folder {folder}: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"another process is training in {folder}; choose another --out"
            ) from None
        try:
            yield
        finally:
            if not existed and [path.name for path in folder.iterdir()] == [".lock"]:
                shutil.rmtree(folder)


class MetricsLog(contextlib.ExitStack):
    """Appends rows `{"step": ..., "kind": "train" | "validation" | "epoch", ...}` to a file of one
    JSON object a line.

    Each row is one write, so a killed process leaves whole lines. Opening keeps the rows of the
    first `resume_step` steps only, so that a resumed run repeats none.
    """

    def __init__(
        self, file: Path, resume_step: int = 0, *, tensorboard: Path | None = None
    ) -> None:
        rows = read_metrics(file) if file.exists() else []
        kept = [row for row in rows if row["step"] <= resume_step] if resume_step else []
        write_bytes(file, b"".join(_line(row) for row in kept))
        super().__init__()  # closes what is open when the log is closed
        self._file = self.enter_context(file.open("ab", buffering=0))
        self._board: Any = None
        if tensorboard is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise UsageError(
                    "log.tensorboard=true needs TensorBoard: pip install 'ecgan[tensorboard]'"
                ) from None
            self._board = SummaryWriter(str(tensorboard), purge_step=resume_step + 1)
            self.callback(self._board.close)

    def append(self, step: int, kind: str, values: Mapping[str, float | str | None]) -> None:
        """Add a row. Numbers that JSON cannot hold (nan, inf) become null."""
        self._file.write(_line({"step": step, "kind": kind, **values}))
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, int | float):
                    self._board.add_scalar(f"{kind}/{name}", value, step)

    def sync(self) -> None:
        """Make all rows durable; called before each checkpoint."""
        os.fsync(self._file.fileno())


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


def _line(row: Mapping[str, Any]) -> bytes:
    finite = {
        name: (float(f"{value:.7g}") if math.isfinite(value) else None)
        if isinstance(value, float)
        else value
        for name, value in row.items()
    }
    return (json.dumps(finite, ensure_ascii=False, allow_nan=False) + "\n").encode()
