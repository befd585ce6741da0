"""What prepared data hold, in a few hashes: a training goes on with the same data only."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np

from ecgan.data.manifest import SPLITS, Manifest, Record

_MASK = (1 << 128) - 1


def fingerprint(manifest: Manifest) -> dict[str, Any]:
    """Numbers of images and people by split, and a hash of the images and of each thing that is
    known about them. Where the folder lies, what its files are called and their order do not count.
    """
    totals = dict.fromkeys(("images", *_of(manifest.records[0])), 0)
    for record in manifest.records:
        image = record.sha256.encode()
        totals["images"] += _number(image)
        for name, value in _of(record).items():
            totals[name] += _number(image + value)
    counts = {split: len(manifest.select(split=split)) for split in SPLITS}
    people = len({record.subject for record in manifest.records})
    # Sums of hashes: the same whatever the order.
    sums = {name: f"{total & _MASK:032x}" for name, total in totals.items()}
    return {"num_images": counts, "num_people": people, "vocabulary": _names(manifest), **sums}


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What differs between two fingerprints, in words; None where nothing does."""
    for name in ("num_images", "num_people"):
        if before[name] != now[name]:
            return f"{_counted(before)} before, {_counted(now)} now"
    changed = [name for name, value in now.items() if before.get(name) != value]
    return f"other {' and '.join(changed)}" if changed else None


def _of(record: Record) -> dict[str, bytes]:
    label = f"{record.expression}\0{record.intensity!r}\0{record.recipe}"
    points = np.asarray(record.landmarks, dtype=np.float64)
    return {
        "labels": label.encode(),
        "splits": record.split.encode(),
        "people": record.subject.encode(),
        "landmarks": points.tobytes(),
        "pairs": repr(record.pair).encode(),
    }


def _number(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=16).digest())


def _names(manifest: Manifest) -> str:
    return ", ".join(manifest.vocabulary.names)


def _counted(found: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {split}" for split, count in found["num_images"].items())
    return f"{sum(found['num_images'].values())} images ({counts}) of {found['num_people']} people"
