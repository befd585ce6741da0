"""Prepared data in which each training person shows some of the expressions only.

    python benchmarks/few_expressions.py DATA --expressions 2 --out SPARSE

As real collections are: every training person keeps the neutral images, the photos, and the
re-animated images (those with a pixel-aligned neutral one) of so many expressions, which are drawn
by person so that all expressions stay equally frequent. Validation and test people keep all. The
images stay where they are, behind a link.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from ecgan.data.manifest import Manifest, Record, load_manifest, write_manifest
from ecgan.expressions import NEUTRAL
from ecgan.seeding import numpy_generator

LINK = "all"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--expressions", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    manifest = load_manifest(arguments.data)
    shown = drawn_expressions(manifest, arguments.expressions, arguments.seed)
    kept = [r for r in manifest.records if r.split != "train" or stays(r, shown[r.subject])]
    arguments.out.mkdir(parents=True)
    (arguments.out / LINK).symlink_to(
        os.path.relpath(arguments.data.resolve(), arguments.out.resolve())
    )
    records = tuple(replace(r, image=f"{LINK}/{r.image}", mask=f"{LINK}/{r.mask}") for r in kept)
    title = f"{arguments.expressions} expressions a training person"
    write_manifest(Manifest(arguments.out, records, {**manifest.card, "choice": title}))
    num_train = sum(record.split == "train" for record in records)
    print(f"{num_train} images of {len(shown)} training people, {title}")


def drawn_expressions(manifest: Manifest, count: int, seed: int) -> dict[str, set[str]]:
    """By training person. Person after person in random order takes those taken least so far."""
    people = sorted({record.subject for record in manifest.select(split="train")})
    generator = numpy_generator(seed, "few expressions")
    taken = dict.fromkeys(manifest.vocabulary.expressive, 0)
    shown = {}
    for index in generator.permutation(len(people)):
        draws = dict(zip(taken, generator.random(len(taken)), strict=True))
        first = sorted(taken, key=lambda name: (taken[name], draws[name]))[:count]
        shown[people[index]] = set(first)
        for name in first:
            taken[name] += 1
    return shown


def stays(record: Record, shown: set[str]) -> bool:
    """Whether a training image is kept."""
    return record.expression == NEUTRAL or record.pair is None or record.expression in shown


if __name__ == "__main__":
    main()
