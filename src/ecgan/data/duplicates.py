"""Pictures that are there more than once: the same pixels, or nearly, found without comparing all
with all."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

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


def find_duplicates(pictures: Callable[[], Iterable[Picture]]) -> tuple[Duplicates, ...]:
    """Groups of the same pixels, whoever is on them, then of nearly the same across people (one
    person's pictures are meant to resemble each other), each in the order of their files.

    `pictures` is called twice, once for their hashes and once for the names of those found,
    so that of the others no more than some 70 bytes each are in memory.
    """
    pixels, looks, people = _packed(pictures())
    same = _equal_rows(pixels)
    del pixels
    alike = _classes(looks, people)
    del looks, people
    found = _looked_up(pictures, [*same, *_near_rows(alike)])
    near = [group for group in found[len(same) :] if len({one.pixels for one in group}) > 1]
    return (*_described("same-pixels", found[: len(same)]), *_described("near", near))


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


def _packed(pictures: Iterable[Picture]) -> tuple[Words, Words, NDArray[np.uint64]]:
    """Hashes of pixels and looks, (number, 2), and what tells people apart, (number,)."""
    pixels, looks, people = bytearray(), bytearray(), bytearray()
    for picture in pictures:
        pixels += bytes.fromhex(picture.pixels)
        looks += bytes.fromhex(picture.looks)
        people += bytes.fromhex(sha256_bytes(picture.subject.encode())[:16])
    return (
        np.frombuffer(pixels, np.uint64).reshape(-1, NUM_BITS // 64),
        np.frombuffer(looks, np.uint64).reshape(-1, NUM_BITS // 64),
        np.frombuffer(people, np.uint64),
    )


def _equal_rows(words: Words) -> list[NDArray[np.int32]]:
    """The places of rows that are there several times."""
    order, starts = _sorted(words)
    (several,) = np.nonzero(np.diff(starts) > 1)
    return [order[starts[k] : starts[k + 1]] for k in several]


class _Classes(NamedTuple):
    """Pictures of equal looks taken together."""

    order: NDArray[np.int32]
    """Places of the pictures, those of a class side by side."""
    starts: NDArray[np.int32]
    """Of the classes in that order, and the end."""
    words: Words
    """The looks of each class."""
    person: NDArray[np.uint64]
    """Who is on the pictures of a class: one of them where `mixed`."""
    mixed: NDArray[np.bool_]


def _classes(looks: Words, people: NDArray[np.uint64]) -> _Classes:
    order, starts = _sorted(looks)
    person, mixed = people[:0], np.empty(0, dtype=bool)
    if len(order):
        ordered = people[order]
        person = np.minimum.reduceat(ordered, starts[:-1])
        mixed = person != np.maximum.reduceat(ordered, starts[:-1])
        del ordered
    return _Classes(order, starts, looks[order[starts[:-1]]], person, mixed)


def _near_rows(alike: _Classes) -> list[NDArray[np.int32]]:
    """The places of pictures of several people that are alike, or linked by such."""
    order, starts, words, person, mixed = alike
    parents = array("i", range(len(words)))
    linked = set(np.flatnonzero(mixed).tolist())
    for pairs in near_pairs(words):
        first, second = pairs.T
        across = mixed[first] | (person[first] != person[second])
        for one, other in pairs[across].tolist():
            linked |= {one, other}
            parents[_root(parents, one)] = _root(parents, other)
    joined: dict[int, list[int]] = defaultdict(list)
    for place in sorted(linked):
        joined[_root(parents, place)].append(place)
    return [
        np.concatenate([order[starts[k] : starts[k + 1]] for k in group])
        for group in joined.values()
    ]


def _sorted(words: Words) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """An order in which equal rows are neighbours, and where in it each different row starts (and
    the end)."""
    order = np.lexsort((words[:, 1], words[:, 0])).astype(np.int32)
    starts = np.ones(len(words) + 1, dtype=bool)
    starts[1:-1] = False
    for column in range(words.shape[1]):
        ordered = words[order, column]
        starts[1:-1] |= ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(starts).astype(np.int32)


def _root(parents: array[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


def _looked_up(
    pictures: Callable[[], Iterable[Picture]], groups: Sequence[NDArray[np.int32]]
) -> list[list[Picture]]:
    """The pictures of groups of places."""
    found: list[list[Picture]] = [[] for _ in groups]
    wanted: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        for place in group.tolist():
            wanted[place].append(number)
    for place, picture in enumerate(pictures()) if wanted else ():
        for number in wanted.get(place, ()):
            found[number].append(picture)
    return found


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
