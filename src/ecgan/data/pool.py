"""Tasks through worker processes, results as they come; a worker that dies takes its task alone."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from ecgan.errors import DataError
from ecgan.provenance import num_cpus

Task = TypeVar("Task")
Result = TypeVar("Result")
Run = Callable[[Task], Result]
_worker: Run[Any, Any]
"""In a worker process: what does its tasks."""


def run_tasks(
    make_worker: Callable[[], Run[Task, Result]],
    tasks: Iterable[Task],
    workers: int | None,
    *,
    died: Callable[[Task, str], Result] | None = None,
) -> Iterator[tuple[Task, Result]]:
    """Call one worker a process on all tasks, in any order.

    Args:
        make_worker: a picklable function, called once in each process.
        tasks: picklable, of some kilobytes; each is handled once, and asked for when a process is
            free.
        workers: processes; none: one a CPU; 1: this process, which dies with its worker.
        died: the result of a task whose process died, which this words in a few words ("signal
            9"); a new process goes on with the others. None: that is an error.

    Raises:
        DataError: a worker process died, and `died` is none, or it had no task yet.
    """
    waiting = iter(tasks)
    first = list(islice(waiting, workers or num_cpus()))
    tasks = chain(first, waiting)
    if workers != 1 and first:
        yield from _in_processes(make_worker, tasks, len(first), died)
        return
    worker = make_worker()
    for task in tasks:
        yield task, worker(task)


class _Process(Generic[Task, Result]):
    """A process, begun with its first task, and its tasks: the one at work, and the next, so that
    it need not wait for us."""

    def __init__(self, make_worker: Callable[[], Run[Task, Result]]) -> None:
        self._make_worker = make_worker
        self.tasks: deque[tuple[Task, Future[Result]]] = deque()
        self._executor: ProcessPoolExecutor | None = None

    def _start(self) -> ProcessPoolExecutor:
        before = multiprocessing.active_children()
        executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin)
        self._made = executor.submit(_make, self._make_worker)
        self._process = set(multiprocessing.active_children()).difference(before).pop()
        return executor

    def give(self, task: Task) -> None:
        self._executor = self._executor or self._start()
        try:
            future = self._executor.submit(_do, task)
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        self.tasks.append((task, future))

    def result(self, died: Callable[[Task, str], Result] | None) -> tuple[Task, Result]:
        """Of the first task; where the process died of it, the others are to be given anew."""
        task, future = self.tasks.popleft()
        try:
            self._made.result()
            return task, future.result()
        except BrokenProcessPool:
            self.end()
        code = self._process.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if died is None or self._made.exception() is not None:
            raise DataError(
                f"a worker process died ({how}; out of memory?); run the same command again to go "
                "on, with fewer workers"
            )
        return task, died(task, how)

    @property
    def alive(self) -> bool:
        return self._executor is not None

    def end(self) -> None:
        """After the task at work."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
        self._executor = None


def _in_processes(
    make_worker: Callable[[], Run[Task, Result]],
    tasks: Iterable[Task],
    num: int,
    died: Callable[[Task, str], Result] | None,
) -> Iterator[tuple[Task, Result]]:
    waiting = iter(tasks)
    processes = [_Process(make_worker) for _ in range(num)]
    try:
        for process, task in zip(processes, waiting, strict=False):
            process.give(task)
        while busy := [process for process in processes if process.tasks]:
            wait([process.tasks[0][1] for process in busy], return_when=FIRST_COMPLETED)
            for process in busy:
                if not process.tasks[0][1].done():
                    continue
                done = process.result(died)
                if not process.alive:
                    waiting = chain([task for task, _ in process.tasks], waiting)
                    process.tasks.clear()
                for task in islice(waiting, 2 - len(process.tasks)):
                    process.give(task)
                yield done
    finally:
        for process in processes:
            process.end()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """A killed parent closes nothing that its workers wait for: they would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make(make_worker: Callable[[], Run[Any, Any]]) -> None:
    global _worker  # noqa: PLW0603  one a process
    _worker = _answer(make_worker)


def _do(task: Any) -> Any:
    return _answer(_worker, task)


def _answer(function: Callable[..., Any], *arguments: Any) -> Any:
    """An error that cannot be sent would count as a dead process."""
    try:
        return function(*arguments)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            raise RuntimeError(f"{type(error).__name__}: {error}") from None
        raise
