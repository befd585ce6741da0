"""Threads and forked processes that share networks: one call at a time, in safe numbers."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import torch


class _Turns:
    def __init__(self) -> None:
        self.lock = threading.RLock()

    def after_fork(self) -> None:
        """The threads of the parent, OpenMP's too, do not exist in the child, which would wait for
        them forever."""
        self.lock = threading.RLock()
        torch.set_num_threads(1)


_turns = _Turns()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.after_fork)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the networks of this process: a call uses all cores, and many at once all memory."""
    with _turns.lock:
        yield
