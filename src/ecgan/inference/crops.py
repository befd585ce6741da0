"""The faces of a photo as generators see them, and what they make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgan.expressions import Vocabulary
from ecgan.faces.alignment import FaceChange
from ecgan.faces.finder import AlignedFace, RefusedFace
from ecgan.faces.photo import Photo
from ecgan.inference.recognizer import resize
from ecgan.inference.strength import Request
from ecgan.networks.output import Change, Translation, no_change, recomposed
from ecgan.precision import Precision, autocast
from ecgan.shapes import Images
from ecgan.window import Window

GREY_RANGE = 4
"""Levels of 255 between the channels of a pixel that still counts as grey: JPEG leaves some."""
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue in grey."""


def to_tensor(pixels: NDArray[np.uint8]) -> Images:
    """One uint8 RGB picture, or (batch, height, width, 3), as a batch in [-1, 1]."""
    images = torch.from_numpy(np.array(pixels)).movedim(-1, -3)
    return (images if images.dim() == 4 else images[None]).float() / 127.5 - 1


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """The first image of a batch in [-1, 1] as uint8 RGB; the inverse of `to_tensor`."""
    scaled = ((images[0].float().clamp(-1, 1) + 1) * 127.5).round()
    return np.ascontiguousarray(scaled.to(torch.uint8).permute(1, 2, 0).cpu().numpy())


def as_pixels_are(images: Images) -> Images:
    """Images as `to_tensor` makes them of their `to_pixels`."""
    return ((images.float().clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


@dataclass(frozen=True)
class ChangedCrop:
    """An aligned crop that generators have changed."""

    image: Images
    made: Callable[[], Change] | None = None
    """What computes `change`: of most crops only the image is looked at."""

    @cached_property
    def change(self) -> Change | None:
        """What makes `image` from the photo's own crop; None: they are the same."""
        if self.made is None:
            return None
        with torch.inference_mode():
            return self.made()

    def limited(self, crop: Images, weight: NDArray[np.float32]) -> ChangedCrop:
        """The photo's own `crop` with a share of the change at each pixel, (side, side)."""
        if self.change is None:
            return self
        change = self.change.limited(torch.from_numpy(weight)[None, None].to(crop))
        return ChangedCrop(change.of(crop).clamp(-1, 1), lambda: change)


@dataclass(frozen=True)
class ReadyFace:
    """An aligned face, and the crop that its translations to an expression start from."""

    aligned: AlignedFace
    probabilities: dict[str, float] | None
    """What the recogniser sees in the photo; None where it was not asked."""
    source: ChangedCrop
    """The crop as it is in the photo."""
    start: ChangedCrop
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
    size: int
    """Side in pixels of the images that it learned on."""
    window: Window
    """What it sees of a crop."""
    precision: Precision = "fp32"
    at_once: int = 1
    """Crops in one call of the network: a CPU is no faster with several, and rounds otherwise."""

    def apply(self, start: ChangedCrop, expression: str, request: Request) -> ChangedCrop:
        """The crop with an expression, as requested; a share of 0 returns the crop."""
        return self.apply_all([(start, expression, request)])[0]

    def apply_all(self, asked: Sequence[tuple[ChangedCrop, str, Request]]) -> list[ChangedCrop]:
        """`apply` for each; a start that several share is resized once."""
        made = [start for start, _, _ in asked]
        todo = [i for i, (_, _, request) in enumerate(asked) if request.share != 0]
        if not todo:
            return made
        with torch.inference_mode():
            small: dict[int, Tensor] = {}
            for i in todo:
                start = asked[i][0]
                if id(start) not in small:
                    small[id(start)] = resize(self.window.cut(start.image), self.size)
            for first in range(0, len(todo), self.at_once):
                group = todo[first : first + self.at_once]
                sources = torch.cat([small[id(asked[i][0])] for i in group])
                codes = [self.vocabulary.code(asked[i][1], asked[i][2].intensity) for i in group]
                code = torch.from_numpy(np.stack(codes)).to(sources.device)
                with autocast(self.precision, sources.device):
                    translations: Translation = self.network(sources, code)
                for row, i in enumerate(group):
                    one = slice(row, row + 1)
                    start, _, request = asked[i]
                    made[i] = self._applied(
                        start, sources[one], translations.part(one), request.share
                    )
        return made

    def _applied(
        self, start: ChangedCrop, small: Images, translation: Translation, share: float
    ) -> ChangedCrop:
        part = self.window.cut(start.image)
        changed, change = self._changed(part, small, translation, share)
        image = self.window.put_back(start.image, changed)
        whole, side = int(start.image.shape[3]), int(part.shape[3])

        def whole_change() -> Change:
            made = change
            if side < whole:
                within = replace(change, flow=change.flow * side / whole).fields
                around = no_change(len(part), whole).fields.to(within)
                made = Change.of_fields(self.window.put_back(around, within))
            return made if start.change is None else made.after(start.change)

        return ChangedCrop(image, whole_change)

    def _changed(
        self, part: Images, small: Images, translation: Translation, share: float
    ) -> tuple[Images, Change]:
        """What the window shows, changed; and the change."""
        if translation.flow is not None and translation.blend is not None:
            still = replace(
                translation,
                flow=self.window.stilled(translation.flow),
                blend=self.window.stilled(translation.blend),
            )
            return recomposed(part, still, share)
        side = int(part.shape[3])
        offset = share * (translation.image - small)
        if offset.shape != part.shape:
            offset = nn.functional.interpolate(offset, (side, side), mode="bicubic")
        change = replace(no_change(len(part), side), offset=offset)
        return (part + offset).clamp(-1, 1), change


def face_change(change: Change, face: NDArray[np.uint8]) -> FaceChange:
    """The first of a batch of changes as arrays, in pixels and levels of 255.

    Args:
        change: what generators make of an aligned face.
        face: (n, 3) pixels of the face. Where they have no colour, none is painted, whatever the
            generator has painted.
    """
    motion, gate, offset = (
        fields[0].permute(1, 2, 0).float().cpu().numpy()
        for fields in (change.flow, change.gate, change.offset)
    )
    size = motion.shape[0]
    # In [-1, 1] black is -1: what is taken from the moved source leaves half a range behind.
    paint = 127.5 * (offset + 1 - gate)
    colour = face.max(axis=1) - face.min(axis=1)
    if np.mean(colour <= GREY_RANGE) > 0.999:
        paint = np.repeat(paint @ LUMA[:, None], 3, axis=2)
    return FaceChange(motion * (size / 2), gate[..., 0], paint)
