"""How a recogniser reads each source of prepared data, on people it was not trained on.

    python benchmarks/recognition.py RECOGNISER DATA [--split test] [--out SCORES]

Mean probability and accuracy by source and expression with intervals over people, and what each
was taken for. A recogniser trained on re-animated people alone, scored on data that also hold
real photos, tells how far re-animation stands for the real thing.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from ecgan.data.dataset import to_images
from ecgan.data.labelled import LabelledImages
from ecgan.data.manifest import MANIFEST_NAME, load_manifest
from ecgan.evaluation.bootstrap import Figures
from ecgan.evaluation.recognition import recognition
from ecgan.files import sha256_file, write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.provenance import provenance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recognizer", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="test", choices=("train", "val", "test"))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = scores(arguments.recognizer, arguments.data, arguments.split)
    if arguments.out is not None:
        write_json(arguments.out, result)
    print(json.dumps(result["by_source"], indent=2))


def scores(snapshot: Path, root: Path, split: Any) -> dict[str, Any]:
    """All figures, with where they come from."""
    recognizer = Recognizer.load(snapshot)
    names = recognizer.vocabulary.names
    data = LabelledImages(load_manifest(root), split, recognizer.size)
    by_source: dict[str, Figures] = defaultdict(Figures)
    taken_for: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for index, record in enumerate(data.records):
        probabilities = recognizer.probabilities(to_images(data.image(index)[None]))
        (figures,) = recognition(probabilities, [names.index(record.expression)])
        by_source[record.source].add(record.expression, record.subject, figures)
        best = names[int(np.argmax(probabilities.numpy()[0]))]
        taken_for[record.source][record.expression][best] += 1
    return {
        "recognizer_sha256": recognizer.sha256,
        "manifest_sha256": sha256_file(root / MANIFEST_NAME),
        "split": split,
        "by_source": {
            source: {
                name: {group: interval.to_json() for group, interval in groups.items()}
                for name, groups in collected.compute().items()
            }
            | {"taken_for": {key: dict(count) for key, count in taken_for[source].items()}}
            for source, collected in by_source.items()
        },
        "provenance": provenance(),
    }


if __name__ == "__main__":
    main()
