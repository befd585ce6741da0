"""Threads that do the work of all requests: what waits at one moment is done together."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ecgan.apps.service.problems import Problem

LONGEST_WAIT = 120.0
"""Seconds after which a request that still waits is refused."""
Handle = Callable[[Sequence[Any]], Sequence[Any]]
"""Takes items and returns for each what became of it, or the exception."""
_log = logging.getLogger("ecgan.serve")


@dataclass(eq=False)
class _Job:
    handle: Handle
    item: Any
    cost: int
    future: Future[Any] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Workers:
    """A bounded queue and the threads that empty it.

    A thread takes the first job and, without waiting for more, up to `together` jobs of the same
    kind. A thread that dies answers its jobs with an error, and another takes its place.
    """

    def __init__(
        self,
        threads: int,
        *,
        room: int,
        together: int,
        most_cost: int,
        on_batch: Callable[[int], None] = lambda _: None,
        on_death: Callable[[], None] = lambda: None,
    ) -> None:
        """Start.

        Args:
            threads: how many; networks take turns anyway, see `inference/turns.py`.
            room: jobs that may wait.
            together: jobs that a thread takes at once.
            most_cost: what these may cost in sum; one alone may cost more.
            on_batch: is told of the number of jobs that are begun together.
            on_death: is called when a thread dies.
        """
        self._room, self._together, self._most_cost = room, together, most_cost
        self._on_batch, self._on_death = on_batch, on_death
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._threads: list[threading.Thread] = []
        for _ in range(threads):
            self._start_one()

    @property
    def waiting(self) -> int:
        """Jobs that nobody has begun."""
        return len(self._jobs)

    @property
    def alive(self) -> bool:
        """Whether there is somebody to do them."""
        return not self._closed and any(thread.is_alive() for thread in self._threads)

    def submit(self, handle: Handle, item: Any, cost: int = 0) -> Future[Any]:
        """Let `handle` do an item, perhaps with others of the same `handle`.

        Raises:
            Problem: 503, there is no room.
        """
        job = _Job(handle, item, cost)
        with self._changed:
            if self._closed:
                raise Problem(503, "the service is going down: try again in a moment")
            if len(self._jobs) >= self._room:
                raise Problem(503, "too many requests are waiting: try again in a moment")
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def call(self, function: Callable[[], Any]) -> Any:
        """What `function` returns, called by one of the threads.

        Raises:
            Problem: as `submit`; and what it raises.
        """
        return self.submit(lambda items: [one() for one in items], function).result()

    def close(self) -> None:
        """Do what waits, then end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _start_one(self) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._run, name="ecgan-serve", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        try:
            while jobs := self._take():
                self._do(jobs)
        except BaseException:
            _log.exception("a worker died; another takes its place")
            self._on_death()
            with self._changed:
                self._start_one()

    def _take(self) -> list[_Job]:
        """The next jobs; none: it is over."""
        with self._changed:
            while not self._jobs:
                if self._closed:
                    return []
                self._changed.wait()
            taken = [self._jobs.popleft()]
            cost = taken[0].cost
            for job in list(self._jobs):
                if len(taken) >= self._together:
                    break
                if job.handle == taken[0].handle and cost + job.cost <= self._most_cost:
                    self._jobs.remove(job)
                    taken.append(job)
                    cost += job.cost
            return taken

    def _do(self, jobs: list[_Job]) -> None:
        begun = []
        for job in jobs:
            if not job.future.set_running_or_notify_cancel():
                continue  # its client has gone
            if time.monotonic() - job.since > LONGEST_WAIT:
                job.future.set_exception(Problem(503, "it had to wait for too long: try again"))
                continue
            begun.append(job)
        if not begun:
            return
        self._on_batch(len(begun))
        try:
            self._finish(begun)
        finally:
            for job in begun:
                if not job.future.done():
                    job.future.set_exception(Problem(500, "the worker failed: try again"))

    def _finish(self, jobs: list[_Job]) -> None:
        try:
            results = jobs[0].handle([job.item for job in jobs])
        except Exception as error:
            if len(jobs) > 1:  # one of them spoils it for all: each by itself
                for job in jobs:
                    self._finish([job])
                return
            results = [error]
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, BaseException):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
