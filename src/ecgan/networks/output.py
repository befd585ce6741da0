"""What a trunk's last features become: pixels, a residual, or a warp of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.precision import at_least_fp32
from ecgan.shapes import Flows, Images, Masks

FLOW_LIMIT = 0.5
"""Largest offset of the flow in `grid_sample` units (2 is the image width)."""
BLEND_BIAS = {"pixels": -3.0, "change": -1.0}
"""The blend starts near 0.05 where the untrained pixels are grey, and near 0.27 where they are the
source's: the untrained output is almost the source."""
STILL_BIAS = -3.0
"""The still part starts near 0.05: everything follows the flow."""

Fields = Float[Tensor, "batch channels height width"]
OutputKind = Literal["pixels", "residual", "warp"]
Paint = Literal["pixels", "change"]


@dataclass(frozen=True)
class TrunkOutput:
    """Last features of a trunk: `full` at the image size, `flow` at a fraction of it."""

    full: Tensor
    flow: Tensor | None


@dataclass(frozen=True)
class Translation:
    """A translated batch and, for the warp output, the fields that made it."""

    image: Images
    flow: Flows | None = None
    blend: Masks | None = None
    """1 where pixels are new, 0 where they come from the source."""
    pixels: Images | None = None
    still: Masks | None = None
    """1 where the source stays where it is: an eyeball, over which the flow moves the lids."""

    def part(self, rows: slice) -> Translation:
        """Those of the batch."""
        parts = (self.flow, self.blend, self.pixels, self.still)
        return Translation(self.image[rows], *(None if p is None else p[rows] for p in parts))


REFINER_FEATURES = 12
"""Channels that the trunk hands to the refiner."""


class Refiner(nn.Module):
    """Paints blend and new pixels from the trunk's features and the *moved* source.

    A trunk sees the source as it was. Where the flow has pulled the lips apart it must paint a
    mouth at a place that it can only infer; these layers see the place.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3 + REFINER_FEATURES, width, 3, padding=1)
        self.wider = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.last = nn.Conv2d(width, 4, 3, padding=1)

    def forward(self, moved: Images, features: Tensor) -> Tensor:
        """(batch, 4, height, width): the raw blend, then the raw pixels."""
        seen = torch.cat([moved.to(features.dtype), features], dim=1)
        result: Tensor = self.last(torch.relu(self.wider(torch.relu(self.first(seen)))))
        return result


def to_translation(
    kind: OutputKind,
    source: Images,
    output: TrunkOutput,
    refiner: Refiner | None = None,
    *,
    paint: Paint = "pixels",
    still: nn.Module | None = None,
) -> Translation:
    """Turn raw trunk output into a translation of `source` (float32).

    `still` tells from the trunk's features where the flow is 0. An eyeball stays as the lids slide
    over it; a flow smooth enough for skin takes it along, and stretches the iris.
    """
    if kind != "warp":
        painted = torch.tanh(at_least_fp32(output.full))
        return Translation(painted if kind == "pixels" else (source + 2 * painted).clamp(-1, 1))
    assert output.flow is not None
    flow = FLOW_LIMIT * torch.tanh(at_least_fp32(output.flow))
    stays = None
    if still is not None:
        stays = torch.sigmoid(at_least_fp32(still(output.full)) + STILL_BIAS)
    moved = warp(source, flow_at(flow, stays, source.shape[3]))
    full = at_least_fp32(output.full if refiner is None else refiner(moved, output.full))
    blend = torch.sigmoid(full[:, :1] + BLEND_BIAS[paint])
    pixels = torch.tanh(full[:, 1:])
    if paint == "change":
        pixels = (moved + 2 * pixels).clamp(-1, 1)
    image = torch.lerp(moved, pixels, blend)
    return Translation(image=image, flow=flow, blend=blend, pixels=pixels, still=stays)


def flow_at(flow: Flows, still: Masks | None, side: int) -> Tensor:
    """The flow at an image's side, 0 where it is `still`, whose border keeps the width
    in pixels that it has at the network's own size: so a lid has an edge at any size."""
    flow = F.interpolate(flow, (side, side), mode="bilinear")
    if still is None:
        return flow
    finer = side / still.shape[3]
    if finer != 1:
        still = F.interpolate(still, (side, side), mode="bilinear")
    if finer > 1:
        still = ((still - 0.5) * finer + 0.5).clamp(0, 1)
    return flow * (1 - still)


def warp(source: Fields, flow: Flows, mode: Literal["bilinear", "bicubic"] = "bilinear") -> Fields:
    """Sample `source` at its own pixel positions plus `flow` (upsampled to its size); outside the
    image the border repeats. Bicubic values may lie a little outside the source's range."""
    height, width = source.shape[2:]
    offsets = flow.to(source.dtype)
    if offsets.shape[2:] != source.shape[2:]:
        offsets = F.interpolate(offsets, (height, width), mode="bilinear")
    x, y = (_pixel_centres(length, source) for length in (width, height))
    grid = torch.stack([offsets[:, 0] + x, offsets[:, 1] + y[:, None]], dim=3)
    return F.grid_sample(source, grid, mode=mode, padding_mode="border", align_corners=False)


def _pixel_centres(length: int, like: Tensor) -> Tensor:
    """Of a row of pixels, in `grid_sample` units."""
    edges = torch.linspace(-1, 1, length, dtype=like.dtype, device=like.device)
    return edges * (length - 1) / length
