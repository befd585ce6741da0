"""Tasks through worker processes, results as they come; a worker that dies takes its task alone."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar, cast

from ecgan.errors import DataError

Task = TypeVar("Task")
Result = TypeVar("Result")
Run = Callable[[Task], Result]


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
    first = list(islice(waiting, workers or _num_cpus()))
    tasks = chain(first, waiting)
    if workers != 1 and first:
        yield from _in_processes(make_worker, tasks, len(first), died)
        return
    worker = make_worker()
    for task in tasks:
        yield task, worker(task)


def _num_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class _Slot(Generic[Task]):
    """A process and its tasks: the one at work, and the next, so that it need not wait for us."""

    process: SpawnProcess
    pipe: Connection
    tasks: deque[Task]
    ready: bool = False
    """Whether its worker is made."""

    def give(self, task: Task) -> None:
        self.tasks.append(task)
        with contextlib.suppress(OSError):  # it has died; receiving finds it out
            self.pipe.send(task)


def _in_processes(
    make_worker: Callable[[], Run[Task, Result]],
    tasks: Iterable[Task],
    workers: int,
    died: Callable[[Task, str], Result] | None,
) -> Iterator[tuple[Task, Result]]:
    waiting = iter(tasks)
    again: deque[Task] = deque()
    slots: dict[Connection, _Slot[Task]] = {}

    def next_task() -> list[Task]:
        return [again.popleft()] if again else list(islice(waiting, 1))

    try:
        for task in islice(waiting, workers):
            slot = _started(make_worker, task)
            slots[slot.pipe] = slot
        while slots:
            for pipe in cast(list[Connection], wait(list(slots))):
                slot = slots[pipe]
                kind, value = _received(slot)
                if kind == "error":
                    raise value
                done = []
                if kind == "died":
                    task = slot.tasks.popleft()
                    done = [(task, _result_of_death(slot, task, value, died))]
                    again.extend(slot.tasks)
                    slot.tasks.clear()
                    for task in next_task():
                        slot = _started(make_worker, task)
                        slots[slot.pipe] = slot
                elif slot.ready:
                    done = [(slot.tasks.popleft(), value)]
                slot.ready = slot.ready or kind == "result"
                while slot.ready and len(slot.tasks) < 2 and (following := next_task()):
                    slot.give(*following)
                if not slots[pipe].tasks:
                    del slots[pipe]
                    pipe.close()
                yield from done
    finally:
        for pipe in slots:
            pipe.close()
        for slot in slots.values():
            slot.process.join()


def _received(slot: _Slot[Any]) -> tuple[str, Any]:
    """What a process sends: "result" and it, "error" and it; or "died" and how."""
    try:
        kind, value = slot.pipe.recv()
    except (EOFError, OSError):
        slot.process.join()
        code = slot.process.exitcode or 0
        return "died", f"signal {-code}" if code < 0 else f"exit code {code}"
    return kind, value


def _result_of_death(
    slot: _Slot[Task], task: Task, how: str, died: Callable[[Task, str], Result] | None
) -> Result:
    if died is None or not slot.ready:
        raise DataError(
            f"a worker process died ({how}; out of memory?); run the same command again to go on, "
            "with fewer workers"
        )
    return died(task, how)


def _started(make_worker: Callable[[], Run[Any, Any]], task: Task) -> _Slot[Task]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make_worker), daemon=True)
    process.start()
    theirs.close()
    slot = _Slot(process, ours, deque[Task]())
    slot.give(task)
    return slot


def _serve(pipe: Connection, make_worker: Callable[[], Run[Any, Any]]) -> None:
    """What a worker process does: tasks in, results out, until nobody asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    kind, worker = _answer(make_worker)
    with contextlib.suppress(EOFError, OSError):  # nobody asks any more
        pipe.send((kind, None if kind == "result" else worker))
        while kind == "result":
            kind, value = _answer(worker, pipe.recv())
            pipe.send((kind, value))


def _answer(function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    try:
        return "result", function(*arguments)
    except Exception as error:
        return "error", _picklable(error)


def _picklable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _leave_with_parent() -> None:
    """A killed parent closes nothing that its workers wait for: they would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
