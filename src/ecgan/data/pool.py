"""Tasks through worker processes, results as they come; nothing is lost when one is stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any, TypeVar

from ecgan.errors import DataError

Task = TypeVar("Task")
Result = TypeVar("Result")
Run = Callable[[Task], Result]


def run_tasks(
    make_worker: Callable[[], Run[Task, Result]], tasks: Iterable[Task], workers: int | None
) -> Iterator[tuple[Task, Result]]:
    """Call one worker a process on all tasks, in any order.

    Args:
        make_worker: a picklable function, called once in each process.
        tasks: picklable; each is handled once, and asked for when a process is free.
        workers: processes; none: one a CPU; 1: this process.

    Raises:
        DataError: a worker process died.
    """
    waiting = iter(tasks)
    first = list(islice(waiting, workers or _num_cpus()))
    tasks, count = chain(first, waiting), len(first)
    if count > 1:
        yield from _in_processes(make_worker, tasks, count)
        return
    worker = make_worker()
    for task in tasks:
        yield task, worker(task)


def _num_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _in_processes(
    make_worker: Callable[[], Run[Task, Result]], tasks: Iterable[Task], workers: int
) -> Iterator[tuple[Task, Result]]:
    context = multiprocessing.get_context("spawn")
    waiting = iter(tasks)
    running: dict[Future[Result], Task] = {}
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(make_worker,))
    try:
        while True:
            for task in islice(waiting, 3 * workers - len(running)):
                running[pool.submit(_run, task)] = task
            if not running:
                return
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                yield running.pop(future), future.result()
    except BrokenProcessPool:
        raise DataError(
            "a worker process died (out of memory?); run the same command again to go on, "
            "with fewer workers"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_worker: Run[Any, Any] | None = None


def _start(make_worker: Callable[[], Run[Any, Any]]) -> None:
    global _worker  # noqa: PLW0603  one a process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _worker = make_worker()


def _leave_with_parent() -> None:
    """A killed parent closes nothing that its workers wait for: they would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(task: Any) -> Any:
    assert _worker is not None
    return _worker(task)
