"""Pool of past translations for the discriminators (Shrivastava et al. 2017; CycleGAN, Sec. 4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ecgan.errors import CheckpointError
from ecgan.precision import at_least_fp32
from ecgan.seeding import numpy_generator
from ecgan.shapes import Codes, Images


@dataclass(frozen=True)
class DiscriminatorInput:
    """Images, each with the z under which a discriminator sees it."""

    images: Images
    codes: Codes
    source: Images | None = None
    """What the images were translated from; beside real images, an image of the other domain."""

    def __add__(self, other: DiscriminatorInput) -> DiscriminatorInput:
        """Both in one batch; both have sources."""
        assert self.source is not None and other.source is not None
        return DiscriminatorInput(
            torch.cat([self.images, other.images]),
            torch.cat([self.codes, other.codes]),
            torch.cat([self.source, other.source]),
        )


class TranslationPool:
    """Keeps up to `capacity` translations and hands out half old, half new ones.

    While it is not full, each new translation is stored and returned. From then on, with
    probability one half it is returned directly; otherwise it takes the place of a random old
    one, which is returned. The draws depend on (seed, name, step) only.
    """

    def __init__(self, capacity: int, seed: int, name: str) -> None:
        self.capacity = capacity
        self._seed = seed
        self._name = name
        self._images: Tensor | None = None  # (capacity, 3, H, W), the first `_count` in use
        self._codes: Tensor | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @torch.no_grad()
    def exchange(self, images: Images, codes: Codes, step: int) -> DiscriminatorInput:
        """Offer a batch of translations, get one of the same size for the discriminator."""
        images, codes = images.detach(), codes.detach()
        if self.capacity == 0:
            return DiscriminatorInput(images, codes)
        if self._images is None or self._codes is None:
            self._images, self._codes = self._room(images), self._room(codes)
        random = numpy_generator(self._seed, "pool", self._name, step)
        out_images, out_codes = images.clone(), codes.clone()
        for i in range(len(images)):
            if self._count < self.capacity:
                place = self._count
                self._count += 1
            elif random.random() < 0.5:
                place = int(random.integers(self.capacity))
                out_images[i], out_codes[i] = self._images[place], self._codes[place]
            else:
                continue
            self._images[place], self._codes[place] = images[i], codes[i]
        return DiscriminatorInput(out_images, out_codes)

    def state_dict(self) -> dict[str, Tensor]:
        """`images` and `codes` in use; empty when nothing is stored."""
        if self._images is None or self._codes is None:
            return {}
        return {"images": self._images[: self._count], "codes": self._codes[: self._count]}

    def load_state_dict(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Replace the content.

        Raises:
            CheckpointError: the state holds more translations than fit.
        """
        self._images = self._codes = None
        self._count = 0
        if not state:
            return
        images, codes = state["images"].to(device), state["codes"].to(device)
        if len(images) > self.capacity:
            raise CheckpointError(
                f"the checkpoint holds a pool of {len(images)} translations, expected at most "
                f"{self.capacity}; resume with the same optimizer.pool"
            )
        self._count = len(images)
        self._images, self._codes = self._room(images), self._room(codes)
        self._images[: self._count], self._codes[: self._count] = images, codes

    def _room(self, like: Tensor) -> Tensor:
        return at_least_fp32(like.new_zeros((self.capacity, *like.shape[1:])))
