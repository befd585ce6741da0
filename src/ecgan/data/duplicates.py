"""Pictures that are there more than once: the same pixels, or nearly, found without comparing all
with all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.files import sha256_bytes

Kind = Literal["same-pixels", "near"]
Words = NDArray[np.uint64]
NUM_BITS = 128
MAX_DISTANCE = 7
"""Bits out of 128 up to which two faces are nearly the same picture."""

_BAND_BITS = 16
_WINDOW = 128
_SIDE = 32
_ROWS, _COLUMNS = np.indices((_SIDE, _SIDE))
_LOWEST = np.argsort((_ROWS + _COLUMNS).ravel(), kind="stable")[1 : NUM_BITS + 1]


@dataclass(frozen=True)
class Picture:
    """What is compared of one accepted image."""

    file: str
    subject: str
    split: str
    pixels: str
    """Of `pixel_hash`."""
    looks: str
    """Of `face_hash`."""


@dataclass(frozen=True)
class Duplicates:
    """A group of files that show the same picture."""

    kind: Kind
    """same-pixels: equal once decoded; near: another size, quality or light of one picture."""
    files: tuple[str, ...]
    people: tuple[str, ...]
    splits: tuple[str, ...]


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


def find_duplicates(pictures: Iterable[Picture]) -> tuple[Duplicates, ...]:
    """Groups of the same pixels, whoever is on them, then of nearly the same across people (one
    person's pictures are meant to resemble each other), each in the order of their files."""
    listed = list(pictures)
    same = [group for group in _grouped(listed).values() if len(group) > 1]
    near = [
        group for group in _near_groups(listed) if len({picture.pixels for picture in group}) > 1
    ]
    return (*_described("same-pixels", same), *_described("near", near))


def near_pairs(words: Words) -> NDArray[np.int64]:
    """Pairs (first, second) of rows that differ in at most `MAX_DISTANCE` bits, each once.

    Of 8 bands of 16 bits, one must be equal in two rows that differ in 7 bits at most, so only
    rows that share a band are compared; of those, each with the next 128 in the order of the
    whole hash, which bounds the work where thousands share one.

    Args:
        words: (number, 2) hashes; no two rows equal.
    """
    found = [np.empty((0, 2), dtype=np.int64)]
    bands = words.view(np.uint16)
    for band in range(bands.shape[1]):
        order = np.lexsort((words[:, 1], words[:, 0], bands[:, band]))
        keys, sorted_words = bands[order, band], words[order]
        for step in range(1, min(_WINDOW, len(words) - 1) + 1):
            (start,) = np.nonzero(keys[step:] == keys[:-step])
            if not len(start):
                break
            differing = sorted_words[start] ^ sorted_words[start + step]
            close = start[np.bitwise_count(differing).sum(axis=1) <= MAX_DISTANCE]
            found.append(np.sort(np.stack((order[close], order[close + step]), axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _grouped(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    groups: dict[str, list[Picture]] = defaultdict(list)
    for picture in pictures:
        groups[picture.pixels].append(picture)
    return groups


def _near_groups(pictures: Sequence[Picture]) -> list[list[Picture]]:
    by_looks: dict[str, list[Picture]] = defaultdict(list)
    for picture in pictures:
        by_looks[picture.looks].append(picture)
    members = list(by_looks.values())
    if not members:
        return []
    people = [{picture.subject for picture in group} for group in members]
    hashes = b"".join(bytes.fromhex(looks) for looks in by_looks)
    words = np.frombuffer(hashes, dtype=np.uint64).reshape(len(members), -1)
    parents = list(range(len(members)))
    for first, second in near_pairs(words).tolist():
        if len(people[first] | people[second]) > 1:
            parents[_root(parents, first)] = _root(parents, second)
    joined: dict[int, list[Picture]] = defaultdict(list)
    for place, group in enumerate(members):
        joined[_root(parents, place)].extend(group)
    return [group for group in joined.values() if len({p.subject for p in group}) > 1]


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


def _described(kind: Kind, groups: Iterable[Sequence[Picture]]) -> list[Duplicates]:
    described = [
        Duplicates(
            kind,
            tuple(sorted(picture.file for picture in group)),
            tuple(sorted({picture.subject for picture in group})),
            tuple(sorted({picture.split for picture in group})),
        )
        for group in groups
    ]
    return sorted(described, key=lambda group: group.files)
