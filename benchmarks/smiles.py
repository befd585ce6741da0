"""Calibrate the smile of `ecgan reanimate` on real ones.

    python benchmarks/smiles.py PHOTOS --facekit F [--write] [--out SCORES]

PHOTOS holds neutral/<person>.jpg and happy/<person>.jpg of the same people. The action units of
each real smile are measured from detected landmarks; their mean and covariance over the training
people (the split of `ecgan prepare`) go into src/ecgan/lab/reanimate/smiles.json with --write.
On test people, whose smiles are not used for it, landmarks of re-animated smiles are compared with
those of the real ones.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.data.splits import split_of
from ecgan.faces.alignment import EYE_DISTANCE, align
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import read_photo
from ecgan.files import write_json
from ecgan.lab.reanimate.facekit import FaceKit, read_facekit
from ecgan.lab.reanimate.fit import Fit, fit, measure_units
from ecgan.lab.reanimate.recipes import NATURAL, SMILES_FILE, shape_weights, style_of, weights_of
from ecgan.provenance import provenance
from ecgan.seeding import numpy_generator

UNITS = ("AU6", "AU7", "AU10", "AU12", "AU14", "AU16", "AU20", "AU26")
MOUTH = slice(48, 68)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Smile:
    """One person; points in canonical pixels, eyes brought together."""

    person: str
    neutral: Array
    real: Array
    rest: Fit
    strengths: Array
    """Of `UNITS`, sides together."""
    side: float
    """Of AU12: left less right, over both."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--facekit", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    kit = read_facekit(arguments.facekit)
    smiles = measured(arguments.photos, kit)
    training = [smile for smile in smiles if split_of(smile.person) == "train"]
    test = [smile for smile in smiles if split_of(smile.person) == "test"]
    if arguments.write:
        write_json(SMILES_FILE, {**distribution(training), "provenance": provenance()})
    scores = distances(test, kit)
    if arguments.out is not None:
        write_json(arguments.out, {**scores, "provenance": provenance()})
    print(json.dumps({**scores, **distribution(training)}, indent=2))


def measured(photos: Path, kit: FaceKit) -> list[Smile]:
    """All people with a face found in both photos."""
    detector = LandmarkDetector()
    smiles = []
    for happy in sorted((photos / "happy").glob("*.jpg")):
        both = [detector.detect(read_photo(path).pixels)
                for path in (photos / "neutral" / happy.name, happy)]  # fmt: skip
        if not all(both):
            print(f"no face in a photo of {happy.stem}")
            continue
        neutral, real = (align(faces[0].points).to_aligned(faces[0].points) for faces in both)
        rest = fit(kit, neutral)
        sides = [("AU12", 1.0), ("AU12", -1.0), *((unit, 0.0) for unit in UNITS if unit != "AU12")]
        strengths = measure_units(kit, rest, real, sides)
        # A lean of 1 doubles the left: full strength of one side is half of both.
        left, right, *others = strengths
        by_unit = dict(zip((unit for unit in UNITS if unit != "AU12"), others, strict=True))
        by_unit["AU12"] = left + right
        smiles.append(
            Smile(happy.stem, neutral.astype(float), real.astype(float), rest,
                  np.array([by_unit[unit] for unit in UNITS]),
                  float((left - right) / max(left + right, 1e-3)))
        )  # fmt: skip
    return smiles


def distribution(smiles: list[Smile]) -> dict[str, Any]:
    """What `smiles.json` holds."""
    strengths = np.array([smile.strengths for smile in smiles])
    return {
        "people": len(smiles),
        "units": list(UNITS),
        "mean": strengths.mean(axis=0).round(4).tolist(),
        "covariance": np.cov(strengths.T).round(5).tolist(),
        "side_deviation": round(float(np.std([smile.side for smile in smiles])), 4),
    }


def distances(smiles: list[Smile], kit: FaceKit) -> dict[str, Any]:
    """Mean distances in eye distances, of all 68 points and of the mouth's 20."""
    made = {
        "drawn from the distribution, own style": [predicted(smile, kit) for smile in smiles],
        "the mean smile": [at_mean(smile, kit) for smile in smiles],
        "fitted to the real smile": [at_strengths(smile, smile.strengths, kit) for smile in smiles],
        "the neutral photo": [smile.neutral for smile in smiles],
    }
    rows = {name: [(a, smile.real) for a, smile in zip(some, smiles, strict=True)]
            for name, some in made.items()}  # fmt: skip
    rows["another person's smile, moved onto this face"] = [
        (one.neutral + other.real - other.neutral, one.real)
        for one in smiles
        for other in smiles
        if one is not other
    ]
    rows["real smile of another person"] = [
        (one.real, other.real) for one, other in combinations(smiles, 2)
    ]
    return {"test_people": len(smiles),
            "distance": {name: _distance(pairs) for name, pairs in rows.items()}}  # fmt: skip


def predicted(smile: Smile, kit: FaceKit) -> Array:
    random = numpy_generator(0, "smile", smile.person)
    weights = weights_of("happy", NATURAL, 1.0, style_of(smile.person), random)
    return _landmarks(smile, weights, kit)


def at_mean(smile: Smile, kit: FaceKit) -> Array:
    table = json.loads(SMILES_FILE.read_text())
    return at_strengths(smile, np.array(table["mean"]), kit)


def at_strengths(smile: Smile, strengths: Array, kit: FaceKit) -> Array:
    units = dict(zip(UNITS, strengths.tolist(), strict=True))
    return _landmarks(smile, shape_weights(units, {}), kit)


def _landmarks(smile: Smile, weights: dict[str, float], kit: FaceKit) -> Array:
    moved = smile.rest.vertices + sum(
        np.float32(weight) * kit.shapes[name] for name, weight in weights.items()
    )
    points = smile.rest.project(moved)[kit.landmarks, :2]
    return align(points).to_aligned(points).astype(float)


def _distance(pairs: list[tuple[Array, Array]]) -> dict[str, float]:
    each = np.array([np.linalg.norm(a - b, axis=1) for a, b in pairs]) / EYE_DISTANCE
    means = each[:, MOUTH].mean(axis=1)
    return {
        "all": round(float(each[:, 17:].mean()), 4),
        "mouth": round(float(means.mean()), 4),
        "mouth_deviation": round(float(means.std()), 4),
    }


if __name__ == "__main__":
    main()
