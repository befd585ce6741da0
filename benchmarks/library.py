"""The library as programs use it: threads, bad calls, processes, many calls (on Linux).

    python benchmarks/library.py --out benchmarks/results/library.json

Each trial runs in a process of its own, on scikit-image's astronaut and the packaged weights, and
says whether all results equal those of a plain call, and by how much the resident memory grew
between the first calls and the end. Exit status 1 if a trial fails, hangs, or grows by more than
50 MB. `--trial NAME` runs one of them in this process.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut

from ecgan import Translator
from ecgan.errors import EcganError
from ecgan.faces import graphs
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import Photo
from ecgan.files import write_json
from ecgan.provenance import provenance

MOST_MB = 50.0
FAILURES = 4
"""Networks that fail in one trial; mediapipe keeps about 5 MB of each."""
TIMEOUT_SECONDS = 7200
TARGETS = ("happy", "sad", "angry", "fear")
BAD: tuple[Any, ...] = (
    np.zeros((0, 0, 3), np.uint8),
    np.zeros((40_000, 1, 3), np.uint8),
    np.full((64, 64, 3), 0.5),
    np.full((64, 64, 3), np.nan, np.float32),
    np.zeros((3, 64, 64), np.uint8),
    "me.jpg",
    Path("me.jpg"),
    None,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--each", type=int, default=20, help="calls of each thread")
    parser.add_argument("--model", metavar="DIR", help="another snapshot than the packaged one")
    parser.add_argument("--detectors", type=int, default=50)
    parser.add_argument("--out", type=Path, metavar="FILE")
    parser.add_argument("--trial", choices=TRIALS, help="this one, here")
    options = parser.parse_args()
    if options.trial:
        print(json.dumps(TRIALS[options.trial](options)))
        return 0
    trials = {name: _apart(name) for name in TRIALS}
    failed = [name for name, found in trials.items() if not found["passed"]]
    result = {"trials": trials, "failed": failed, "most_mb": MOST_MB, **provenance()}
    print(json.dumps(result, indent=2))
    if options.out is not None:
        write_json(options.out, result)
    return 1 if failed else 0


def _apart(name: str) -> dict[str, Any]:
    """A trial in a process of its own, with the options of this one."""
    began = time.monotonic()
    command = [sys.executable, *sys.argv, "--trial", name]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"passed": False, "why": f"no end after {TIMEOUT_SECONDS} s"}
    seconds = round(time.monotonic() - began, 1)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return {"passed": False, "why": f"exit {done.returncode}: {last}", "seconds": seconds}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    passed = found["same"] == found["calls"] and found["grown_mb"] <= MOST_MB
    return {"passed": passed, **found, "seconds": seconds}


def threads(options: argparse.Namespace) -> dict[str, Any]:
    """Many threads that begin at once, each with several calls, on one translator."""
    translator, expected = _translator(options.model)
    before, together = _memory_mb(), threading.Barrier(options.threads)

    def work(thread: int) -> int:
        together.wait()
        names = [TARGETS[(thread + n) % len(TARGETS)] for n in range(options.each)]
        return sum(np.array_equal(_translated(translator, one), expected[one]) for one in names)

    with ThreadPoolExecutor(options.threads) as pool:
        same = sum(pool.map(work, range(options.threads)))
    return _facts(same, options.threads * options.each, before, threads=options.threads)


def front_door(options: argparse.Namespace) -> dict[str, Any]:
    """One `Translator.translate` after another, of a file, a picture and an array in turn."""
    translator, expected = _translator(options.model)
    picture = Image.fromarray(astronaut())
    with tempfile.TemporaryDirectory() as folder:
        picture.save(Path(folder) / "me.png")
        photos = (Path(folder) / "me.png", picture, astronaut())
        before, same = _memory_mb(), 0
        for number in range(options.calls):
            name = TARGETS[number % len(TARGETS)]
            made = translator.translate(photos[number % 3], name)
            same += np.array_equal(made.pixels, expected[name])
    return _facts(same, options.calls, before)


def poisoned(options: argparse.Namespace) -> dict[str, Any]:
    """Calls that must be refused, and networks that fail, between good calls in four threads."""
    translator, expected = _translator(options.model)
    detector, before, refused = LandmarkDetector(), _memory_mb(), []

    def work(number: int) -> bool:
        try:
            translator.translate(BAD[number % len(BAD)], "happy")
        except TypeError:
            refused.append(number)
        try:
            detector.detect(BAD[number % len(BAD)])
        except (TypeError, ValueError):
            refused.append(number)
        if number < FAILURES:
            with contextlib.suppress(EcganError):
                graphs.meshes(np.zeros((0, 0, 3), np.uint8))  # past the checks: it is spoiled
        name = TARGETS[number % len(TARGETS)]
        return np.array_equal(_translated(translator, name), expected[name])

    count = 4 * len(BAD)
    with ThreadPoolExecutor(4) as pool:
        same = sum(pool.map(work, range(count)))
    return _facts(
        same, count, before, refused=len(refused), bad_calls=2 * count, failed_networks=FAILURES
    )


def forked(options: argparse.Namespace) -> dict[str, Any]:
    """Processes forked after the translator was used, also from a process with threads."""
    return _in_processes("fork", options.model)


def spawned(options: argparse.Namespace) -> dict[str, Any]:
    """Processes started afresh."""
    return _in_processes("spawn", options.model)


def calls(options: argparse.Namespace) -> dict[str, Any]:
    """One call after another: detection and recognition, and every tenth time a translation."""
    translator, expected = _translator(options.model)
    points = translator.prepare(_photo()).faces[0].aligned.points
    before, same = _memory_mb(), 0
    for number in range(options.calls):
        ready = translator.prepare(_photo())
        right = np.array_equal(ready.faces[0].aligned.points, points)
        if number % 10 == 0:
            name = TARGETS[number // 10 % len(TARGETS)]
            right &= np.array_equal(translator.render(ready, name).pixels, expected[name])
        same += right
    return _facts(same, options.calls, before)


def detectors(options: argparse.Namespace) -> dict[str, Any]:
    """Detectors opened, used and closed."""
    pixels = astronaut()
    with LandmarkDetector() as detector:
        points = detector.detect(pixels)[0].points
    before, same = _memory_mb(), 0
    for _ in range(options.detectors):
        with LandmarkDetector() as detector:
            same += np.array_equal(detector.detect(pixels)[0].points, points)
    return _facts(same, options.detectors, before, threads_left=threading.active_count())


TRIALS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "threads": threads,
    "front_door": front_door,
    "poisoned": poisoned,
    "fork": forked,
    "spawn": spawned,
    "calls": calls,
    "detectors": detectors,
}


def _in_processes(method: str, model: str | None) -> dict[str, Any]:
    """Two processes translate what this one did; torch may round otherwise on one thread."""
    _, expected = _translator(model)
    before = _memory_mb()
    jobs = 2 * TARGETS
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        made = list(pool.map(_translated_there, jobs, [model] * len(jobs)))
    apart = [
        int(np.abs(pixels.astype(int) - expected[name]).max())
        for name, pixels in zip(jobs, made, strict=True)
    ]
    same = sum(levels <= 1 for levels in apart)
    return _facts(same, len(jobs), before, processes=2, most_levels_apart=max(apart))


_loaded: list[Translator] = []


def _translator(model: str | None) -> tuple[Translator, dict[str, NDArray[np.uint8]]]:
    """A translator after its first calls, and what they gave."""
    translator = Translator.load(model)
    _loaded.append(translator)
    return translator, {name: _translated(translator, name) for name in TARGETS}


def _translated_there(target: str, model: str | None) -> NDArray[np.uint8]:
    """In a process of a pool: a forked one has the translator of the parent."""
    if not _loaded:
        _loaded.append(Translator.load(model))
    return _translated(_loaded[0], target)


def _translated(translator: Translator, target: str) -> NDArray[np.uint8]:
    return translator.translate(_photo(), target).pixels


def _photo() -> Photo:
    return Photo(astronaut(), icc=None, exif=None, alpha=None, path=None, format="PNG")


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _facts(same: int, count: int, before: float, **more: Any) -> dict[str, Any]:
    after = _memory_mb()
    return {
        "calls": count,
        "same": int(same),
        "memory_mb": round(after),
        "grown_mb": round(after - before, 1),
        **more,
    }


if __name__ == "__main__":
    sys.exit(main())
