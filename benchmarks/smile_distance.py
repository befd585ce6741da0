"""Are generated smiles nearer to real ones than those that the 3-D model made?

    python benchmarks/smile_distance.py TRANSLATOR DATA --recognizer JUDGE [--split test] [--out F]

KID and FID on the recogniser's fc7 between the real smiles of a split and, of the same people, the
smiles that the translator makes of their neutral photos, of each kind that it knows (the first is
what `happy` gives, and is made at the labelled `--intensities` too); their re-animated smiles; and,
for scale, their neutral photos as they are. Intervals over people.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore, image_side
from ecgan.data.manifest import MANIFEST_NAME, Manifest, load_manifest
from ecgan.evaluation.bootstrap import Samples
from ecgan.evaluation.cases import ready_photo
from ecgan.evaluation.distances import feature_distances
from ecgan.expressions import NEUTRAL, expression_of
from ecgan.files import sha256_file, write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

SMILE = "happy"
Pixels = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("translator")
    parser.add_argument("data", type=Path)
    parser.add_argument("--recognizer", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--intensities", type=float, nargs="+", default=[])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    manifest = load_manifest(arguments.data)
    translator = Translator.load(arguments.translator)
    judge = Recognizer.load(arguments.recognizer)
    intensities: list[float] = arguments.intensities
    sets = collect(manifest, arguments.split, translator, judge, intensities)
    distances = {
        name: {
            figure: groups[SMILE].to_json()
            for figure, groups in feature_distances(made, sets["real"]).items()
        }
        for name, made in sets.items()
        if name != "real"
    }
    result = {
        "to_real_smiles": distances,
        "translator_sha256": translator.sha256,
        "recognizer_sha256": judge.sha256,
        "manifest_sha256": sha256_file(arguments.data / MANIFEST_NAME),
        "split": arguments.split,
        **provenance(),
        "command": "python benchmarks/smile_distance.py TRANSLATOR D --recognizer JUDGE/snapshot "
        f"--split {arguments.split}"
        + (f" --intensities {' '.join(f'{i:g}' for i in intensities)}" if intensities else ""),
    }
    if arguments.out is not None:
        write_json(arguments.out, result)
    print(json.dumps(distances, indent=2))


def collect(
    manifest: Manifest,
    split: Any,
    translator: Translator,
    judge: Recognizer,
    intensities: Sequence[float],
) -> dict[str, Samples]:
    """Features of everybody with a real neutral photo and a real smile, by kind of picture."""
    store = ImageStore(manifest, image_side(manifest), cache_mib=256)
    records = manifest.select(split=split)
    photos = {(r.subject, r.expression): r for r in records if r.pair is None}
    people = {subject for subject, name in photos if name == SMILE and (subject, NEUTRAL) in photos}

    asked = [(n, n, 1.0) for n in translator.vocabulary.names if expression_of(n) == SMILE]
    asked += [(f"{SMILE} at {i:g}", SMILE, i / translator.full(SMILE)) for i in intensities]

    def pictures() -> Iterator[tuple[str, str, Pixels]]:
        for person in sorted(people):
            source = photos[person, NEUTRAL]
            neutral = store.image(source)
            yield "neutral photos", person, neutral
            yield "real", person, store.image(photos[person, SMILE])
            ready = ready_photo(translator, neutral, source)
            for made, kind, strength in asked:
                yield f"translated, {made}", person, translator.render(ready, kind, strength).pixels
        for record in records:
            if record.pair is not None and record.expression == SMILE and record.subject in people:
                yield "re-animated", record.subject, store.image(record)

    sets: defaultdict[str, Samples] = defaultdict(Samples)
    for name, person, pixels in pictures():
        sets[name].add([SMILE], [person], judge.features(to_images(pixels[None])))
    return dict(sets)


if __name__ == "__main__":
    main()
