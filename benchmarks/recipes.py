"""What a recogniser that others trained sees in re-animated people: each recipe and intensity.

    cd benchmarks/outside && npm install && cd ../..
    python benchmarks/recipes.py PHOTOS... --facekit ict.npz --section after

PHOTOS are folders of photos, or hold `neutral/`. A `labels.jsonl` beside the photos says who is in
them, and which ones the network calls neutral. The people of one split with closed lips and open
eyes get every recipe (or `--recipes`) at every intensity with their own style, as training pictures
have it. face-api.js (MIT, @vladmandic/face-api) says what it sees. Intervals over people. Each
section of the result file is one run: `before` with the code as it was, `after` as it is.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from outside_recogniser import recognised
from PIL import Image

from ecgan.data.splits import split_of
from ecgan.errors import EcganError
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.expressions import NEUTRAL
from ecgan.faces.alignment import crop
from ecgan.faces.landmark_files import given_landmarks
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import read_photo
from ecgan.files import sha256_bytes, write_json
from ecgan.lab.reanimate.facekit import FaceKit, read_facekit
from ecgan.lab.reanimate.portrait import Portrait, portrait_of
from ecgan.lab.reanimate.recipes import Style, style_of, variants_of, weights_of
from ecgan.lab.reanimate.render import open_lids, render
from ecgan.lab.reanimate.worker import check_neutral, frame_of
from ecgan.provenance import provenance
from ecgan.seeding import numpy_generator

EXPRESSIONS = ("happy", "sad", "angry", "fear", "disgust", "surprise")
SURELY = 0.7
"""Probability of neutral from which a photo of `labels.jsonl` counts as neutral."""
SIZE = 320


class Sitter(NamedTuple):
    """Somebody at rest."""

    name: str
    portrait: Portrait
    style: Style


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--facekit", type=Path, required=True)
    parser.add_argument("--section", required=True, help="of the result file: before, after")
    parser.add_argument("--split", default="val", choices=("train", "val"))
    parser.add_argument("--recipes", nargs="+", help="such as happy:laugh; none: all")
    parser.add_argument("--intensities", type=float, nargs="+", default=[1.0])
    parser.add_argument("--leave-out", nargs="*", default=[], help="people who wear sunglasses")
    parser.add_argument("--most", type=int, help="of the people, in a random order")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/recipes.json"))
    parser.add_argument("--pictures", type=Path, help="keep them in this folder")
    arguments = parser.parse_args()
    asked = arguments.recipes or [f"{e}:{v}" for e in EXPRESSIONS for v in variants_of(e)]
    kit = read_facekit(arguments.facekit)
    found = neutral_photos(arguments.photos)
    chosen = sorted(found, key=lambda one: sha256_bytes(one[0].encode()))
    usable = portraits(chosen, kit, arguments.split, arguments.leave_out)
    people = list(islice(usable, arguments.most))
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.pictures or Path(scratch)
        started = time.perf_counter()
        number = 0
        for person in people:
            for recipe in asked:
                for intensity in arguments.intensities:
                    write_picture(folder, person, recipe, intensity)
                    number += 1
        seconds = time.perf_counter() - started
        seen = recognised(folder)
    table: dict[str, dict[str, object]] = {}
    for recipe in asked:
        for intensity in arguments.intensities:
            rows = {p.name: seen[f"{p.name}.{recipe}.{intensity:g}.png"] for p in people}
            table.setdefault(recipe, {})[f"{intensity:g}"] = figures(rows, recipe.split(":")[0])
            print(recipe, f"{intensity:g}", table[recipe][f"{intensity:g}"], flush=True)
    result = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    result[arguments.section] = {
        "recipes": table,
        "people": len(people),
        "split": arguments.split,
        "network": "face-api.js 1.7.15, expression network",
        "pictures_a_second": round(number / seconds, 2),
        **provenance(),
        "command": f"python benchmarks/recipes.py PHOTOS --facekit ict.npz "
        f"--section '{arguments.section}' --split {arguments.split}"
        + (f" --recipes {' '.join(arguments.recipes)}" if arguments.recipes else "")
        + f" --intensities {' '.join(f'{i:g}' for i in arguments.intensities)}"
        + (f" --most {arguments.most}" if arguments.most else "")
        + (f" --leave-out {' '.join(arguments.leave_out)}" if arguments.leave_out else ""),
    }
    write_json(arguments.out, result)


def portraits(
    photos: list[tuple[str, Path]], kit: FaceKit, split: str, left_out: list[str]
) -> Iterator[Sitter]:
    """Everybody of the split with a usable neutral photo, once."""
    detector = LandmarkDetector()
    met = set(left_out)
    for person, file in photos:
        if person in met or split_of(person) != split:
            continue
        photo = read_photo(file)
        points, _ = given_landmarks(file, photo.pixels.shape)
        if points is None:
            faces = detector.detect(photo.pixels)
            if not faces:
                continue
            points = faces[0].points
        try:
            check_neutral(points)
            frame = frame_of(points, SIZE)
            style = style_of(person)
            own = portrait_of(crop(photo.pixels, frame), frame.to_aligned(points), kit, style)
        except EcganError:
            continue
        met.add(person)
        yield Sitter(person, own, style)


def neutral_photos(folders: list[Path]) -> Iterator[tuple[str, Path]]:
    """Names and files."""
    for folder in folders:
        labels = folder / "labels.jsonl"
        if labels.exists():
            for line in labels.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                if row["outside_network"][NEUTRAL] > SURELY:
                    yield row["person"], folder / row["file"]
        else:
            own = folder / NEUTRAL if (folder / NEUTRAL).is_dir() else folder
            yield from ((file.stem, file) for file in sorted(own.glob("*.jpg")))


def write_picture(folder: Path, person: Sitter, recipe: str, intensity: float) -> None:
    """As `ecgan reanimate` makes it."""
    expression, variant = recipe.split(":")
    random = numpy_generator(0, "picture", person.name, recipe, f"{intensity:g}")
    weights = weights_of(expression, variant, intensity, person.style, random)
    made = render(person.portrait, open_lids(person.portrait, weights, expression))
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(made.pixels).save(folder / f"{person.name}.{recipe}.{intensity:g}.png")


def figures(rows: dict[str, dict[str, object]], expression: str) -> dict[str, object]:
    """Recognised as asked, and how often as what."""
    people = list(rows)
    says = [str(rows[person]["says"]) for person in people]
    right = mean_over_people([one == expression for one in says], people)
    probability = float(np.mean([float(str(rows[person][expression])) for person in people]))
    seen_as = {name: says.count(name) for name in sorted(set(says))}
    return {
        "recognised": right.to_json(),
        "mean_probability": round(probability, 3),
        "seen_as": seen_as,
    }


if __name__ == "__main__":
    main()
