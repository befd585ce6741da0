"""Tasks through processes: all done, errors passed on, and a dead worker costs its task alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ecgan.data.pool import run_tasks
from ecgan.errors import DataError, FaceError

WORKERS = 2


def make_worker(fatal: frozenset[int] = frozenset()) -> Callable[[int], int]:
    def double(number: int) -> int:
        if number in fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        if number < 0:
            raise FaceError("tiny", f"{number} is too small")
        return 2 * number

    return double


def make_nothing() -> Callable[[int], int]:
    os._exit(3)


def test_every_task_has_its_result() -> None:
    assert dict(run_tasks(make_worker, range(20), WORKERS)) == {n: 2 * n for n in range(20)}
    assert dict(run_tasks(make_worker, range(3), 1)) == {0: 0, 1: 2, 2: 4}
    assert list(run_tasks(make_worker, [], WORKERS)) == []


def test_a_worker_that_dies_takes_its_task_alone() -> None:
    fatal = frozenset((0, 5, 11))
    results = run_tasks(
        partial(make_worker, fatal), range(12), WORKERS, died=lambda number, how: how
    )
    expected = {n: "signal 9" if n in fatal else 2 * n for n in range(12)}
    assert dict(results) == expected


def test_the_only_task_may_kill_its_process_too() -> None:
    only = partial(make_worker, frozenset((7,)))
    assert list(run_tasks(only, [7], None, died=lambda number, how: -1)) == [(7, -1)]


def test_without_a_result_for_it_a_death_is_an_error() -> None:
    with pytest.raises(DataError, match=r"worker process died \(signal 9"):
        list(run_tasks(partial(make_worker, frozenset((1,))), range(9), WORKERS))
    with pytest.raises(DataError, match=r"worker process died \(exit code 3"):
        list(run_tasks(make_nothing, range(9), WORKERS, died=lambda number, how: -1))


def test_an_error_of_a_worker_comes_through() -> None:
    with pytest.raises(FaceError, match="-1 is too small") as caught:
        list(run_tasks(make_worker, [1, 2, -1, 3], WORKERS))
    assert caught.value.reason == "tiny"


def test_leaving_early_ends_the_processes(tmp_path: Path) -> None:
    results = run_tasks(make_worker, range(1000), WORKERS)
    next(results)
    results.close()
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if children.exists():  # no worker is left; the tracker of shared resources may be
        assert len(children.read_text().split()) <= 1
