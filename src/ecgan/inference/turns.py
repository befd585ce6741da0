"""Threads and forked processes that share networks: one call at a time, in safe numbers."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import torch

from ecgan.faces.graphs import give_back_memory


class _Turns:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.depth = 0
        self.last: int | None = None
        """The thread that had the networks last."""

    def __enter__(self) -> None:
        self.lock.acquire()
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1
        if not self.depth:
            before, self.last = self.last, threading.get_ident()
            if before not in (None, self.last):
                give_back_memory()
        self.lock.release()

    def after_fork(self) -> None:
        """The threads of the parent, OpenMP's too, do not exist in the child, which would wait for
        them forever."""
        self.lock, self.depth = threading.RLock(), 0
        torch.set_num_threads(1)


_turns = _Turns()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.after_fork)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the networks of this process: a call uses all cores, and many at once all memory."""
    with _turns:
        yield
