"""`draw`: a folder of labelled drawn faces that `ecgan prepare` takes as it is."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.PngImagePlugin import putchunk

from ecgan import __version__
from ecgan.data.layouts.tables import LABELS_NAME
from ecgan.data.manifest import CARD_NAME
from ecgan.data.pool import run_tasks
from ecgan.errors import UsageError
from ecgan.expressions import EXPRESSIONS, MAX_INTENSITY, NEUTRAL
from ecgan.files import sync_folder, write_json, write_lines
from ecgan.lab.drawn.people import ACTION_UNITS, perform, person, shot
from ecgan.lab.drawn.render import Sitting

MASKS = "masks"
INTENSITIES = (0.4, 0.7, 1.0)
NOTICE = "Drawn face: made by a program from numbers. It shows no real person."
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""IPTC's term for a picture made by an algorithm that was not trained on others."""
SIZES = (32, 1024)
_PNG_HEADER = 33
"""Bytes of the signature and the first chunk, after which text may follow."""


@dataclass(frozen=True)
class Plan:
    """What is drawn of each person."""

    size: int = 128
    seed: int = 0
    intensities: tuple[float, ...] = INTENSITIES
    sittings: int = 1
    """Poses, lights and backgrounds a person."""

    def __post_init__(self) -> None:
        if not SIZES[0] <= self.size <= SIZES[1]:
            raise UsageError(f"the size takes {SIZES[0]} to {SIZES[1]} pixels, got {self.size}")
        if self.seed < 0 or self.sittings < 1:
            raise UsageError(
                f"expected a seed from 0 and sittings from 1, got {self.seed} and {self.sittings}"
            )
        levels = self.intensities
        if not levels or not all(0 < level <= MAX_INTENSITY for level in levels):
            raise UsageError(
                f"intensities take 0 to {MAX_INTENSITY}, without 0; got {list(levels)}"
            )
        if len(set(levels)) != len(levels):
            raise UsageError(f"expected distinct intensities, got {list(levels)}")

    @property
    def images_per_person(self) -> int:
        return self.sittings * (1 + (len(EXPRESSIONS) - 1) * len(self.intensities))


@dataclass(frozen=True)
class DrawReport:
    """What was drawn, and how fast."""

    people: int
    images: int
    seconds: float
    images_per_second: float


def draw(
    out: Path,
    people: int,
    plan: Plan | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DrawReport:
    """Draw people 0 to `people` - 1 of a seed into a new folder, whole or not at all.

    The folder holds `<expression>/<person>_<k>.png`, `masks/` of the same names, `labels.jsonl`
    and `card.json`. Equal arguments give equal files, however many workers draw (none: one a CPU),
    and a person's files do not depend on `people`. `progress` is called with images done and all.

    Raises:
        UsageError: `out` exists and is not empty, or a number is out of range.
    """
    plan = plan or Plan()
    if people < 1:
        raise UsageError(f"expected at least one person, got {people}")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out} exists; choose a new folder, or remove it first")
    out.parent.mkdir(parents=True, exist_ok=True)
    started, total = time.perf_counter(), people * plan.images_per_person
    part = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part"))
    try:
        for expression in EXPRESSIONS:
            (part / expression).mkdir()
            (part / MASKS / expression).mkdir(parents=True)
        lines: dict[int, str] = {}
        for number, text in run_tasks(partial(Worker, part, plan), range(people), workers):
            lines[number] = text
            if progress is not None:
                progress(len(lines) * plan.images_per_person, total)
        write_lines(part / LABELS_NAME, (lines[number] for number in range(people)))
        write_json(part / CARD_NAME, _card(people, plan))
        part.chmod(0o755)
        os.sync()
        part.rename(out)
        sync_folder(out.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    seconds = time.perf_counter() - started
    return DrawReport(people, total, round(seconds, 2), round(total / seconds, 1))


class Worker:
    """Draws all pictures of one person after another."""

    def __init__(self, root: Path, plan: Plan) -> None:
        cv2.setNumThreads(1)  # the processes are the parallelism
        self.root, self.plan = root, plan

    def __call__(self, number: int) -> str:
        """Write the files of a person; gives their lines of `labels.jsonl`."""
        plan, lines = self.plan, []
        looks = person(plan.seed, number)
        subject = f"drawn{plan.seed}-{number:05d}"
        for sitting in range(plan.sittings):
            view = Sitting(looks, shot(plan.seed, number, sitting), plan.size)
            for expression in EXPRESSIONS:
                levels = (0.0,) if expression == NEUTRAL else plan.intensities
                for place, intensity in enumerate(levels):
                    take = sitting * len(plan.intensities) + place
                    action = perform(plan.seed, number, expression, intensity, take)
                    picture = view.draw(action)
                    name = f"{expression}/{subject}_{take}.png"
                    (self.root / name).write_bytes(_png(picture.image))
                    (self.root / MASKS / name).write_bytes(_png(picture.mask))
                    line = {
                        "file": name,
                        "subject": subject,
                        "expression": expression,
                        "intensity": intensity or None,
                        "pair": f"{subject}_{sitting}",
                        "mask": f"{MASKS}/{name}",
                        "action_units": action.levels(),
                        "landmarks": picture.landmarks.round(2).tolist(),
                        "synthetic": "drawn",
                    }
                    lines.append(json.dumps(line) + "\n")
        return "".join(lines)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of RGB or gray pixels that says in its text what it is."""
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".png", ordered)[1].tobytes()
    return data[:_PNG_HEADER] + _marks() + data[_PNG_HEADER:]


@cache
def _marks() -> bytes:
    """The text of every picture, as PNG chunks."""
    chunks = io.BytesIO()
    for key, value in {
        "Synthetic": "true",
        "Description": NOTICE,
        "DigitalSourceType": DIGITAL_SOURCE_TYPE,
        "Software": f"ecgan {__version__}",
    }.items():
        putchunk(chunks, b"tEXt", f"{key}\0{value}".encode("latin-1"))
    return chunks.getvalue()


def _card(people: int, plan: Plan) -> dict[str, Any]:
    return {
        "name": f"drawn faces, seed {plan.seed}",
        "licence": "CC0-1.0",
        "attribution": f"drawn by ecgan {__version__}",
        "synthetic": "drawn",
        "notice": NOTICE,
        "landmarks": "given",
        "people": people,
        **asdict(plan),
        "expressions": list(EXPRESSIONS),
        "action_units": {str(unit): name for unit, name in ACTION_UNITS.items()},
    }
