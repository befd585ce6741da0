"""Pictures compared with each other without comparing all with all: those that are there more than
once, and people by the likeness of their faces."""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.files import sha256_bytes

Kind = Literal["same-pixels", "near"]
Words = NDArray[np.uint64]
NUM_BITS = 128
MAX_DISTANCE = 7
"""Bits out of 128 up to which two faces are nearly the same picture."""

_WINDOW = 128
_BLOCK = 4096
_SIDE = 32
_ROWS, _COLUMNS = np.indices((_SIDE, _SIDE))
_LOWEST = np.argsort((_ROWS + _COLUMNS).ravel(), kind="stable")[1 : NUM_BITS + 1]
_ROUNDS = 20


@dataclass(frozen=True)
class Duplicates:
    """A group of files that show the same picture."""

    kind: Kind
    """same-pixels: equal once decoded; near: another size, quality or light of one picture."""
    files: tuple[str, ...]
    people: tuple[str, ...]
    splits: tuple[str, ...]


@dataclass(frozen=True)
class FaceLikeness:
    """Tells faces apart."""

    describe: Callable[[NDArray[np.uint8], NDArray[np.floating]], NDArray[np.float64]]
    """A vector for an aligned (size, size, 3) RGB face with its 68 points."""
    same_below: float
    """Distance of two vectors below which they may be one person's."""


