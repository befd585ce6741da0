"""Which recipe is to stand for an expression, and how intense is its strength 1 to be?

    python benchmarks/translator/intensities.py TRANSLATOR DATA --recognizer JUDGE --out FILE

Every neutral image of the validation people with every recipe at some labelled intensities: how
often the judge sees the expression, with what probability, and how far the face is from its
person (dlib). Intervals over people. The intensities of `make.sh` were chosen by this.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore, image_side
from ecgan.data.manifest import MANIFEST_NAME, load_manifest
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.evaluation.cases import ready_photo
from ecgan.evaluation.identity import dlib_measure
from ecgan.expressions import NEUTRAL, expression_of
from ecgan.files import sha256_file, write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

FIGURES = ("recognised", "probability", "distance")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("translator", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--recognizer", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="recipes; default: all")
    parser.add_argument("--intensities", type=float, nargs="+", default=[0.8, 0.9, 1.0, 1.1, 1.2])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    manifest = load_manifest(arguments.data)
    translator, judge = Translator.load(arguments.translator), Recognizer.load(arguments.recognizer)
    translator.full_intensity = dict.fromkeys(translator.full_intensity, 1.0)
    recipes = arguments.only or list(translator.full_intensity)
    store, measure = ImageStore(manifest, image_side(manifest), cache_mib=256), dlib_measure()
    found: dict[tuple[str, float], list[tuple[float, ...]]] = defaultdict(list)
    people = []
    for record in manifest.select(split="val", expression=NEUTRAL):
        pixels, points = store.image(record), np.asarray(record.landmarks, np.float32)
        ready, person = ready_photo(translator, pixels, record), measure.describe(pixels, points)
        people.append(record.subject)
        for name in recipes:
            asked = judge.vocabulary.index(expression_of(name))
            for intensity in arguments.intensities:
                made = translator.render(ready, name, intensity).pixels
                seen = judge.probabilities(to_images(made[None]))[0]
                distance = measure.figure(person, measure.describe(made, points))
                right = float(seen.argmax() == asked)
                found[name, intensity].append((right, float(seen[asked]), distance))
    recipes_json: dict[str, dict[str, dict[str, dict[str, float | int]]]] = defaultdict(dict)
    for (name, intensity), values in found.items():
        columns = zip(FIGURES, zip(*values, strict=True), strict=True)
        figures = {figure: mean_over_people(each, people).to_json() for figure, each in columns}
        recipes_json[name][f"{intensity:g}"] = figures
        print(name, intensity, *(f"{key} {figures[key]['value']:.3f}" for key in FIGURES))
    result = {
        "recipes": recipes_json,
        "translator_sha256": translator.sha256,
        "recognizer_sha256": judge.sha256,
        "manifest_sha256": sha256_file(arguments.data / MANIFEST_NAME),
        **provenance(),
        "command": "python benchmarks/translator/intensities.py TRANSLATOR D "
        f"--recognizer JUDGE/snapshot --only {' '.join(recipes)} "
        f"--intensities {' '.join(f'{i:g}' for i in arguments.intensities)}",
    }
    write_json(arguments.out, result)


if __name__ == "__main__":
    main()
