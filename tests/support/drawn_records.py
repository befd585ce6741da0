"""Manifests of drawn patterns with any subjects, labels, splits and pairs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from ecgan.data.manifest import Manifest, Record, Split, vocabulary_of, write_manifest

POINTS = tuple((float(4 + i % 20), float(5 + i // 2)) for i in range(68))


def pattern(seed: int, size: int = 64) -> np.ndarray:
    """A smooth coloured picture (size, size, 3) that differs with the seed, without symmetry."""
    y, x = np.mgrid[0:size, 0:size].reshape(2, -1) / size
    rng = np.random.default_rng(seed)
    waves = [np.sin(rng.uniform(2, 9, 2) @ np.stack([x, y]) + rng.uniform(0, 6)) for _ in range(3)]
    return (127 + 100 * np.stack(waves, 1).reshape(size, size, 3)).astype(np.uint8)


def record(
    subject: str,
    expression: str,
    split: Split = "train",
    intensity: float | None = None,
    pair: str | None = None,
    *,
    number: int = 0,
) -> Record:
    name = f"drawn/{expression}/{subject}_{number}"
    return Record(
        image=f"images/{name}.png",
        mask=f"masks/{name}.png",
        subject=subject,
        expression=expression,
        intensity=intensity,
        split=split,
        source="drawn",
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        landmarks=POINTS,
        pair=pair,
    )


def make_manifest(root: Path, records: list[Record], size: int = 64) -> Manifest:
    """Draw the images of some records and write their manifest."""
    for seed, item in enumerate(records):
        for name in (item.image, item.mask):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pattern(seed, size)).save(root / item.image)
        mask = np.zeros((size, size), np.uint8)
        mask[size // 4 : size // 2, size // 4 : -size // 8] = 255
        Image.fromarray(mask).save(root / item.mask)
    card = {"expressions": list(vocabulary_of(item.expression for item in records).names)}
    manifest = Manifest(root, tuple(records), card)
    write_manifest(manifest)
    return manifest
