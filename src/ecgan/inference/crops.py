"""The faces of a photo as generators see them, and what they make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgan.expressions import Vocabulary
from ecgan.faces.alignment import FaceChange, photo_mask
from ecgan.faces.finder import AlignedFace, RefusedFace
from ecgan.faces.photo import Photo
from ecgan.inference.recognizer import resize
from ecgan.inference.strength import Request
from ecgan.networks.output import Change, Translation, no_change, recomposed
from ecgan.shapes import Codes, Images
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


@dataclass(frozen=True)
class ChangedCrop:
    """An aligned crop that generators have changed."""

    image: Images
    change: Change | None = None
    """What makes `image` from the photo's own crop; None: they are the same."""

    def limited(self, crop: Images, weight: NDArray[np.float32]) -> ChangedCrop:
        """The photo's own `crop` with a share of the change at each pixel, (side, side)."""
        if self.change is None:
            return self
        change = self.change.limited(torch.from_numpy(weight)[None, None].to(crop))
        return ChangedCrop(change.of(crop).clamp(-1, 1), change)


@dataclass(frozen=True)
class ReadyFace:
    """An aligned face, and the crop that its translations to an expression start from."""

    aligned: AlignedFace
    probabilities: dict[str, float] | None
    """What the recogniser sees in the photo; None where it was not asked."""
    start: ChangedCrop
    """The crop, neutralised `passes` times."""
    passes: int = 0
    expressive: bool = False
    """Whether the recogniser sees an expression in the photo; False where it was not asked."""
    kept: bool = False
    """Whether the photo shows what is asked for, and more of it than a translation would: it is
    then what full strength shows."""
    after: dict[str, float] | None = None
    """What the recogniser sees in the translation; None before it is made, or where the recogniser
    is not asked."""

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
class Translated:
    """A translated photo."""

    pixels: NDArray[np.uint8]
    """The whole photo at its own size; outside the faces equal to the source."""
    faces: tuple[ReadyFace, ...]
    """The faces that were translated, as each was started from."""
    refused: tuple[RefusedFace, ...]
    """Faces that were asked for but cannot be translated."""

    def face_area(self) -> NDArray[np.bool_]:
        """(height, width): where the photo may have changed."""
        area = np.zeros(self.pixels.shape[:2], bool)
        for face in self.faces:
            area |= photo_mask(area.shape, face.aligned.alignment, face.aligned.mask) > 0
        return area


@dataclass(frozen=True)
class CropGenerator:
    """A generator, for crops of any size."""

    network: nn.Module
    vocabulary: Vocabulary
    size: int
    """Side in pixels of the images that it learned on."""
    window: Window
    """What it sees of a crop."""

    def apply(self, start: ChangedCrop, expression: str, request: Request) -> ChangedCrop:
        """The crop with an expression, as requested; a share of 0 returns the crop."""
        share = request.share
        if share == 0:
            return start
        z = torch.from_numpy(self.vocabulary.code(expression, request.intensity))
        code = z[None].to(start.image.device)
        with torch.inference_mode():
            part = self.window.cut(start.image)
            changed, change = self._changed(part, code, share)
            image = self.window.put_back(start.image, changed)
            whole, side = int(start.image.shape[3]), int(part.shape[3])
            if side < whole:
                within = replace(change, flow=change.flow * side / whole).fields
                around = no_change(len(part), whole).fields.to(within)
                change = Change.of_fields(self.window.put_back(around, within))
            return ChangedCrop(
                image, change if start.change is None else change.after(start.change)
            )

    def _changed(self, part: Images, code: Codes, share: float) -> tuple[Images, Change]:
        """What the window shows, changed; and the change."""
        small = resize(part, self.size)
        translation: Translation = self.network(small, code)
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
