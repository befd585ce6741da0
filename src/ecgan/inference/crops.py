"""The faces of a photo as generators see them, and what they make of them.

An aligned crop has the resolution of its photo, networks see a few hundred pixels of it. What they
change is kept at their size. It is brought to a crop's own once, where the photo itself is changed;
the crop is never painted for the recogniser or for the next pass.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ecgan.expressions import Vocabulary
from ecgan.faces.change import FaceChange, Floats, Pixels
from ecgan.faces.eyes import Eye, find_eyes, with_still_eyes
from ecgan.faces.finder import AlignedFace, RefusedFace
from ecgan.faces.photo import Photo
from ecgan.inference.recognizer import resize
from ecgan.inference.recomposing import SmallChange, array, recomposed
from ecgan.inference.strength import Request
from ecgan.networks.output import Translation
from ecgan.precision import Precision, autocast
from ecgan.shapes import Images
from ecgan.window import Window


def to_tensor(pixels: NDArray[np.uint8]) -> Images:
    """One uint8 RGB picture, or (batch, height, width, 3), as a batch in [-1, 1]."""
    images = torch.from_numpy(np.array(pixels)).movedim(-1, -3)
    return (images if images.dim() == 4 else images[None]).float() / 127.5 - 1


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """The first image of a batch in [-1, 1] as uint8 RGB; the inverse of `to_tensor`."""
    scaled = ((images[0].float().clamp(-1, 1) + 1) * 127.5).round()
    return np.ascontiguousarray(scaled.to(torch.uint8).permute(1, 2, 0).cpu().numpy())


@dataclass(frozen=True)
class View:
    """How generators see crops."""

    window: Window
    """What they see of a crop."""
    size: int
    """Side in pixels of the images that they learned on."""
    device: torch.device


@dataclass(frozen=True, eq=False)
class PhotoCrop:
    """An aligned crop of given pixels."""

    pixels: Pixels | Floats
    """(side, side, 3) in levels of 255."""
    view: View
    grey: bool = False
    """Whether the face has no colour; see `AlignedFace.grey`."""
    points: Floats | None = None
    """(68, 2) landmarks in its pixels; None: nothing is known of its eyes."""
    change: FaceChange | None = None
    """What has made the pixels from those of the photo; None: nothing."""
    _at: dict[int, Images] = field(default_factory=dict)

    @cached_property
    def shown(self) -> Images:
        """What generators see of it, a batch of one."""
        return self._small(self.seen, self.view.size)

    @property
    def photo(self) -> PhotoCrop:
        """Itself."""
        return self

    @property
    def seen(self) -> Pixels | Floats:
        """What generators see, at the resolution of the photo."""
        return self.pixels[self.view.window.slices(self.side)]

    def at(self, side: int) -> Images:
        """The whole crop at a size, a batch of one."""
        if side not in self._at:
            self._at[side] = self._small(self.pixels, side)
        return self._at[side]

    @property
    def side(self) -> int:
        """In pixels, at the resolution of the photo."""
        return int(self.pixels.shape[0])

    @property
    def painted(self) -> PhotoCrop:
        """Itself."""
        return self

    @cached_property
    def eyes(self) -> tuple[Eye, ...]:
        """Which stay as lids move over them."""
        return () if self.points is None else find_eyes(self.pixels, self.points)

    def changed(self, change: FaceChange) -> PhotoCrop:
        """The crop with a change of it."""
        return replace(self, pixels=change.of(self.pixels), change=change, _at={})

    def _small(self, pixels: Pixels | Floats, side: int) -> Images:
        images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
        return resize(images.to(self.view.device).float(), side) / 127.5 - 1


@dataclass(frozen=True, eq=False)
class ChangedCrop:
    """A crop that a generator has changed."""

    start: Crop
    small: SmallChange
    """Of what generators see of `start`."""

    @property
    def side(self) -> int:
        """In pixels, at the resolution of the photo."""
        return self.start.side

    @property
    def view(self) -> View:
        """How generators see it."""
        return self.start.view

    @property
    def grey(self) -> bool:
        """Whether the face has no colour."""
        return self.start.grey

    @property
    def photo(self) -> PhotoCrop:
        """The crop as it is in the photo."""
        return self.start.photo

    @cached_property
    def painted(self) -> PhotoCrop:
        """At the resolution of the photo: what a further pass starts from."""
        return self.start.painted.changed(self.own_change)

    def at(self, side: int) -> Images:
        """The whole crop at a size, a batch of one, without painting it."""
        before, size = self.start.painted.shown, self.view.size
        change = tensor(self.small.image, self.view.device).clamp(-1, 1) - before
        rows, columns = (
            _resampling(size, part.stop - part.start, part.start, self.side, side).to(before)
            for part in self.view.window.slices(self.side)
        )
        return (self.start.at(side) + rows @ change @ columns.T).clamp(-1, 1)

    @cached_property
    def own_change(self) -> FaceChange:
        """What makes it from `start`."""
        rows, columns = self.view.window.slices(self.side)
        change = self.small.at(rows.stop - rows.start, grey=self.grey)
        change = replace(change, corner=(columns.start, rows.start))
        if self.small.flow is None:
            return change
        before, moves = self.start.painted, self.small.moves(len(change.gate))
        return with_still_eyes(change, moves, before.eyes, before.seen)

    @cached_property
    def change(self) -> FaceChange:
        """What makes it from the photo's own crop."""
        before = self.start.change
        return self.own_change if before is None else self.own_change.after(before)


