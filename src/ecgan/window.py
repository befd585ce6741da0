"""The part of the canonical crop that a network sees.

Of the canonical crop (hair, neck and some background) a face takes about the middle; a network that
sees that part alone has more pixels for it at the same cost.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CENTRE_Y = 0.58
"""Of the face, from its frown lines to below a dropped chin, in sides of the crop."""
SOFT_EDGE = 0.04
"""Over which a changed part fades in, in sides of the window."""
STILL_EDGE = 0.1
"""Over which a motion does."""
MOUTH = ((0.33, 0.54), (0.67, 0.82))
"""Left top and right bottom of the mouth in sides of the crop, a dropped lip and a little skin
within."""
EYES = ((0.26, 0.27), (0.74, 0.5))
"""The same of eyes and brows."""


@dataclass(frozen=True)
class Window:
    """A square of 1 / `zoom` of the side of a crop, around the face."""

    zoom: float = 1.0
    """At least 1, which is the whole crop."""

    def canvas(self, size: int) -> int:
        """Side of the crop in which the window has the side `size`, both in pixels."""
        return round(size * self.zoom)

    def cut(self, images: Tensor) -> Tensor:
        """The part of crops (..., side, side) of any size; a view."""
        rows, columns = self.slices(int(images.shape[-1]))
        return images[..., rows, columns]

    def put_back(self, crops: Tensor, parts: Tensor) -> Tensor:
        """`crops` (batch, channels, side, side) with `parts` in their window, which fade in from
        its edge. Zoom 1: `parts`."""
        side = int(crops.shape[-1])
        if parts.shape[-1] == side:
            return parts
        rows, columns = self.slices(side)
        weight = _fading_in(int(parts.shape[-1]), SOFT_EDGE).to(parts)
        result = crops.clone()
        result[..., rows, columns] = torch.lerp(
            crops[..., rows, columns], parts.to(crops.dtype), weight.to(crops.dtype)
        )
        return result

    def stilled(self, fields: Tensor) -> Tensor:
        """Flow or blend of a part (batch, channels, side, side), fading to 0 at its edge. A chin
        that drops to the edge then pushes the neck together; images that fade show two chins.
        Zoom 1: `fields`."""
        if self.zoom == 1:
            return fields
        return fields * _fading_in(int(fields.shape[-1]), STILL_EDGE).to(fields)

    def slices(self, side: int) -> tuple[slice, slice]:
        """Rows and columns of the part of a crop."""
        part = round(side / self.zoom)
        left = (side - part) // 2
        top = min(side - part, round(CENTRE_Y * side - part / 2))
        return slice(top, top + part), slice(left, left + part)

    def mouth(self, parts: Tensor) -> Tensor:
        """The mouth (..., height, width) of what the window shows (..., side, side); a view."""
        return self._box(parts, MOUTH)

    def eyes(self, parts: Tensor) -> Tensor:
        """As `mouth`, eyes and brows."""
        return self._box(parts, EYES)

    def _box(self, parts: Tensor, box: tuple[tuple[float, float], ...]) -> Tensor:
        corners = (self.points(2 * torch.tensor(box) - 1) + 1) / 2 * parts.shape[-1]
        (left, top), (right, bottom) = corners.round().int().clamp(0, parts.shape[-1]).tolist()
        return parts[..., top:bottom, left:right]

    def points(self, points: Tensor) -> Tensor:
        """Points of whole crops (..., 2) in the coordinates that they have in the window; in those
        of `grid_sample`, an image being from -1 to 1."""
        return (points - self._centre().to(points)) * self.zoom

    def _centre(self) -> Tensor:
        highest = 1 - 1 / self.zoom
        return torch.tensor([0.0, min(2 * CENTRE_Y - 1, highest)])


@functools.lru_cache(16)
def fading(side: int) -> NDArray[np.float32]:
    """(side, side): the share that `put_back` gives to each pixel of a changed part."""
    return np.asarray(_fading_in(side, SOFT_EDGE).numpy(), np.float32)


def _fading_in(side: int, edge: float) -> Tensor:
    """(side, side): 0 at the edge, smoothly up to 1 at `edge` sides within it."""
    steps = torch.arange(side)
    inside = torch.minimum(steps, side - 1 - steps) / max(1.0, edge * side)
    ramp = inside.clamp(max=1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return torch.minimum(ramp[:, None], ramp[None, :])
