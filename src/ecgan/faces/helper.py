"""Detection for a process that was forked after mediapipe ran: a fresh Python does it."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import EcganError

if TYPE_CHECKING:
    from ecgan.faces.landmarks import Face


def ask(pixels: NDArray[np.uint8]) -> list[Face]:
    """`LandmarkDetector.detect`, done by the helper process.

    Raises:
        EcganError: what detection raises, or the helper ended.
    """
    return _helper.ask(pixels)


def end() -> None:
    """Stop the helper process, if there is one."""
    _helper.end()


def serve() -> None:
    """The helper process: answers pictures on standard input until it ends."""
    from ecgan.faces.landmarks import LandmarkDetector

    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else prints must not get into the answers
    detector = LandmarkDetector()
    while True:
        try:
            pixels = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: Any
        try:
            answer = detector.detect(pixels)
        except EcganError as error:
            answer = error
        pickle.dump(answer, out, pickle.HIGHEST_PROTOCOL)
        out.flush()


class _Helper:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, pixels: NDArray[np.uint8]) -> list[Face]:
        with self.lock:
            try:
                answer = self._exchange(np.ascontiguousarray(pixels))
            except (OSError, EOFError, pickle.UnpicklingError):
                self.end()
                raise EcganError(
                    "finding faces in a forked process failed: use the start method 'spawn'"
                ) from None
            except BaseException:  # the answer to this picture must not be taken for the next one's
                self.end()
                raise
        if isinstance(answer, EcganError):
            raise answer
        faces: list[Face] = answer
        return faces

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError, AttributeError):
                    pipe.close()  # type: ignore[union-attr]
            process.wait()

    def after_fork(self) -> None:
        """The parent's helper goes on answering the parent alone."""
        self.lock, self.process = threading.Lock(), None

    def _exchange(self, pixels: NDArray[np.uint8]) -> Any:
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from ecgan.faces.helper import serve; serve()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        pickle.dump(pixels, stdin, pickle.HIGHEST_PROTOCOL)
        stdin.flush()
        return pickle.load(stdout)


_helper = _Helper()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helper.after_fork)
