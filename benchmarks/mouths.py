"""How crisp are painted mouths? Translations beside their paired truth, of validation people.

    python benchmarks/mouths.py DATA BEFORE AFTER ... --out benchmarks/results/mouths.json

Of each translator and paired image (the recipe and intensity of its label): the mean gradient of
the mouth over the truth's (1: as crisp; noise counts as crisp too, so look at the pictures), and
the mean absolute difference in grey levels of 255. Intervals over people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ecgan.data.images import ImageStore, image_side
from ecgan.data.manifest import MANIFEST_NAME, load_manifest
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.evaluation.cases import translate_aligned
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_file, write_json
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance
from ecgan.window import Window


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("translators", type=Path, nargs="+")
    parser.add_argument("--split", default="val", choices=("val", "test"))
    parser.add_argument("--every", type=int, default=4, help="of so many images one")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    manifest = load_manifest(arguments.data)
    store = ImageStore(manifest, image_side(manifest), cache_mib=256)
    records = manifest.select(split=arguments.split)
    neutral = {r.pair: r for r in records if r.pair is not None and r.expression == NEUTRAL}
    paired = [r for r in records if r.pair in neutral and r.recipe]
    chosen = paired[:: arguments.every]
    people = [record.subject for record in chosen]
    translators = {}
    for folder in arguments.translators:
        translator = Translator.load(folder)
        # Labels are intensities.
        translator.full_intensity = dict.fromkeys(translator.full_intensity, 1.0)
        crisp, off = [], []
        for record in chosen:
            assert record.intensity is not None and record.pair is not None
            source = neutral[record.pair]
            asked = {f"{record.expression}:{record.recipe}": record.intensity}
            (made,) = translate_aligned(translator, store.image(source), source, asked)
            one, truth = mouth(made), mouth(store.image(record))
            crisp.append(gradient(one) / gradient(truth))
            off.append(float(np.abs(one - truth).mean()))
        translators[translator.sha256] = {
            "gradient_of_truth": mean_over_people(crisp, people).to_json(),
            "difference": mean_over_people(off, people).to_json(),
        }
        print(folder, translators[translator.sha256])
    result = {
        "translators": translators,
        "manifest_sha256": sha256_file(arguments.data / MANIFEST_NAME),
        **provenance(),
        "command": "python benchmarks/mouths.py D0 BEFORE AFTER "
        f"--split {arguments.split} --every {arguments.every}",
    }
    write_json(arguments.out, result)


def mouth(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    part = Window().mouth(torch.from_numpy(pixels.copy()).permute(2, 0, 1))
    return part.permute(1, 2, 0).numpy().astype(np.float64)


def gradient(image: NDArray[np.float64]) -> float:
    return sum(float(np.abs(np.diff(image, axis=axis)).mean()) for axis in (0, 1))


if __name__ == "__main__":
    main()
