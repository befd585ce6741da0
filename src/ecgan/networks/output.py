"""What a trunk's last features become: pixels, a residual, or a warp of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
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

_WINDOW = 5
_FLAT = 1e-4
"""Variance of noise of about one grey level of 255: below it, two variances are alike."""
_TEXTURE = 3 / 256
"""Standard deviation of the blur that takes a skin's texture away, in sides of the image."""
_DARK = 0.1
"""Brightness above black from which differences are relative."""
_NEW = 0.25
"""Relative difference of painted pixels from the source's where they are a mouth, not a shade."""

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


def output_channels(kind: OutputKind, refined: bool = False) -> int:
    """Channels that the trunk must give at full size."""
    if refined:
        return REFINER_FEATURES
    return 4 if kind == "warp" else 3


def to_translation(
    kind: OutputKind,
    source: Images,
    output: TrunkOutput,
    refiner: Refiner | None = None,
    paint: Paint = "pixels",
) -> Translation:
    """Turn raw trunk output into a translation of `source` (float32)."""
    if kind == "warp":
        return _warped(source, output, refiner, paint)
    full = at_least_fp32(output.full)
    if kind == "pixels":
        return Translation(image=torch.tanh(full))
    return Translation(image=(source + 2 * torch.tanh(full)).clamp(-1, 1))


def _warped(
    source: Images, output: TrunkOutput, refiner: Refiner | None, paint: Paint
) -> Translation:
    assert output.flow is not None
    flow = FLOW_LIMIT * torch.tanh(at_least_fp32(output.flow))
    moved = warp(source, flow)
    full = at_least_fp32(output.full if refiner is None else refiner(moved, output.full))
    blend = torch.sigmoid(full[:, :1] + BLEND_BIAS[paint])
    pixels = torch.tanh(full[:, 1:])
    if paint == "change":
        pixels = (moved + 2 * pixels).clamp(-1, 1)
    image = torch.lerp(moved, pixels, blend)
    return Translation(image=image, flow=flow, blend=blend, pixels=pixels)


def warp(source: Images, flow: Flows, mode: Literal["bilinear", "bicubic"] = "bilinear") -> Images:
    """Sample `source` at its own pixel positions plus `flow` (upsampled to its size); outside the
    image the border repeats. Bicubic values may lie a little outside the source's range."""
    height, width = source.shape[2:]
    offsets = F.interpolate(flow.to(source.dtype), (height, width), mode="bilinear")
    identity = torch.eye(2, 3, dtype=source.dtype, device=source.device)
    grid = F.affine_grid(
        identity.expand(len(source), 2, 3), list(source.shape), align_corners=False
    )
    return F.grid_sample(
        source,
        grid + offsets.permute(0, 2, 3, 1),
        mode=mode,
        padding_mode="border",
        align_corners=False,
    )


def recompose(source: Images, translation: Translation, strength: float = 1.0) -> Images:
    """Apply the fields of a warp translation to the source at any size, keeping its texture.

    Painted pixels are smoother than a skin. Where they differ little from the moved source they are
    a shade on it, and only their coarse change is taken: low = moved + n c + (1 - n) blur(c) with
    c = blend (pixels - moved) and n = 1 - exp(-(blur(d) / 0.25)^4), which is 1 in a mouth that
    opens; d is abs(pixels - moved), in proportion to the brighter of the two.

    The new pixels are known at the network's size only. At a larger size their coarse image is kept
    and the fine detail is the warped source's, faded where the pixels are new and where the
    translation has flattened the coarse image, as when a row of teeth becomes a lip:
    up(low) + up((1 - n blend) r) (warped - up(down(warped))), where r is
    min(1, var(low) / var(down(warped))) in a small window. The source is sampled bicubically here:
    bilinear sampling takes a fifth of the fine texture of a skin.

    Args:
        source: the image that was translated, at any size, in [-1, 1].
        translation: what the generator returned for it, with fields.
        strength: 0 gives the source, 1 the translation; up to 1.5 exaggerates the motion.

    Raises:
        ValueError: the translation has no flow (a `pixels` or `residual` output).
    """
    flow, blend, pixels = translation.flow, translation.blend, translation.pixels
    if flow is None or blend is None or pixels is None:
        raise ValueError("recompose needs the fields of a warp output")
    size = (int(source.shape[2]), int(source.shape[3]))
    alpha = (blend * strength).clamp(0, 1)
    low_size = (int(pixels.shape[2]), int(pixels.shape[3]))
    moved = warp(source, flow * strength, mode="bicubic")
    moved_low = moved
    if size != low_size:
        moved_low = F.interpolate(moved, low_size, mode="bilinear", antialias=True)
    difference = pixels - moved_low
    bright = torch.maximum(pixels, moved_low).mean(1, keepdim=True) + 1
    relative = difference.abs().mean(1, keepdim=True) / (bright + _DARK)
    new = 1 - torch.exp(-((_blurred(relative) / _NEW) ** 4))
    change = alpha * difference
    low = moved_low + torch.lerp(_blurred(change), change, new)
    if size == low_size:
        return low.clamp(-1, 1)
    detail = moved - F.interpolate(moved_low, size, mode="bicubic")
    kept = ((_variance(low) + _FLAT) / (_variance(moved_low) + _FLAT)).clamp(max=1)
    gate = F.interpolate(kept * (1 - alpha * new), size, mode="bilinear")
    coarse = F.interpolate(low, size, mode="bicubic")
    return (coarse + gate * detail).clamp(-1, 1)


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
