"""Progress of a long run: a bar with time left on a terminal, plain lines otherwise."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Protocol

LINE_SECONDS = 10.0
"""Without a terminal: at most one line in this time."""


class Progress(Protocol):
    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Report a finished step."""
        ...

    def say(self, text: str) -> None:
        """Print a line that stays."""
        ...


class _Silent:
    def step(self, step: int, values: Mapping[str, float]) -> None:
        pass

    def say(self, text: str) -> None:
        pass


class _Lines:
    def __init__(self, start: int, total: int) -> None:
        self._start, self._total = start, total
        self._began = self._last = time.monotonic()

    def step(self, step: int, values: Mapping[str, float]) -> None:
        now = time.monotonic()
        if now - self._last < LINE_SECONDS and step != self._total:
            return
        self._last = now
        left = (now - self._began) / (step - self._start) * (self._total - step)
        print(f"step {step}/{self._total}  {_losses(values)}  {left / 60:.1f} min left", flush=True)

    def say(self, text: str) -> None:
        print(text, flush=True)


@contextlib.contextmanager
def show_progress(enabled: bool, start: int, total: int) -> Iterator[Progress]:
    """Report steps `start + 1 .. total` in whichever way fits standard output."""
    from rich.console import Console

    console = Console()
    if not enabled:
        yield _Silent()
    elif not console.is_terminal:
        yield _Lines(start, total)
    else:
        from rich import progress as rich_progress

        columns = (
            rich_progress.BarColumn(),
            rich_progress.MofNCompleteColumn(),
            rich_progress.TimeElapsedColumn(),
            rich_progress.TimeRemainingColumn(),
            rich_progress.TextColumn("{task.fields[losses]}"),
        )
        with rich_progress.Progress(*columns, console=console) as bars:
            task = bars.add_task("train", total=total, completed=start, losses="")

            class _Bar:
                def step(self, step: int, values: Mapping[str, float]) -> None:
                    bars.update(task, completed=step, losses=_losses(values))

                def say(self, text: str) -> None:
                    bars.console.print(text, highlight=False, markup=False)

            yield _Bar()


def _losses(values: Mapping[str, float]) -> str:
    roles = {"G": "generator/total", "D": "discriminator/total"}
    return " ".join(f"{name} {values[key]:.3f}" for name, key in roles.items() if key in values)
