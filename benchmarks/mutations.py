"""Damaged images and zips through the reading of `ecgan prepare`.

    PYTHONPATH=tests python benchmarks/mutations.py [--images N] [--zips N] [--out RESULT]

Drawn faces are saved in every common format, packed into zips of class folders, and their bytes
changed at random. A process of its own reads each as `prepare` does; one that takes longer than
LIMIT_S is ended and counted as a hang. Every file must end as read or as a refusal in one line,
and nothing may appear in the folder but the file itself.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from support.mutated import FORMATS, mutated, zipped

from ecgan.data.layouts import list_source
from ecgan.data.reading import SourceReader
from ecgan.errors import DataError, EcganError, ImageError
from ecgan.expressions import EXPRESSIONS
from ecgan.faces.photo import read_photo
from ecgan.files import write_json
from ecgan.lab.drawn.people import perform, person, shot
from ecgan.lab.drawn.render import Sitting
from ecgan.provenance import provenance
from ecgan.seeding import numpy_generator

LIMIT_S = 5.0
SIZE_PX = 64
Case = tuple[str, bytes]
"""File name and bytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--zips", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = {
        "limit_s": LIMIT_S,
        "seed": arguments.seed,
        "images": run(images(arguments.images, arguments.seed)),
        "zips": run(zips(arguments.zips, arguments.seed)),
    }
    print(json.dumps(result, indent=2))
    if arguments.out is not None:
        write_json(arguments.out, {**result, "provenance": provenance()})


def faces(seed: int) -> dict[str, Image.Image]:
    """One drawn face of each expression."""
    sitting = Sitting(person(seed, 0), shot(seed, 0, 0), SIZE_PX)
    return {
        name: Image.fromarray(sitting.draw(perform(seed, 0, name, 1.0)).image)
        for name in EXPRESSIONS
    }


def images(count: int, seed: int) -> Iterator[Case]:
    """Damaged images, each kind as often as the others."""
    face = faces(seed)["happy"]
    whole = {name: encode(face) for name, encode in FORMATS.items()}
    names = list(whole)
    for number in range(count):
        name = names[number % len(names)]
        yield name, mutated(whole[name], numpy_generator(seed, "image", number))


def zips(count: int, seed: int) -> Iterator[Case]:
    """Damaged zips of class folders, deflated and stored."""
    shown = list(faces(seed).items())
    files = {}
    for number, (kind, encode) in enumerate(FORMATS.items()):
        expression, face = shown[number % len(shown)]
        files[f"{expression}/ann_{number}{Path(kind).suffix}"] = encode(face)
    whole = [zipped(files, stored=stored) for stored in (False, True)]
    for number in range(count):
        random = numpy_generator(seed, "zip", number)
        yield "s.zip", mutated(whole[number % 2], random, dense_end=2000, cut=0.1)


def run(cases: Iterator[Case]) -> dict[str, Any]:
    """Outcomes of all cases, each by a process that is replaced where it hangs or dies."""
    outcomes, faults, slowest = Counter[str](), [], (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Path(folder))
        for number, (name, data) in enumerate(cases):
            started = time.perf_counter()
            found, fault = reader(name, data)
            slowest = max(slowest, (time.perf_counter() - started, f"{number} {name}"))
            outcomes.update(found)
            if fault:
                faults.append({"number": number, "name": name, "fault": fault})
        reader.end()
    return {
        "outcomes": dict(sorted(outcomes.items())),
        "faults": faults,
        "slowest_s": round(slowest[0], 3),
        "slowest": slowest[1],
    }


class Reader:
    """A process that reads one file after another in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._start()

    def __call__(self, name: str, data: bytes) -> tuple[dict[str, int], str]:
        """Counts by outcome, and what went wrong: a crash, a hang, or files beside the one."""
        path = self.folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        self._pipe.send(path)
        found, fault = self._answer()
        path.unlink()
        left = sorted(str(other) for other in self.folder.rglob("*") if other != path.parent)
        return found, fault or (f"files appeared: {left}" if left else "")

    def end(self) -> None:
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(
            target=_serve, args=(theirs, self.folder), daemon=True
        )
        self._process.start()
        theirs.close()
        self._pipe.recv()  # started: the time of a file counts from here

    def _answer(self) -> tuple[dict[str, int], str]:
        fault = f"longer than {LIMIT_S:.0f} s"
        if self._pipe.poll(LIMIT_S):
            try:
                found, fault = self._pipe.recv()
                return found, fault
            except EOFError:
                fault = "the process died"
        self.end()
        self._start()
        return {"hang or crash": 1}, fault


def _serve(pipe: Connection, folder: Path) -> None:
    os.chdir(folder)
    Image.init()  # loads all decoders, which is no part of reading the first file
    pipe.send("ready")
    while True:
        path = pipe.recv()
        try:
            outcomes = Counter(_outcomes(path))
        except Exception:  # the very thing that is looked for
            pipe.send(({"unnamed error": 1}, traceback.format_exc()))
        else:
            pipe.send((dict(outcomes), ""))


def _outcomes(path: Path) -> Iterator[str]:
    """One for an image; for a zip one for itself and one for each image that it lists."""
    if path.suffix != ".zip":
        yield _read(path, path.read_bytes())
        return
    try:
        listing = list_source(path).listing
    except DataError as error:
        yield _refusal("zip", error)
        return
    yield "zip listed"
    for rejection in listing.rejected:
        yield _one_line(f"member refused: {rejection.reason}", rejection.message)
    reader = SourceReader()
    for image in listing.images:
        try:
            data = reader.read(image.place)
        except ImageError as error:
            yield _refusal("member", error)
        else:
            yield _read(Path(image.name), data)


def _read(path: Path, data: bytes) -> str:
    try:
        photo = read_photo(path, data)
    except ImageError as error:
        return _refusal("image", error)
    if photo.pixels.ndim != 3 or photo.pixels.dtype != np.uint8:
        raise TypeError(f"read as {photo.pixels.shape} {photo.pixels.dtype}")
    return "image read"


def _refusal(what: str, error: EcganError) -> str:
    return _one_line(f"{what} refused", str(error))


def _one_line(outcome: str, message: str) -> str:
    if not message or "\n" in message:
        raise ValueError(f"expected a message in one line, got {message!r}")
    return outcome


if __name__ == "__main__":
    main()