Crop = PhotoCrop | ChangedCrop


@functools.lru_cache(64)
def _resampling(size: int, length: int, first: int, whole: int, side: int) -> Tensor:
    """(side, size): what a row of `size` pixels is, made as long as `length`, as a part from
    `first` on of a row of `whole`, which is brought to `side`."""
    with torch.inference_mode(False):
        row = torch.eye(size)[None, None]
        if length != size:
            row = functional.interpolate(row, (length, size), mode="bicubic")
        row = functional.pad(row, (0, 0, first, whole - first - length))
        if whole != side:
            row = functional.interpolate(row, (side, size), mode="bilinear", antialias=True)
        return row[0, 0]


def tensor(image: Floats, device: torch.device) -> Images:
    """(height, width, 3) as a batch of one."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None].to(device)


def limited(crop: Crop, weight: Floats) -> Crop:
    """A crop with a share of its change at each pixel, (side, side)."""
    if crop.change is None:
        return crop
    return crop.photo.changed(crop.change.limited(weight[crop.change.part]))


@dataclass(frozen=True)
class ReadyFace:
    """An aligned face, and the crop that its translations to an expression start from."""

    aligned: AlignedFace
    probabilities: dict[str, float] | None
    """What the recogniser sees in the photo; None where it was not asked."""
    source: PhotoCrop
    """The crop as it is in the photo."""
    start: Crop
    """The crop, neutralised `passes` times."""
    passes: int = 0
    expressive: bool = False
    """Whether the recogniser sees an expression in the photo; False where it was not asked."""
    kept: bool = False
    """Whether the photo shows what is asked for, and more of it than a translation would: it is
    then what full strength shows."""

    @property
    def direct(self) -> bool:
        """Whether translations start from an expressive face."""
        return self.expressive and not self.passes


@dataclass(frozen=True)
class ReadyPhoto:
    """A photo whose faces are found: what all its translations share."""

    photo: Photo
    faces: tuple[ReadyFace, ...]
    refused: tuple[RefusedFace, ...]


@dataclass(frozen=True)
class CropGenerator:
    """A generator, for crops of any size."""

    network: nn.Module
    vocabulary: Vocabulary
    view: View
    precision: Precision = "fp32"
    at_once: int = 1
    """Crops in one call of the network: a CPU is no faster with several, and rounds otherwise."""

    def apply(self, start: Crop, expression: str, request: Request) -> Crop:
        """The crop with an expression, as requested; a share of 0 returns the crop."""
        return self.apply_all([(start, expression, request)])[0]

    def apply_all(self, asked: Sequence[tuple[Crop, str, Request]]) -> list[Crop]:
        """`apply` for each."""
        made = [start for start, _, _ in asked]
        todo = [i for i, (_, _, request) in enumerate(asked) if request.share != 0]
        with torch.inference_mode():
            for first in range(0, len(todo), self.at_once):
                group = todo[first : first + self.at_once]
                sources = torch.cat([asked[i][0].painted.shown for i in group])
                codes = [self.vocabulary.code(asked[i][1], asked[i][2].intensity) for i in group]
                code = torch.from_numpy(np.stack(codes)).to(sources.device)
                with autocast(self.precision, sources.device):
                    translations: Translation = self.network(sources, code)
                for row, i in enumerate(group):
                    start, _, request = asked[i]
                    small = self._recomposed(
                        start, translations.part(slice(row, row + 1)), request.share
                    )
                    made[i] = ChangedCrop(start, small)
        return made

    def _recomposed(self, start: Crop, translation: Translation, share: float) -> SmallChange:
        window = self.view.window
        if translation.flow is not None and translation.blend is not None:
            translation = replace(
                translation,
                flow=window.stilled(translation.flow),
                blend=window.stilled(translation.blend),
            )
        source = start.painted
        return recomposed(array(source.shown), source.seen, translation, share).within(window)
