"""CPU time of the way of one photo, file to file, by stage: the first target, and each further one.

    python benchmarks/photo_path.py [PHOTO...] [--backend B] --out F [--pictures DIR]

Without PHOTO: scikit-image's astronaut, his face alone (a portrait) and the whole picture,
enlarged or reduced to each side of `--sides`. CPU time and the least of several runs, since other
programs on the machine change neither much. `--pictures` keeps the translated pixels as PNG, and
`--like DIR` compares them with those of another run: of the same photos, before and after a change
of the code.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ecgan.faces import finder, landmarks
from ecgan.faces.change import photo_mask
from ecgan.faces.photo import read_photo
from ecgan.files import write_json
from ecgan.inference import marking, results, translator
from ecgan.inference.backends import parse_backend
from ecgan.inference.face_translator import FaceTranslator
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

SIDES = (1024, 512)
TARGETS = ("happy", "sad", "angry", "surprise")
HEAD = (slice(25, 211), slice(131, 317))
"""Rows and columns of the astronaut's head."""
Pixels = NDArray[np.uint8]
_STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "detect": ((landmarks.LandmarkDetector, "detect"),),
    "align": ((finder, "align_face"),),
    "doubts": ((translator, "check_readable"),),
    "recognise": ((FaceTranslator, "seen_in"),),
    "recompose": (
        (FaceTranslator, "made_faces"),
        (FaceTranslator, "ready_faces"),
        (Translator, "render_all"),
    ),
    "paste": ((translator, "change_face"),),
    "encode": ((marking, "encode_photo"),),
    "outside_face": ((marking, "outside_face"), (results.Translated, "face_area")),
    "write": ((marking, "write_bytes"), (marking, "write_json")),
    "hash": ((marking, "sha256_file"), (marking, "sha256_bytes")),
}
"""What counts to each stage; what it calls of another stage does not."""


class Clock:
    """CPU seconds by stage; the innermost running stage counts."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._running = ["rest"]
        self._since = time.process_time()

    def _tick(self) -> None:
        now = time.process_time()
        self.spent[self._running[-1]] += now - self._since
        self._since = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._tick()
        self._running.append(name)
        try:
            yield
        finally:
            self._tick()
            self._running.pop()

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return call(*args, **kwargs)

        return timed

    def taken(self) -> dict[str, float]:
        """Milliseconds by stage since the last call."""
        self._tick()
        spent, self.spent = self.spent, Counter()
        return {name: 1e3 * seconds for name, seconds in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--backend", type=parse_backend, default="torch")
    parser.add_argument("--model")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pictures", type=Path, help="folder for what is made")
    parser.add_argument("--like", type=Path, help="folder of another run")
    options = parser.parse_args()
    made_by = Translator.load(options.model, backend=options.backend)
    clock = watched(made_by)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, pixels in photos(options.photos):
            for side in options.sides:
                file = Path(scratch) / f"{name}-{side}.jpg"
                Image.fromarray(resized(pixels, side)).save(file, quality=95)
                rows.append(measured(made_by, clock, file, options.times, options.pictures))
                print_row(rows[-1])
                if options.like and options.pictures:
                    rows[-1]["difference"] = differences(made_by, file, options)
                    print("  ", rows[-1]["difference"], flush=True)
    if options.out is not None:
        about = {"engine": made_by.engine, "recognizer_engine": made_by.recognizer.engine,
                 "threads": torch.get_num_threads(), "targets": TARGETS}  # fmt: skip
        write_json(options.out, {**about, "photos": rows, **provenance()})


def watched(made_by: Translator) -> Clock:
    """The clock of all stages, from here on."""
    clock = Clock()
    for stage, places in _STAGES.items():
        for where, name in places:
            setattr(where, name, clock.timed(stage, getattr(where, name)))
    for generator in (made_by._to_expression, made_by._to_neutral):
        network = generator.network
        network.forward = clock.timed("network", network.forward)
    return clock


def photos(paths: list[Path]) -> Iterator[tuple[str, Pixels]]:
    if paths:
        yield from ((path.stem, read_photo(path).pixels) for path in paths)
        return
    from skimage.data import astronaut

    pixels = astronaut()
    yield "portrait", np.ascontiguousarray(pixels[HEAD])
    yield "astronaut", pixels


def resized(pixels: Pixels, side: int) -> Pixels:
    """With its longer side as asked."""
    scale = side / max(pixels.shape[:2])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=kind), np.uint8)


def measured(
    made_by: Translator, clock: Clock, file: Path, times: int, pictures: Path | None
) -> dict[str, Any]:
    """The least time of each stage."""
    first: list[dict[str, float]] = []
    further: list[dict[str, float]] = []
    for _ in range(times + 1):  # the first warms up
        clock.taken()
        with clock.stage("decode"):
            photo = read_photo(file)
        ready = made_by.prepare(photo)
        sha256 = marking.source_sha256(photo)
        for target in TARGETS:
            made = made_by.render(ready, target)
            output = file.with_name(f"{file.stem}.{target}.jpg")
            made.save(output, mark=made.mark(sha256=sha256))
            (first if target == TARGETS[0] else further).append(clock.taken())
            if pictures is not None and len(first) == 1:
                pictures.mkdir(parents=True, exist_ok=True)
                Image.fromarray(made.pixels).save(pictures / f"{file.stem}.{target}.png")
    face = ready.faces[0]
    return {
        "photo": file.stem,
        "photo_px": [photo.pixels.shape[1], photo.pixels.shape[0]],
        "crop_px": face.aligned.alignment.size,
        "passes": face.passes,
        "first_ms": least(first[1:]),
        "further_ms": least(further[len(TARGETS) - 1 :]),
        "starts": [passes_of(made_by, ready, target) for target in TARGETS],
    }


def passes_of(made_by: Translator, ready: Any, target: str) -> int:
    """Of the translation that was chosen."""
    return made_by.render(ready, target).faces[0].passes


def least(runs: list[dict[str, float]]) -> dict[str, float]:
    """By stage, its least time; and of the run that was fastest as a whole."""
    names = dict.fromkeys(name for run in runs for name in run)
    rounded = {name: round(min(run.get(name, 0.0) for run in runs), 1) for name in names}
    return {"whole": round(min(sum(run.values()) for run in runs), 1), **rounded}


def print_row(row: dict[str, Any]) -> None:
    print(f"{row['photo']} (crop {row['crop_px']} px, {row['passes']} passes)")
    for which in ("first_ms", "further_ms"):
        print(f"  {which}:", ", ".join(f"{k} {v:.0f}" for k, v in row[which].items()), flush=True)


def differences(made_by: Translator, file: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Between both runs, in levels of 255 in the face: the share of values that are at most 1 level
    apart, the 99.9th percentile and the largest."""
    face = made_by.prepare(read_photo(file)).faces[0].aligned
    found: list[NDArray[np.int16]] = []
    for target in TARGETS:
        name = f"{file.stem}.{target}.png"
        one, other = (
            np.asarray(Image.open(folder / name)).astype(np.int16)
            for folder in (options.like, options.pictures)
        )
        inside = photo_mask(one.shape, face.alignment, face.mask) > 0
        found.append(np.abs(one - other)[inside].ravel())
    apart = np.concatenate(found)
    return {
        "within_1": round(float((apart <= 1).mean()), 5),
        "p999": float(np.percentile(apart, 99.9)),
        "largest": int(apart.max()),
        "mean": round(float(apart.mean()), 4),
    }


if __name__ == "__main__":
    main()