def pixel_hash(pixels: NDArray[np.uint8]) -> str:
    """128 bits of SHA-256 over shape and pixels, as 32 hexadecimal digits."""
    head = "x".join(map(str, pixels.shape)).encode()
    return sha256_bytes(head + np.ascontiguousarray(pixels).tobytes())[: NUM_BITS // 4]


def face_hash(aligned: NDArray[np.uint8]) -> str:
    """Signs against their median of the 128 lowest frequencies (DCT of the gray face at 32 x 32,
    without the mean), as 32 hexadecimal digits. Small changes of size, quality and light flip few
    of the bits.

    Args:
        aligned: (height, width, 3) RGB.
    """
    gray = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    waves = cv2.dct(small).ravel()[_LOWEST]
    return np.packbits(waves > np.median(waves)).tobytes().hex()


def find_duplicates(database: sqlite3.Connection) -> tuple[Duplicates, ...]:
    """Groups of the same pixels, whoever is on them, then of nearly the same across people (one
    person's pictures are meant to resemble each other), each in the order of their files.

    Args:
        database: with a table `accepted` of `file`, `subject`, `split`, `pixels` (`pixel_hash`) and
            `looks` (`face_hash`); some 40 bytes of each image are taken into memory.
    """
    database.execute("CREATE TEMP TABLE alike (hash TEXT PRIMARY KEY, class) WITHOUT ROWID")
    database.execute(
        "INSERT INTO alike SELECT pixels, pixels FROM accepted GROUP BY pixels HAVING COUNT(*) > 1"
    )
    same = _groups(database, "pixels")
    database.execute("DELETE FROM alike")
    database.executemany("INSERT INTO alike VALUES (?, ?)", _near_looks(database))
    near = _groups(database, "looks")
    database.execute("DROP TABLE alike")
    return (*same, *near)


def near_pairs(words: Words) -> Iterator[NDArray[np.int64]]:
    """Pairs (first, second) of rows that differ in at most `MAX_DISTANCE` bits, block by block; a
    pair may come several times.

    Of 8 bands of 16 bits, one must be equal in two rows that differ in 7 bits at most, so only
    rows that share a band are compared; of those, each with the next 128 in the order of the
    whole hash, which bounds the work where thousands share one.

    Args:
        words: (number, 2) hashes; no two rows equal.
    """
    bands = words.view(np.uint16)
    for band in range(bands.shape[1]):
        order = np.lexsort((words[:, 1], words[:, 0], bands[:, band])).astype(np.int32)
        for start in range(0, len(order), _BLOCK):
            rows = order[start : start + _BLOCK + _WINDOW]
            for pairs in _pairs_of_block(words[rows], bands[rows, band]):
                yield np.sort(rows[pairs], axis=1).astype(np.int64)


def _pairs_of_block(words: Words, keys: NDArray[np.uint16]) -> Iterator[NDArray[np.int64]]:
    """Places (first, second) in a block: its first `_BLOCK` rows, each with what follows it."""
    for step in range(1, min(_WINDOW, len(words) - 1) + 1):
        (first,) = np.nonzero(keys[step:][:_BLOCK] == keys[:-step][:_BLOCK])
        if not len(first):
            return
        differing = words[first] ^ words[first + step]
        close = first[np.bitwise_count(differing).sum(axis=1) <= MAX_DISTANCE]
        yield np.stack((close, close + step), axis=1)


def _near_looks(database: sqlite3.Connection) -> list[tuple[str, int]]:
    """Looks of pictures of several people that are alike, or linked by such, each with the number
    of its group."""
    looks, several, person = bytearray(), bytearray(), array("q")
    query = "SELECT looks, MIN(subject), MAX(subject) FROM accepted GROUP BY looks"
    for look, first, last in database.execute(query):
        looks += bytes.fromhex(look)
        several.append(first != last)
        person.append(hash(first))
    words = np.frombuffer(looks, np.uint64).reshape(-1, NUM_BITS // 64)
    mixed, people = np.frombuffer(several, np.bool_), np.frombuffer(person, np.int64)
    parents = array("i", range(len(words)))
    linked = set(np.flatnonzero(mixed).tolist())
    for pairs in near_pairs(words):
        ones, others = pairs.T
        across = mixed[ones] | mixed[others] | (people[ones] != people[others])
        for one, other in pairs[across].tolist():
            linked |= {one, other}
            parents[_root(parents, one)] = _root(parents, other)
    return [(words[place].tobytes().hex(), _root(parents, place)) for place in linked]


def _root(parents: array[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


def _groups(database: sqlite3.Connection, column: Literal["pixels", "looks"]) -> list[Duplicates]:
    """Pictures whose hashes are in one class of the table `alike`; of those that look alike only
    where their pixels differ."""
    found = []
    rows = database.execute(
        f"SELECT class, file, subject, split, pixels FROM accepted CROSS JOIN alike "
        f"ON hash = {column} ORDER BY class, file"
    )
    for _, group in groupby(rows, lambda row: row[0]):
        _, files, people, splits, pixels = zip(*group, strict=True)
        if column == "pixels":
            found.append(Duplicates("same-pixels", files, _set(people), _set(splits)))
        elif len({*pixels}) > 1:
            found.append(Duplicates("near", files, _set(people), _set(splits)))
    return sorted(found, key=lambda group: group.files)


def _set(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({*names}))


def group_people(
    faces: Sequence[tuple[int, str, str, NDArray[np.float64]]],
    root: Path,
    likeness: FaceLikeness,
    progress: Callable[[int, int], None] | None = None,
) -> dict[int, str]:
    """Give images that look like one person one name: that of the first.

    Args:
        faces: number, name, image file below `root` and landmarks of each.

    Returns:
        Names by number.
    """
    vectors = []
    for number, (_, _, file, points) in enumerate(faces, start=1):
        with Image.open(root / file) as image:
            pixels = np.asarray(image.convert("RGB"))
        if progress is not None:
            progress(number, len(faces))
        vectors.append(likeness.describe(pixels, points))
    groups = clusters(np.stack(vectors), likeness.same_below) if vectors else []
    names: dict[int, str] = {}
    for group, (_, name, _, _) in zip(groups, faces, strict=True):
        names.setdefault(group, name)
    return {face[0]: names[group] for face, group in zip(faces, groups, strict=True)}


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
    from scipy.spatial.distance import cdist

    near = []
    for at, one in enumerate(vectors):
        closer = same_below - cdist(one[None], vectors)[0]
        closer[at] = 0
        (others,) = np.nonzero(closer > 0)
        near.append((others, closer[others]))
    return near
