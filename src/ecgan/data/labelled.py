"""Labelled single images for the recogniser: shuffled passes with optional class balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from ecgan.config import AugmentConfig
from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore, Pixels, examples
from ecgan.data.manifest import Manifest, Split
from ecgan.data.transforms import apply, draw_parameters
from ecgan.errors import DataError
from ecgan.expressions import Vocabulary
from ecgan.seeding import numpy_generator
from ecgan.shapes import Images


class LabelledBatch(NamedTuple):
    """Images with their positions in the vocabulary."""

    images: Images
    labels: Int64[Tensor, " batch"]
    intensity: Float[Tensor, " batch"]
    """Of the expression; 1 where nobody said."""


class LabelledImages:
    """All images of one split with a label, neutral ones among them."""

    def __init__(
        self,
        manifest: Manifest,
        split: Split,
        size: int,
        *,
        vocabulary: Vocabulary | None = None,
        repeat: Mapping[str, int] | None = None,
        cache_mib: int = 1024,
    ) -> None:
        """`repeat`: by source, how often a pass has each image; others once.

        Raises:
            DataError: the split has no images, or none of a source to repeat.
        """
        self.vocabulary = vocabulary or manifest.vocabulary
        self.store = ImageStore(manifest, size, cache_mib)
        names = self.vocabulary.names
        selected = manifest.select(split=split)
        repeat = repeat or {}
        self.records = tuple(
            record
            for record in selected
            if record.expression in names
            for _ in range(repeat.get(record.source, 1))
        )
        if not self.records:
            raise DataError(
                f"the {split} split of {manifest.root} has no images; prepare more people"
            )
        if missing := set(repeat) - {record.source for record in self.records}:
            raise DataError(
                f"repeat names {sorted(missing)[0]!r}, of which the {split} split of "
                f"{manifest.root} has no images; its sources are "
                + ", ".join(sorted({record.source for record in self.records}))
            )
        self.labels: NDArray[np.int64] = np.array(
            [names.index(record.expression) for record in self.records], dtype=np.int64
        )
        self._intensity = np.array(
            [1.0 if record.intensity is None else record.intensity for record in self.records],
            dtype=np.float32,
        )

    def __len__(self) -> int:
        return len(self.records)

    def image(self, index: int) -> Pixels:
        """uint8 (size, size, 3) RGB."""
        return self.store.image(self.records[index])

    def preload(self) -> None:
        """Decode all images that the cache has room for, with all cores."""
        self.store.preload(self.records, masks=False)

    def class_counts(self) -> NDArray[np.int64]:
        """Images of each vocabulary entry."""
        return np.bincount(self.labels, minlength=len(self.vocabulary))

    def batches(
        self,
        batch: int,
        seed: int = 0,
        epoch: int = 0,
        augment: AugmentConfig | None = None,
        *,
        balance: bool = False,
        shuffle: bool = True,
        device: torch.device | str = "cpu",
    ) -> Iterator[LabelledBatch]:
        """One pass: `len(self)` images, the last batch being smaller where it does not divide,
        augmented on `device`.

        With `balance` the labels take turns, so that rare ones are repeated; without `shuffle`
        the images come in manifest order. The pass is a pure function of its arguments.
        """
        order = self._order(seed, epoch, balance) if shuffle else list(range(len(self)))
        for number, start in enumerate(range(0, len(order), batch)):
            chosen = order[start : start + batch]
            images = to_images(np.stack([self.image(index) for index in chosen]), device)
            if augment is not None:
                generator = numpy_generator(seed, "labelled", epoch, number)
                images, _ = apply(draw_parameters(len(chosen), augment, generator), images)
            labels, intensity = self.labels[chosen], self._intensity[chosen]
            yield LabelledBatch(
                images,
                torch.from_numpy(labels).to(device),
                torch.from_numpy(intensity).to(device),
            )

    def _order(self, seed: int, epoch: int, balance: bool) -> list[int]:
        groups: dict[int, list[int]] = defaultdict(list)
        for index, label in enumerate(self.labels):
            groups[int(label) if balance else 0].append(index)
        ordered = [groups[label] for label in sorted(groups)]
        return examples(ordered, seed, epoch * len(self), len(self))
