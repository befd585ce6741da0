"""What commands print: results on stdout, refusals on stderr, progress as a bar or as lines."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LINE_SECONDS = 10.0
"""Without a terminal: at most one line of progress in this time."""

Report = Callable[[int, int], None]
"""Called with what is done and the total."""


def open_streams() -> None:
    """Give a process that was started without standard output or error somewhere to write to, so
    that no file that it opens gets their number; and print names that are not in UTF-8, escaped."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stdout is not None and sys.stderr is not None:
        return
    while (sink := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(sink)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115  a number
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def say(text: str) -> None:
    """A line of result."""
    print(text, flush=True)


def say_json(value: Any) -> None:
    """A result that a script reads."""
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def complain(text: str) -> None:
    """One line of error; line breaks inside become spaces."""
    _to_stderr(f"ecgan: error: {' '.join(text.split())}")


def warn(text: str) -> None:
    """One line of warning; line breaks inside become spaces."""
    _to_stderr(f"ecgan: warning: {' '.join(text.split())}")


def note(text: str) -> None:
    """One line that is neither result nor trouble, on stderr."""
    _to_stderr(f"ecgan: {' '.join(text.split())}")


def _to_stderr(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # nobody listens, or there is no room; what is left must not be tried again
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def about(path: Path, message: str) -> str:
    """The message with the file that it is about, named once."""
    return message if message.startswith(str(path)) else f"{path}: {message}"


@contextlib.contextmanager
def progress(title: str, unit: str, *, lines: bool = True, speed: bool = False) -> Iterator[Report]:
    """A bar with time left where stderr is a terminal, otherwise plain lines, or nothing.

    `speed`: also say how many units a second are done.
    """
    start = last = time.monotonic()

    def rate(done: int) -> str:
        return f"{done / max(time.monotonic() - start, 1e-3):.1f} {unit}/s" if speed else ""

    if sys.stderr.isatty():
        with _bar(title, rate) as report:
            yield report
        return

    def report_line(done: int, total: int) -> None:
        nonlocal last
        if lines and time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            _to_stderr(f"{title}: {done}/{total} {unit}  {rate(done)}".rstrip())

    yield report_line


@contextlib.contextmanager
def _bar(title: str, rate: Callable[[int], str]) -> Iterator[Report]:
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
        rich_progress.TextColumn("{task.fields[rate]}"),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None, rate="")

        def report(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, rate=rate(done))

        yield report


def percent(probability: float) -> str:
    return f"{100 * probability:.0f}%"
