"""How recognisers read photos of people who do not exist, from file to verdict.

    python benchmarks/imagined_recognition.py IMAGINED DATA RECOGNIZER... --out \
        benchmarks/results/imagined_recognition.json

Photos of test people of DATA and of people who are in no part of it; without those on which eyes or
mouth are hidden, that may be of a minor, or are no photo (`imagined_labels.csv`). Compared with the
labels by eye of two passes; with what an outside network (face-api.js) is sure of; and with the
expression that a picture was searched for. Accuracy with 95 % intervals over people, and the
expected calibration error against the labels by eye. RECOGNIZER is a snapshot, or `packaged`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from outside_recogniser import read_labels

from ecgan import Recognizer
from ecgan.data.manifest import load_manifest
from ecgan.evaluation.bootstrap import Figures
from ecgan.faces.finder import FaceFinder
from ecgan.files import write_json
from ecgan.provenance import provenance
from ecgan.training.recognizer_scores import expected_calibration_error

LABELS = Path(__file__).with_name("imagined_labels.csv")
HIDDEN = {"covered", "sunglasses", "not_face", "young"}
SURE = 0.9
"""Probability from which the outside network's verdict counts as confident."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("imagined", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("recognizers", nargs="+")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    photos = unseen(arguments.imagined, arguments.data, arguments.split)
    finder = FaceFinder()
    result: dict[str, Any] = {"split": arguments.split, "photos": len(photos)}
    for name in arguments.recognizers:
        recognizer = Recognizer.load(None if name == "packaged" else name)
        result[name if name == "packaged" else recognizer.sha256[:12]] = scores(
            recognizer, finder, photos
        )
    result |= {"command": "python benchmarks/imagined_recognition.py ...", **provenance()}
    if arguments.out is not None:
        write_json(arguments.out, result)
    print(json.dumps(result, indent=1))


def unseen(imagined: Path, data: Path, split: str) -> list[dict[str, Any]]:
    """Records of photos whose person neither trained nor chose."""
    rows = read_labels(LABELS)
    parts = defaultdict(set)
    for record in load_manifest(data).records:
        parts[record.subject].add(record.split)
    found = []
    for line in (imagined / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        row = rows[record["file"]]
        nobody = split == "test" and record["person"] not in parts
        if not set(row["flags"].split()) & HIDDEN and (nobody or split in parts[record["person"]]):
            found.append(record | {"path": imagined / record["file"], "eye": row["expression"]})
    return found


def scores(
    recognizer: Recognizer, finder: FaceFinder, photos: list[dict[str, Any]]
) -> dict[str, Any]:
    """By kind of label: accuracy, of all and by expression, and what was taken for what."""
    figures: dict[str, Figures] = defaultdict(Figures)
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    names = recognizer.vocabulary.names
    probabilities, truth, failed = [], [], []
    for photo in photos:
        try:
            (face, *_) = recognizer.recognize(photo["path"], finder)
        except Exception as error:  # counted: no photo is left out without a word
            failed.append(f"{photo['file']}: {error}")
            continue
        outside = photo["outside_network"] or {}
        verdict = max(outside, key=outside.get) if outside else None
        labels = {
            "by_eye": photo["eye"] if photo["eye"] != "unsure" else None,
            "outside_network_sure": verdict if verdict and outside[verdict] >= SURE else None,
            "searched_for": photo["searched_for"],
        }
        for kind, label in labels.items():
            if label not in names:
                continue
            hit = float(face.expression == label)
            figures[kind].add(label, photo["person"], {"accuracy": hit})
            taken[kind][f"{label} as {face.expression}"] += 1
            if kind == "by_eye":
                probabilities.append([face.probabilities[name] for name in names])
                truth.append(names.index(label))
    return {
        "sha256": recognizer.sha256,
        "temperature": recognizer.temperature,
        "failed": failed,
        "calibration_error_by_eye": expected_calibration_error(
            np.array(probabilities), np.array(truth)
        ),
        **{
            kind: {
                "accuracy": {
                    name: interval.to_json()
                    for name, interval in collected.compute()["accuracy"].items()
                },
                "taken_for": dict(taken[kind].most_common()),
            }
            for kind, collected in figures.items()
        },
    }


if __name__ == "__main__":
    main()
