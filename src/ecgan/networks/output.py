"""What a trunk's last features become: pixels, a residual, or a warp of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms.functional import gaussian_blur

from ecgan.precision import at_least_fp32
from ecgan.shapes import Flows, Images, Masks

FLOW_LIMIT = 0.5
"""Largest offset of the flow in `grid_sample` units (2 is the image width)."""
BLEND_BIAS = {"pixels": -3.0, "change": -1.0}
"""The blend starts near 0.05 where the untrained pixels are grey, and near 0.27 where they are the
source's: the untrained output is almost the source."""
STILL_BIAS = -3.0
"""The still part starts near 0.05: everything follows the flow."""

_WINDOW = 5
_FLAT = 1e-4
"""Variance of noise of about one grey level of 255: below it, two variances are alike."""
_TEXTURE = 3 / 256
"""Standard deviation of the blur that takes a skin's texture away, in sides of the image."""
_DARK = 0.1
"""Brightness above black from which differences are relative."""
_NEW = 0.25
"""Relative difference of painted pixels from the source's where they are a mouth, not a shade."""

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


@dataclass(frozen=True)
class Change:
    """A translation of one size as a change of its source at any size: gate * moved + offset.

    So it can be applied to the very pixels that the source was made from, which are then sampled
    once, and two translations in succession are one change.
    """

    flow: Flows
    """As `Translation.flow`, at the size of the others."""
    gate: Masks
    """The share of the moved source that stays: 1 on skin, 0 in a mouth that opens."""
    offset: Images
    """What is added to it."""

    @classmethod
    def of_fields(cls, fields: Tensor) -> Change:
        """From the fields one upon another (batch, 6, height, width)."""
        return cls(fields[:, :2], fields[:, 2:3], fields[:, 3:])

    @property
    def fields(self) -> Tensor:
        """The inverse of `of_fields`."""
        return torch.cat([self.flow, self.gate, self.offset], dim=1)

    def of(self, source: Images) -> Images:
        """The changed source, of the size of the fields, sampled bicubically."""
        return self.gate * warp(source, self.flow, mode="bicubic") + self.offset

    def limited(self, weight: Masks) -> Change:
        """The change with its `weight` at each pixel: 0 leaves the source as it is. A motion that
        fades shows nothing twice."""
        return Change(self.flow * weight, 1 - (1 - self.gate) * weight, self.offset * weight)

    def after(self, first: Change) -> Change:
        """This change of what `first` has made, as one change of the source of `first`."""
        flow, gate, offset = torch.split(warp(first.fields, self.flow), [2, 1, 3], dim=1)
        return Change(self.flow + flow, self.gate * gate, self.gate * offset + self.offset)


def no_change(batch: int, size: int) -> Change:
    """The fields of an image that stays as it is."""
    zeros = torch.zeros(batch, 5, size, size)
    return Change(zeros[:, :2], torch.ones(batch, 1, size, size), zeros[:, 2:])


def recomposed(
    source: Images, translation: Translation, strength: float = 1.0
) -> tuple[Images, Change]:
    """Apply the fields of a warp translation to the source at any size, keeping its texture.

    Painted pixels are smoother than a skin. Where they differ little from the moved source they are
    a shade on it, and only their coarse change is taken: low = moved + n c + (1 - n) blur(c) with
    c = blend (pixels - moved) and n = 1 - exp(-(blur(d) / 0.25)^4), which is 1 in a mouth that
    opens; d is abs(pixels - moved), in proportion to the brighter of the two.

    The new pixels are known at the network's size only. At a larger size their coarse image is kept
    and the fine detail is the warped source's, faded where the pixels are new and where the
    translation has flattened the coarse image, as when a row of teeth becomes a lip:
    up(low) + gate (warped - up(down(warped))) with gate = up((1 - n blend) r), where r is
    min(1, var(low) / var(down(warped))) in a small window. The source is sampled bicubically here:
    bilinear sampling takes a fifth of the fine texture of a skin.

    Args:
        source: the image that was translated, at any size, in [-1, 1].
        translation: what the generator returned for it, with fields.
        strength: 0 gives the source, 1 the translation; up to 1.5 exaggerates the motion.

    Returns:
        The image, and the change that gives it from `source`.

    Raises:
        ValueError: the translation has no flow (a `pixels` or `residual` output).
    """
    flow, blend, pixels = translation.flow, translation.blend, translation.pixels
    if flow is None or blend is None or pixels is None:
        raise ValueError("recomposed needs the fields of a warp output")
    size = (int(source.shape[2]), int(source.shape[3]))
    alpha = (blend * strength).clamp(0, 1)
    low_size = (int(pixels.shape[2]), int(pixels.shape[3]))
    offsets = flow_at(flow.to(source.dtype) * strength, translation.still, size[1])
    moved = warp(source, offsets, mode="bicubic")
    moved_low = moved
    if size != low_size:
        moved_low = F.interpolate(moved, low_size, mode="bilinear", antialias=True)
    difference = pixels - moved_low
    bright = torch.maximum(pixels, moved_low).mean(1, keepdim=True) + 1
    relative = difference.abs().mean(1, keepdim=True) / (bright + _DARK)
    new = 1 - torch.exp(-((_blurred(relative) / _NEW) ** 4))
    change = alpha * difference
    low = moved_low + torch.lerp(_blurred(change), change, new)
    kept = ((_variance(low) + _FLAT) / (_variance(moved_low) + _FLAT)).clamp(max=1)
    gate = kept * (1 - alpha * new)
    if size != low_size:
        gate = F.interpolate(gate, size, mode="bilinear")
        low = F.interpolate(low, size, mode="bicubic")
        moved_low = F.interpolate(moved_low, size, mode="bicubic")
    offset = low - gate * moved_low
    return (offset + gate * moved).clamp(-1, 1), Change(offsets, gate, offset)


def _blurred(images: Images | Masks) -> Tensor:
    """Without the texture of a skin."""
    sigma = _TEXTURE * images.shape[3]
    width = 2 * round(3 * sigma) + 1
    blurred: Tensor = gaussian_blur(images, [width, width], [sigma, sigma])
    return blurred


def _variance(images: Images) -> Masks:
    """Around each pixel, in a square of `_WINDOW`; mean over the channels."""
    edge = _WINDOW // 2
    padded = F.pad(images, (edge, edge, edge, edge), mode="replicate")
    mean = F.avg_pool2d(padded, _WINDOW, stride=1)
    square = F.avg_pool2d(padded * padded, _WINDOW, stride=1)
    return (square - mean * mean).clamp_min(0).mean(dim=1, keepdim=True)
