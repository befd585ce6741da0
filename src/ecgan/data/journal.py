"""What `prepare` has done so far: one line a task, so that an interrupted run goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from ecgan.data.points import Points
from ecgan.errors import DataError
from ecgan.files import sha256_file, write_lines

JOURNAL_NAME = ".prepare.jsonl"
_NO_POINTS = Points(())


@dataclass(frozen=True)
class Outcome:
    """What became of one file: an image and its mask, or a reason."""

    file: str
    image: str = ""
    mask: str = ""
    sha256: str = ""
    mask_sha256: str = ""
    landmarks: Points = _NO_POINTS
    landmark_error: tuple[float, float] | None = None
    """Mean and median distance to the given landmarks, in fractions of the eye distance."""
    pixels: str = ""
    """`pixel_hash` of the source."""
    looks: str = ""
    """`face_hash` of the aligned image."""
    reason: str = ""
    message: str = ""

    @property
    def accepted(self) -> bool:
        return not self.reason


class Journal:
    """Outcomes by task fingerprint, appended as they come."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / JOURNAL_NAME
        self.outcomes: dict[str, tuple[Outcome, ...]] = {}
        self.seconds = 0.0
        self.images_timed = 0
        """Working time of all runs so far, and the images handled in it."""
        self._read()

    def add(self, task: str, outcomes: tuple[Outcome, ...]) -> None:
        self.outcomes[task] = outcomes
        self._append(_task_line(task, outcomes))

    def add_time(self, seconds: float, images: int) -> None:
        self.seconds += seconds
        self.images_timed += images
        self._append(_time_line(seconds, images))

    def is_intact(self, task: str) -> bool:
        """Whether the outputs of a task are still there, byte for byte."""
        return all(
            _has(self.root / outcome.image, outcome.sha256)
            and _has(self.root / outcome.mask, outcome.mask_sha256)
            for outcome in self.outcomes[task]
            if outcome.accepted
        )

    def finish(self, tasks: list[str]) -> None:
        """Forget all other tasks, delete outputs that no task has now, put the lines in order."""
        kept = {task: self.outcomes[task] for task in sorted(tasks)}
        current = {name for outcomes in kept.values() for name in _outputs(outcomes)}
        for outcomes in self.outcomes.values():
            for name in _outputs(outcomes) - current:
                (self.root / name).unlink(missing_ok=True)
        self.outcomes = kept
        lines = (_task_line(task, outcomes) for task, outcomes in kept.items())
        write_lines(self.path, chain(lines, [_time_line(self.seconds, self.images_timed)]))

    def _append(self, line: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def _read(self) -> None:
        """Lines that a killed run left unfinished, or that are of another version, do not count."""
        if not self.path.exists():
            return
        line = "\n"
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    self._read_line(line)
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror}") from None
        if not line.endswith("\n"):
            self._append("\n")

    def _read_line(self, line: str) -> None:
        try:
            values = json.loads(line)
            if "task" in values:
                self.outcomes[values["task"]] = tuple(map(_outcome, values["outcomes"]))
            else:
                self.seconds += values["seconds"]
                self.images_timed += values["images"]
        except (ValueError, TypeError, KeyError):
            pass


def _outcome(values: dict[str, Any]) -> Outcome:
    points = Points((x, y) for x, y in values.pop("landmarks", ()))
    error = values.pop("landmark_error", None)
    if error is not None:
        mean, median = error
        error = (float(mean), float(median))
    return Outcome(**values, landmarks=points, landmark_error=error)


def _task_line(task: str, outcomes: tuple[Outcome, ...]) -> str:
    values = [
        {k: list(v) if k == "landmarks" else v for k, v in asdict(outcome).items() if v}
        for outcome in outcomes
    ]
    return json.dumps({"task": task, "outcomes": values}, ensure_ascii=False) + "\n"


def _time_line(seconds: float, images: int) -> str:
    return json.dumps({"seconds": seconds, "images": images}) + "\n"


def _outputs(outcomes: tuple[Outcome, ...]) -> set[str]:
    return {
        name for outcome in outcomes if outcome.accepted for name in (outcome.image, outcome.mask)
    }


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256
