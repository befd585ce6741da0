"""Prepared images and masks as uint8 arrays of the training size, decoded when first asked for; and
which of them come when, in shuffled passes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.manifest import Manifest, Record
from ecgan.errors import DataError
from ecgan.seeding import numpy_generator

Pixels = NDArray[np.uint8]
_MIB = 1 << 20
_AT_ONCE = 1024
"""Records that wait for a thread: each takes more memory than its name."""


class ImageStore:
    """Reads records of one manifest at one size; keeps what fits into the budget.

    What is in memory stays there: training visits everything equally often, so evicting would
    only cost. Safe to share between threads.
    """

    def __init__(self, manifest: Manifest, size: int, cache_mib: int) -> None:
        self.manifest = manifest
        self.size = size
        self._left = cache_mib * _MIB
        self._kept: dict[str, Pixels] = {}
        self._lock = threading.Lock()

    def image(self, record: Record) -> Pixels:
        """(size, size, 3) RGB.

        Raises:
            DataError: the file is missing or damaged.
        """
        return self._get(record.image, "RGB")

    def preload(self, records: Sequence[Record], *, masks: bool = True) -> None:
        """Decode images and masks with all cores, as far as the budget goes."""

        def load(record: Record) -> None:
            if self._has_room():
                self.image(record)
                if masks:
                    self.mask(record)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, len(records), _AT_ONCE):
                list(pool.map(load, records[start : start + _AT_ONCE]))
                if not self._has_room():
                    return

    def _has_room(self) -> bool:
        return self._left >= 3 * self.size**2

    def mask(self, record: Record) -> Pixels:
        """(size, size): 255 inside the face, 0 outside."""
        return self._get(record.mask, "L")

    def _get(self, name: str, mode: str) -> Pixels:
        found = self._kept.get(name)
        if found is not None:
            return found
        pixels = _read(self.manifest.root / name, mode, self.size)
        if mode == "L":
            pixels = np.where(pixels >= 128, np.uint8(255), np.uint8(0))
        pixels.setflags(write=False)
        with self._lock:
            if name not in self._kept and pixels.nbytes <= self._left:
                self._kept[name] = pixels
                self._left -= pixels.nbytes
        return pixels


def image_side(manifest: Manifest) -> int:
    """Side of the prepared images, which are square, in pixels.

    Raises:
        DataError: the first one is missing or damaged.
    """
    path = manifest.image_path(manifest.records[0])
    try:
        with Image.open(path) as image:
            return image.width
    except OSError as error:
        raise DataError(f"cannot read {path}: {error}; run `ecgan prepare` again") from None


def _read(path: Path, mode: str, size: int) -> Pixels:
    try:
        with Image.open(path) as image:
            pixels = image.convert(mode)
            if pixels.size != (size, size):
                shrinks = min(pixels.size) > size
                how = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
                pixels = pixels.resize((size, size), Image.Resampling.BOX if mode == "L" else how)
            return np.array(pixels, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(
            f"cannot read {path}: {str(error).splitlines()[0]}; run `ecgan prepare` again"
        ) from None


def examples(groups: Sequence[Sequence[int]], seed: int, first: int, count: int) -> list[int]:
    """Examples at the positions `first` to `first + count - 1` of an endless sequence.

    The groups take turns (one group: no balancing); each hands out its members in a new random
    order at every pass, so that within a group all are seen equally often.
    """
    drawn = []
    for position in range(first, first + count):
        turn, group = divmod(position, len(groups))
        members = groups[group]
        number, offset = divmod(turn, len(members))
        drawn.append(members[int(_passes(len(members), seed, group)(number)[offset])])
    return drawn


@lru_cache(maxsize=64)
def _passes(num: int, seed: int, group: int) -> Callable[[int], NDArray[np.int64]]:
    """The order of each pass; two are kept, as a batch may lie across them."""

    def shuffled(number: int) -> NDArray[np.int64]:
        return numpy_generator(seed, "order", group, number).permutation(num)

    return lru_cache(maxsize=2)(shuffled)
