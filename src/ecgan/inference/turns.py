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
        self.here = threading.local()
        self.worker = ThreadPoolExecutor(1, "ecgan", lambda: setattr(self.here, "works", True))

    def run(self, call: Callable[[], R]) -> R:
        if hasattr(self.here, "works") or threading.current_thread() is threading.main_thread():
            with self.lock:
                return call()
        return self.worker.submit(self._work, call).result()

    def _work(self, call: Callable[[], R]) -> R:
        try:
            return self.run(call)
        finally:
            give_back_memory()

    def after_fork(self) -> None:
        """The threads of the parent, OpenMP's too, do not exist in the child, which would wait for
        them forever."""
        self.__init__()  # type: ignore[misc]
        torch.set_num_threads(1)


_turns = _Turns()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.after_fork)


def one_at_a_time(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: calls take turns, since each uses all cores, and many at once all memory."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return _turns.run(functools.partial(function, *args, **kwargs))

    return call
