"""Mediapipe's face networks, loaded once for the whole process.

They are not thread-safe, a failed call spoils them for good, and where they have run, a forked
process cannot use them. So a lock guards them, one that failed is loaded anew, and where `forked`
says so, a `Helper` with networks of its own is to be asked instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import EcganError, MissingExtra
from ecgan.faces.face import MIN_SCORE, Box

MOST_AT_ONCE = 10
"""Faces that the mesh looks for in one picture; of more, each is looked at by itself."""
_MESH = {"static_image_mode": True, "refine_landmarks": True}
_UNSURE = {"min_detection_confidence": 0.1, "min_tracking_confidence": 0.1}
_OPTIONS: dict[str, dict[str, Any]] = {
    "mesh": {**_MESH, "max_num_faces": MOST_AT_ONCE, "min_detection_confidence": MIN_SCORE},
    "patient": {**_MESH, "max_num_faces": 1, **_UNSURE},
    "far": {"model_selection": 1, "min_detection_confidence": MIN_SCORE},
    "near": {"model_selection": 0, "min_detection_confidence": MIN_SCORE},
}
"""Of each network: two face meshes, then two face detectors."""


@dataclass(frozen=True)
class Detection:
    """A face as a detector sees it, in pixels of the picture."""

    box: Box
    """Eyes to mouth with some room."""
    score: float
    """Confidence in [0, 1]."""
    roll: float
    """Degrees from the picture's horizontal to the line of the eyes."""
    eyes: NDArray[np.float64]
    """(2, 2) centres of the eyes."""


def meshes(pixels: NDArray[np.uint8], *, patient: bool = False) -> list[NDArray[np.float32]]:
    """(478, 3) mesh in pixels of each face in an RGB picture, at most `MOST_AT_ONCE`.

    `patient`: one face only, but also one of which the network is not sure.

    Raises:
        MissingExtra: mediapipe is not installed.
        EcganError: it failed.
    """
    found = _graphs.run("patient" if patient else "mesh", pixels).multi_face_landmarks or []
    scale = np.array([pixels.shape[1], pixels.shape[0], pixels.shape[1]], np.float32)
    return [np.array([(p.x, p.y, p.z) for p in face.landmark], "f4") * scale for face in found]


def detections(pixels: NDArray[np.uint8], *, near: bool = False) -> list[Detection]:
    """The faces in an RGB picture; `near`: for one that fills a good part of it. Raises what
    `meshes` raises."""
    height, width = pixels.shape[:2]
    faces = []
    for detection in _graphs.run("near" if near else "far", pixels).detections or []:
        place = detection.location_data
        box, (right, left) = place.relative_bounding_box, place.relative_keypoints[:2]
        x0, y0 = box.xmin * width, box.ymin * height
        whole = (x0, y0, x0 + box.width * width, y0 + box.height * height)
        roll = np.arctan2((left.y - right.y) * height, (left.x - right.x) * width)
        eyes = np.array([(eye.x * width, eye.y * height) for eye in (right, left)])
        faces.append(Detection(whole, float(detection.score[0]), float(np.degrees(roll)), eyes))
    return faces


def forked() -> bool:
    """Whether the networks ran in the process that this one was forked from: a call would crash."""
    return _graphs.started_in not in (None, os.getpid())


def release() -> None:
    """Free all networks; the next call loads them again."""
    _graphs.release()


