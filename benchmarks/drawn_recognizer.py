"""How hard drawn faces are: a recogniser trained on 20 of them, tested on others.

    python benchmarks/drawn_recognizer.py --scratch DIR [--out RESULT]

The accuracy on other people must leave room: where it is 100 %, drawn faces could not tell a good
method from a bad one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from recognition import scores

from ecgan.config import RecognizerConfig
from ecgan.config_loading import build
from ecgan.data.manifest import load_manifest
from ecgan.data.prepare import prepare
from ecgan.files import write_json
from ecgan.lab.drawn.folder import Plan, draw
from ecgan.training.recognizer import train_recognizer

SIZE, PEOPLE, SHARES = 64, 44, (45, 10, 45)
CONFIG = {
    "size": SIZE, "batch": 8, "epochs": 60, "patience": 60, "width": 0.25, "pool_size": 1,
    "hidden": 256, "dropout": 0.2, "threads": 1,
    "augment": {
        "flip": True, "rotation_degrees": 8, "scale": 0.08, "shift": 0.04, "brightness": 0.1,
        "contrast": 0.1, "saturation": 0.1, "colour_cast": 0, "light": 0.2, "blur_px": 0.3,
        "noise": 0.02,
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    drawn, data, run = (arguments.scratch / name for name in ("drawn", "data", "run"))
    draw(drawn, PEOPLE, Plan(size=SIZE))
    prepare([drawn], data, size=SIZE, split=SHARES, landmarks="given")
    manifest = load_manifest(data)
    people = {split: len({r.subject for r in manifest.select(split=split)})
              for split in ("train", "val", "test")}  # fmt: skip
    report = train_recognizer(build(RecognizerConfig, CONFIG), data, run)
    result = {"people": people, "config": CONFIG, **scores(report.snapshot, data, "test")}
    if arguments.out is not None:
        write_json(arguments.out, result)
    print(json.dumps({"people": people, **result["by_source"]}, indent=2))


if __name__ == "__main__":
    main()
