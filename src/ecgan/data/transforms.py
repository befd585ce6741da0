"""Augmentation of image batches and of landmarks on them: parameters drawn an example, then one
warp and batched colour.

Parameters and their application are apart, so that the two images of a pair share the former.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import overload

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ecgan.config import AugmentConfig
from ecgan.shapes import Codes, Images, Masks, Motions, Points2D

Index = NDArray[np.int64] | NDArray[np.bool_] | slice
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Parameters:
    """What happens to each example; every field has one row an example."""

    flip: NDArray[np.bool_]
    rotation: NDArray[np.float64]
    """Radians."""
    scale: NDArray[np.float64]
    """Enlargement; 1 keeps the size."""
    shift: NDArray[np.float64]
    """(n, 2): x, y as fractions of the image."""
    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]
    saturation: NDArray[np.float64]
    """Factors; 1 changes nothing."""
    gain: NDArray[np.float64]
    """(n, 3): factor of each colour channel."""
    light: NDArray[np.float64]
    """Darkening at the far side, 0 to 1."""
    light_angle: NDArray[np.float64]
    blur: NDArray[np.float64]
    """Gaussian sigma in pixels."""
    noise: NDArray[np.float64]
    noise_seed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.flip)

    def __getitem__(self, index: Index) -> Parameters:
        return Parameters(
            **{field.name: getattr(self, field.name)[index] for field in fields(self)}
        )

    def where(self, chosen: NDArray[np.bool_], other: Parameters) -> Parameters:
        """The rows of `other` where `chosen`, and these rows elsewhere."""
        rows = {}
        for field in fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            mask = chosen.reshape(-1, *(1,) * (mine.ndim - 1))
            rows[field.name] = np.where(mask, others, mine)
        return Parameters(**rows)


def draw_parameters(num: int, config: AugmentConfig, generator: np.random.Generator) -> Parameters:
    """Draw for `num` examples, uniformly within the limits of the configuration.

    The number of draws does not depend on the configuration.
    """

    def around(centre: float, limit: float, *shape: int) -> NDArray[np.float64]:
        return centre + limit * generator.uniform(-1, 1, (num, *shape))

    def up_to(limit: float) -> NDArray[np.float64]:
        return limit * generator.uniform(0, 1, num)

    return Parameters(
        flip=(generator.uniform(0, 1, num) < 0.5) & config.flip,
        rotation=around(0, math.radians(config.rotation_degrees)),
        scale=around(1, config.scale),
        shift=around(0, config.shift, 2),
        brightness=around(1, config.brightness),
        contrast=around(1, config.contrast),
        saturation=around(1, config.saturation),
        gain=around(1, config.colour_cast, 3),
        light=up_to(config.light),
        light_angle=generator.uniform(0, 2 * math.pi, num),
        blur=up_to(config.blur_px),
        noise=up_to(config.noise),
        noise_seed=generator.integers(0, 2**62, num),
    )


@overload
def apply(parameters: Parameters, images: Images) -> tuple[Images, None]: ...
@overload
def apply(parameters: Parameters, images: Images, masks: Masks) -> tuple[Images, Masks]: ...
def apply(
    parameters: Parameters, images: Images, masks: Masks | None = None
) -> tuple[Images, Masks | None]:
    """Geometry on images and masks, then colour, blur and noise on the images.

    Images stay in [-1, 1], masks in {0, 1}. What comes in from outside the frame is its mirror
    image. An example's result depends on its own row alone, not on the rest of the batch.

    Raises:
        ValueError: as many rows of parameters as images are needed.
    """
    if len(parameters) != len(images):
        raise ValueError(f"expected {len(images)} rows of parameters, got {len(parameters)}")
    images, masks = _geometry(parameters, images, masks)
    images = _colour(parameters, images)
    images = _blur(parameters, images)
    return _noise(parameters, images).clamp(-1, 1), masks


@dataclass(frozen=True)
class Shapes:
    """Of a batch of images, in the coordinates of `grid_sample`: the image is from -1 to 1."""

    points: Points2D
    """Their landmarks."""
    motions: Motions
    """How far each of these moves, on average, from neutral to each expression at intensity 1."""

    def goal(self, shown: Codes, asked: Codes) -> Points2D:
        """Where the landmarks would be, had the images the codes `asked` instead of `shown`."""
        change = (asked - shown).to(self.motions.dtype)
        return self.points + torch.einsum("be,bepc->bpc", change, self.motions)

    def to(self, device: torch.device | str) -> Shapes:
        """The same on another device."""
        return Shapes(
            self.points.to(device, non_blocking=True), self.motions.to(device, non_blocking=True)
        )


def move_points(parameters: Parameters, points: Tensor, *, directions: bool = False) -> Tensor:
    """Points of square images, (n, ..., 2) in the coordinates of `grid_sample` (the image is from
    -1 to 1), as `apply` moves what they mark; `directions`: differences of points."""
    theta = _theta(parameters, 1.0, points)
    linear = torch.linalg.inv(theta[:, :, :2])
    if not directions:
        offset = theta[:, :, 2]
        points = points - offset.reshape(len(offset), *(1,) * (points.ndim - 2), 2)
    return torch.einsum("nij,n...j->n...i", linear, points)


def _geometry(
    parameters: Parameters, images: Tensor, masks: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    moved = np.any(parameters.rotation) or np.any(parameters.scale != 1) or np.any(parameters.shift)
    layers = images if masks is None else torch.cat([images, masks.to(images.dtype)], dim=1)
    if moved:
        aspect = images.shape[2] / images.shape[3]
        theta = _theta(parameters, aspect, images)
        grid = F.affine_grid(theta, list(layers.shape), align_corners=False)
        layers = F.grid_sample(layers, grid, padding_mode="reflection", align_corners=False)
    elif np.any(parameters.flip):
        flip = _column(parameters.flip, images) > 0
        layers = torch.where(flip, layers.flip(3), layers)
    if masks is None:
        return layers, None
    return layers[:, :3], (layers[:, 3:] > 0.5).to(masks.dtype)


def _theta(parameters: Parameters, aspect: float, like: Tensor) -> Tensor:
    """(n, 2, 3) from output to input, in the coordinates of `grid_sample` (the image is 2 wide).

    Rotation is in pixels, hence the `aspect`, height by width, beside the sines.
    """
    cosine = np.cos(parameters.rotation) / parameters.scale
    sine = np.sin(parameters.rotation) / parameters.scale
    mirror = np.where(parameters.flip, -1.0, 1.0)
    linear = np.stack(
        [mirror * cosine, mirror * sine * aspect, -sine / aspect, cosine], axis=1
    ).reshape(-1, 2, 2)
    offset = -np.einsum("nij,nj->ni", linear, 2 * parameters.shift)
    theta = np.concatenate([linear, offset[:, :, None]], axis=2)
    return torch.from_numpy(theta).to(like.device, like.dtype)


def _colour(parameters: Parameters, images: Tensor) -> Tensor:
    """All linear colour changes, in the range [0, 1], as one 3 x 3 matrix and offset an example,
    times the light."""
    num = len(parameters)
    identity = np.eye(3)
    luma = np.asarray(_LUMA)
    saturation = parameters.saturation[:, None, None]
    matrix = saturation * identity + (1 - saturation) * np.tile(luma, (3, 1))
    matrix = matrix * parameters.gain[:, :, None]
    matrix = matrix * (parameters.contrast * parameters.brightness)[:, None, None]
    offset = 0.5 * (1 - parameters.contrast) * parameters.brightness
    changed = not (np.allclose(matrix, identity, atol=1e-12) and np.allclose(offset, 0, atol=1e-12))
    lit = bool(np.any(parameters.light))
    if not (changed or lit):
        return images
    result = (images + 1) / 2
    if changed:
        weights = torch.from_numpy(matrix).to(images.device, images.dtype)
        flat = torch.bmm(weights, result.reshape(num, 3, -1))
        result = flat.reshape(images.shape) + _column(offset, images)
    if lit:
        result = result * _shade(parameters, images)
    return result.clamp(0, 1) * 2 - 1


def _shade(parameters: Parameters, images: Tensor) -> Tensor:
    """(n, 1, height, width): 1 on the lit side falling smoothly to 1 - light on the other."""
    height, width = images.shape[2:]
    y = torch.linspace(-1, 1, height, device=images.device, dtype=images.dtype)[None, None, :, None]
    x = torch.linspace(-1, 1, width, device=images.device, dtype=images.dtype)[None, None, None, :]
    angle = parameters.light_angle
    along = (_column(np.cos(angle), images) * x + _column(np.sin(angle), images) * y) / math.sqrt(2)
    half = (along + 1) / 2
    return 1 - _column(parameters.light, images) * half * half * (3 - 2 * half)


def _blur(parameters: Parameters, images: Tensor) -> Tensor:
    """Separable Gaussian of each example's own sigma, cut at 3 sigma; none under 0.1 px."""
    widest = float(parameters.blur.max(initial=0.0))
    if widest < 0.1:
        return images
    radius = min(math.ceil(3 * widest), min(images.shape[2:]) - 1)
    offsets = np.arange(-radius, radius + 1)
    sigma = np.maximum(parameters.blur, 0.1)[:, None]
    kernels = np.where(abs(offsets) <= np.ceil(3 * sigma), np.exp(-0.5 * (offsets / sigma) ** 2), 0)
    kernels /= kernels.sum(axis=1, keepdims=True)
    num, channels, height, width = images.shape
    groups = num * channels
    weights = torch.from_numpy(np.repeat(kernels, channels, axis=0)).to(images.device, images.dtype)
    padded = F.pad(images, (radius,) * 4, mode="reflect")
    padded = padded.reshape(1, groups, height + 2 * radius, width + 2 * radius)
    padded = F.conv2d(padded, weights[:, None, None, :], groups=groups)
    padded = F.conv2d(padded, weights[:, None, :, None], groups=groups)
    return padded.reshape(num, channels, height, width)


def _noise(parameters: Parameters, images: Tensor) -> Tensor:
    if not np.any(parameters.noise):
        return images
    generator = torch.Generator(images.device)
    noise = torch.stack(
        [
            torch.randn(
                images.shape[1:],
                generator=generator.manual_seed(int(seed)),
                device=images.device,
            )
            for seed in parameters.noise_seed
        ]
    )
    return images + _column(parameters.noise, images) * noise.to(images.dtype)


def _column(values: NDArray[np.generic], images: Tensor) -> Tensor:
    """One value an example, shaped to multiply a batch of images."""
    return torch.from_numpy(np.asarray(values, dtype=np.float64)).to(images.device, images.dtype)[
        :, None, None, None
    ]
