"""Threads and forked processes that share networks: one call at a time, on one thread."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import torch

from ecgan.faces.graphs import give_back_memory

P = ParamSpec("P")
R = TypeVar("R")


class _Turns:
    """The lock, and the thread that works for all threads but the main one: memory that glibc and
    OpenMP keep for each thread that ever computed would grow with their number."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.worker: ThreadPoolExecutor | None = None
        self.worker_ident: int | None = None

    def run(self, call: Callable[[], R]) -> R:
        main = threading.main_thread().ident
        if threading.get_ident() in (main, self.worker_ident):
            with self.lock:
                return call()
        return self._executor().submit(self._work, call).result()

    def _work(self, call: Callable[[], R]) -> R:
        try:
            return self.run(call)
        finally:
            give_back_memory()

    def _executor(self) -> ThreadPoolExecutor:
        with _starting:
            if self.worker is None:
                self.worker = ThreadPoolExecutor(1, "ecgan", initializer=self._begin)
            return self.worker

    def _begin(self) -> None:
        self.worker_ident = threading.get_ident()

    def after_fork(self) -> None:
        """The threads of the parent, OpenMP's too, do not exist in the child, which would wait for
        them forever."""
        global _starting  # noqa: PLW0603 - one a process
        _starting = threading.Lock()
        self.__init__()  # type: ignore[misc]
        torch.set_num_threads(1)


_starting = threading.Lock()
_turns = _Turns()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.after_fork)


def one_at_a_time(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: calls take turns, since each uses all cores, and many at once all memory."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return _turns.run(lambda: function(*args, **kwargs))

    return call
