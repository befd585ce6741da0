"""Time and memory of a manifest of many rows, and of the training data made from it (on Linux).

    python benchmarks/manifest.py --rows 1000000 --scratch DIR --out RESULTS

Writes rows as `ecgan prepare` would into DIR (once), in two kinds: a few pictures of each person,
and each picture a person of its own. The steps of a kind are measured one after the other in one
process; memory is its peak so far, the interpreter and all libraries included. Wall-clock seconds
mean something on a quiet machine alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ecgan.data.manifest import (
    MANIFEST_NAME,
    Record,
    write_records,
)
from ecgan.data.points import NUM_LANDMARKS
from ecgan.data.splits import split_of
from ecgan.expressions import EXPRESSIONS, NEUTRAL
from ecgan.files import sha256_bytes, write_json
from ecgan.provenance import provenance

SIZE_PX = 256
IMAGES_A_PERSON = {"a few pictures of each person": 19, "each picture a person": 1}
STEPS = {
    "interpreter": "from ecgan.data.manifest import load_manifest",
    "load_manifest": "manifest = load_manifest(folder)",
    "fingerprint": ("from ecgan.data.manifest import fingerprint\nfingerprint(manifest)"),
    "import torch": "from ecgan.data.labelled import LabelledImages",
    "LabelledImages": "LabelledImages(manifest, 'train', 64)",
    "TranslationData": (
        "from ecgan.data.dataset import TranslationData\n"
        "TranslationData(manifest, 'train', size=64)"
    ),
}
"""Code of each measurement."""
PROBE = """
import json, resource, sys, time
from pathlib import Path
folder, found = Path(sys.argv[1]), {}
for name, step in json.loads(sys.argv[2]).items():
    wall, cpu = time.perf_counter(), time.process_time()
    exec(step)
    found[name] = {
        "seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    print(name, found[name], file=sys.stderr, flush=True)
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    result: dict[str, Any] = {"rows": options.rows, "kinds": {}}
    for kind, images_a_person in IMAGES_A_PERSON.items():
        folder = options.scratch / f"manifest-{options.rows}-{images_a_person}"
        if not (folder / MANIFEST_NAME).exists():
            make(folder, options.rows, images_a_person)
        measured = measure(folder)
        growth = measured["load_manifest"]["peak_mib"] - measured["interpreter"]["peak_mib"]
        result["kinds"][kind] = {
            "manifest_mib": round((folder / MANIFEST_NAME).stat().st_size / 2**20, 1),
            "peak_bytes_a_record": round(growth * 2**20 / options.rows),
            **measured,
        }
    print(json.dumps(result, indent=2))
    if options.out is not None:
        write_json(options.out, {**result, **provenance()})


def make(folder: Path, rows: int, images_a_person: int) -> None:
    """A manifest of that many rows; the files of the first one alone are there."""
    write_records(folder, records(rows, images_a_person), {"expressions": list(EXPRESSIONS)})
    for part, mode in (("images", "RGB"), ("masks", "L")):
        (folder / part).mkdir(exist_ok=True)
        Image.new(mode, (SIZE_PX, SIZE_PX), "white").save(folder / part / "000000000.png")


def records(rows: int, images_a_person: int) -> Iterator[Record]:
    random = np.random.default_rng(0)
    for number in range(rows):
        subject = f"person{number // images_a_person:07d}"
        expression = EXPRESSIONS[number % len(EXPRESSIONS)]
        points = np.round(random.uniform(0, SIZE_PX, (NUM_LANDMARKS, 2)), 2).tolist()
        yield Record(
            image=f"images/{number:09d}.png",
            mask=f"masks/{number:09d}.png",
            subject=subject,
            expression=expression,
            intensity=0.0 if expression == NEUTRAL else round(float(random.random()), 4),
            split=split_of(subject),
            source="made",
            sha256=sha256_bytes(str(number).encode()),
            landmarks=points,
            pair=f"made:{subject}" if images_a_person > 1 else None,
        )


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Seconds of each step, and the peak after it."""
    call = [sys.executable, "-c", PROBE, str(folder), json.dumps(STEPS)]
    done = subprocess.run(call, check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    main()
