"""Progress of a long run: a bar with time left on a terminal, plain lines otherwise."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

from rich import progress as rich_progress
from rich.console import Console

LINE_SECONDS = 10.0
"""Without a terminal: at most one line in this time."""


class Progress:
    """Reports steps up to `total`, if `enabled`: in `bars`, or in lines where there are none."""

    def __init__(
        self, enabled: bool, start: int, total: int, bars: rich_progress.Progress | None
    ) -> None:
        self._enabled, self._start, self._total, self._bars = enabled, start, total, bars
        self._began = self._last = time.monotonic()
        if bars is not None:
            self._task = bars.add_task("train", total=total, completed=start, losses="")

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Report a finished step."""
        roles = {"G": "generator/total", "D": "discriminator/total"}
        losses = " ".join(f"{name} {values[k]:.3f}" for name, k in roles.items() if k in values)
        now, total = time.monotonic(), self._total
        if self._bars is not None:
            self._bars.update(self._task, completed=step, losses=losses)
        elif self._enabled and (now - self._last >= LINE_SECONDS or step == total):
            self._last = now
            left = (now - self._began) / (step - self._start) * (total - step)
            print(f"step {step}/{total}  {losses}  {left / 60:.1f} min left", flush=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if self._bars is not None:
            self._bars.console.print(text, highlight=False, markup=False)
        elif self._enabled:
            print(text, flush=True)


@contextlib.contextmanager
def show_progress(enabled: bool, start: int, total: int) -> Iterator[Progress]:
    """Report steps `start + 1 .. total` in whichever way fits standard output."""
    console = Console()
    if not (enabled and console.is_terminal):
        yield Progress(enabled, start, total, None)
        return
    columns = (
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TimeRemainingColumn(),
        rich_progress.TextColumn("{task.fields[losses]}"),
    )
    with rich_progress.Progress(*columns, console=console) as bars:
        yield Progress(enabled, start, total, bars)