def give_back_memory() -> None:
    """What was freed, to the system: glibc keeps it, once for each thread."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


class _Graphs:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.loaded: dict[str, Any] = {}
        self.left_behind: list[Any] = []
        """Of the parent process: to free them would wait for threads that do not exist here."""
        self.started_in: int | None = None
        """The process in which the first one was loaded."""

    def run(self, name: str, pixels: NDArray[np.uint8]) -> Any:
        with self.lock:
            graph = self.loaded.get(name) or self._load(name)
            try:
                return graph.process(np.ascontiguousarray(pixels))
            except BaseException as error:
                del graph  # it keeps 20 MB for as long as anything refers to it
                error.__traceback__ = None
                self.release(name)
                if not isinstance(error, Exception):
                    raise
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                size = f"{pixels.shape[1]} x {pixels.shape[0]} px"
                raise EcganError(f"mediapipe failed on a picture of {size}: {reason}") from None

    def release(self, *names: str) -> None:
        """All where none is named."""
        with self.lock:
            for name in names or list(self.loaded):
                with contextlib.suppress(Exception):  # a failed one complains again
                    self.loaded.pop(name).close()
        give_back_memory()

    def after_fork(self) -> None:
        self.lock = threading.RLock()  # a thread that held it does not exist in the child
        self.left_behind.extend(self.loaded.values())
        self.loaded.clear()

    def _load(self, name: str) -> Any:
        os.environ.setdefault("GLOG_minloglevel", "3")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            from mediapipe.python.solutions import face_detection, face_mesh
        except ImportError:
            raise MissingExtra(
                "finding faces needs mediapipe: pip install 'ecgan[faces]' (Python 3.11 or 3.12), "
                "or give landmarks beside the photos"
            ) from None
        warnings.filterwarnings("ignore", "SymbolDatabase.GetPrototype", UserWarning)
        options = _OPTIONS[name]
        network = (
            face_detection.FaceDetection if "model_selection" in options else face_mesh.FaceMesh
        )
        self.started_in = os.getpid()
        with quiet():
            graph = network(**options)
            graph.process(np.zeros((64, 64, 3), np.uint8))  # what it prints, it prints at first
        self.loaded[name] = graph
        return graph


class _StandardError:
    """File descriptor 2, which many threads may want silent at the same time."""

    def __init__(self) -> None:
        self.before: int | None = None
        """A copy of the descriptor; None where it is closed."""
        self.after_fork()

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide what C++ parts print to the standard error of the process, from all threads."""
        with self.lock:
            if not self.silencers:
                self._silence()
            self.silencers += 1
        try:
            yield
        finally:
            with self.lock:
                self.silencers -= 1
                if not self.silencers:
                    self._put_back()

    def after_fork(self) -> None:
        self.lock, self.silencers = threading.Lock(), 0
        self._put_back()

    def _silence(self) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        with contextlib.suppress(OSError):
            self.before = os.dup(2)
        sink = os.open(os.devnull, os.O_WRONLY)
        if sink != 2:
            os.dup2(sink, 2)
            os.close(sink)

    def _put_back(self) -> None:
        if self.before is not None:
            os.dup2(self.before, 2)
            os.close(self.before)
            self.before = None


class Helper:
    """A fresh Python for a forked process: it runs `code`, which calls `serve`, and answers
    pictures until its standard input ends."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()
        _at_fork(self.after_fork)

    def ask(self, pixels: NDArray[np.uint8]) -> Any:
        """What the function that it serves returns for a picture.

        Raises:
            EcganError: what that function raises, or the helper ended.
        """
        with self.lock:
            try:
                answer = self._exchange(np.ascontiguousarray(pixels))
            except BaseException as error:  # the next picture must not get this one's answer
                self.end()
                if not isinstance(error, OSError | EOFError | pickle.UnpicklingError):
                    raise
                raise EcganError(
                    "finding faces in a forked process failed: use the start method 'spawn'"
                ) from None
        if isinstance(answer, EcganError):
            raise answer
        return answer

    def end(self) -> None:
        """The next picture starts it again."""
        process, self.process = self.process, None
        if process is not None:
            with contextlib.suppress(OSError), process:  # closes its pipes and waits
                pass

    def after_fork(self) -> None:
        """The parent's helper goes on answering the parent alone."""
        self.lock, self.process = threading.Lock(), None

    def _exchange(self, pixels: NDArray[np.uint8]) -> Any:
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-c", self.code],
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


def serve(function: Callable[[NDArray[np.uint8]], Any]) -> None:
    """The work of a `Helper`'s process."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else prints must not get into the answers
    with contextlib.suppress(EOFError):
        while True:
            pixels = pickle.load(sys.stdin.buffer)
            try:
                answer = function(pixels)
            except EcganError as error:
                answer = error
            pickle.dump(answer, out, pickle.HIGHEST_PROTOCOL)
            out.flush()


def _at_fork(call: Callable[[], None]) -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=call)


_graphs, _stderr = _Graphs(), _StandardError()
_at_fork(_graphs.after_fork)
_at_fork(_stderr.after_fork)
quiet = _stderr.hidden
