"""People by the likeness of their faces, for photos of which nothing says who is on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.results import Results

_BLOCK = 512
_ROUNDS = 20


@dataclass(frozen=True)
class FaceLikeness:
    """Tells faces apart."""

    describe: Callable[[NDArray[np.uint8], NDArray[np.floating]], NDArray[np.float64]]
    """A vector for an aligned (size, size, 3) RGB face with its 68 points."""
    same_below: float
    """Distance of two vectors below which they may be one person's."""


def group_people(
    results: Results,
    root: Path,
    likeness: FaceLikeness,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, int]:
    """Give images that look like one person, and of which nobody said who it is, one name: that of
    the first. Returns how many images, and how many people they show now."""
    numbers, names, vectors = [], [], []
    faces = list(results.faces_alone())
    for number, name, output, points in faces:
        with Image.open(root / output) as image:
            pixels = np.asarray(image.convert("RGB"))
        numbers.append(number)
        names.append(name)
        if progress is not None:
            progress(len(names), len(faces))
        vectors.append(likeness.describe(pixels, np.asarray(points, dtype=np.float64)))
    if not vectors:
        return 0, 0
    groups = clusters(np.stack(vectors), likeness.same_below)
    first = {group: at for at, group in reversed(list(enumerate(groups)))}
    results.rename({n: names[first[g]] for n, g in zip(numbers, groups, strict=True)})
    return len(numbers), len(first)


def clusters(vectors: NDArray[np.float64], same_below: float) -> list[int]:
    """Group of each vector: each takes the group that its neighbours are in, the near ones
    counting more, until none changes (Biemann 2006, "Chinese Whispers", in a fixed order)."""
    count = len(vectors)
    groups = list(range(count))
    near = _neighbours(vectors, same_below)
    order = np.random.default_rng(0).permutation(count)
    for _ in range(_ROUNDS):
        changed = False
        for one in order:
            votes: dict[int, float] = defaultdict(float)
            for other, weight in zip(*near[one], strict=True):
                votes[groups[other]] += float(weight)
            if not votes:
                continue
            best = max(votes, key=lambda group: (votes[group], -group))
            changed |= best != groups[one]
            groups[one] = best
        if not changed:
            break
    return groups


def _neighbours(
    vectors: NDArray[np.float64], same_below: float
) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Of each vector: those nearer than the limit, and by how much."""
    squares = (vectors**2).sum(axis=1)
    near = []
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, start + _BLOCK)
        squared = squares[block, None] + squares[None] - 2 * vectors[block] @ vectors.T
        closer = same_below - np.sqrt(np.maximum(squared, 0))
        closer[np.arange(len(closer)), start + np.arange(len(closer))] = 0
        for row in closer:
            (others,) = np.nonzero(row > 0)
            near.append((others, row[others]))
    return near
