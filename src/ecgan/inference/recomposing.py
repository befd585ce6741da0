"""A warp translation, made at the network's size, as a change of the face at any size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ecgan.faces.change import FaceChange, Floats, Pixels, sampled, times
from ecgan.inference.recognizer import resize
from ecgan.networks.output import Translation
from ecgan.window import Window, fading

_WINDOW = 5
_FLAT = 1e-4
"""Variance of noise of about one grey level of 255: below it, two variances are alike."""
_TEXTURE = 3 / 256
"""Standard deviation of the blur that takes a skin's texture away, in sides of the image."""
_DARK = 0.1
"""Brightness above black from which differences are relative."""
_NEW = 0.25
"""Relative difference of painted pixels from the source's where they are a mouth, not a shade."""
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue in grey."""


@dataclass(frozen=True)
class SmallChange:
    """What a generator changes, at its own size (size, size)."""

    image: Floats
    """The changed image, 3 channels in [-1, 1] and a little beyond."""
    moved: Floats
    """The source, moved, likewise."""
    gate: Floats | None = None
    """The share of the moved source's fine detail that stays; None: all, and nothing moves."""
    flow: Floats | None = None
    """At a fraction of the size, as `Translation.flow`."""
    still: Floats | None = None
    """As `Translation.still`."""

    @property
    def kept(self) -> Floats:
        """The part of `moved` that stays; the rest of `image` is painted."""
        return self.moved if self.gate is None else times(self.moved, self.gate)

    def within(self, window: Window) -> SmallChange:
        """As it is put back into a crop, of which the window is a part."""
        if window.zoom == 1:
            return self
        weight, flow = fading(self.image.shape[0])[..., None], self.flow
        gate = None if self.gate is None else 1 - (1 - self.gate) * weight[..., 0]
        if flow is not None:
            flow = flow * fading(flow.shape[0])[..., None]
        image = self.moved + weight * (self.image - self.moved)
        return SmallChange(image, self.moved, gate, flow, self.still)

    def moves(self, side: int) -> Floats:
        """(side, side, 2) the motion of skin and lids in pixels, also where it is `still`."""
        assert self.flow is not None
        return flow_at(self.flow, None, side) * np.float32(side / 2)

    def at(self, side: int, *, grey: bool = False) -> FaceChange:
        """The change of an image of any size: gate * moved + image - gate * (the small moved one).

        Args:
            side: in pixels.
            grey: nothing that is painted has a colour.
        """
        image, moved = (
            _resized(127.5 * (part + 1), side, cv2.INTER_CUBIC) for part in (self.image, self.moved)
        )
        if self.gate is None or self.flow is None:
            motion, gate = np.zeros((side, side, 2), np.float32), np.ones((side, side), np.float32)
            offset = image - moved
        else:
            motion = flow_at(self.flow, self.still, side) * np.float32(side / 2)
            gate = _resized(self.gate, side, cv2.INTER_LINEAR)
            offset = image - times(moved, gate)
        if grey:
            offset = np.repeat(offset @ LUMA[:, None], 3, axis=2)
        return FaceChange(motion, gate, offset)


def recomposed(
    shown: Floats, source: Pixels | Floats, translation: Translation, strength: float = 1.0
) -> SmallChange:
    """What a warp translation changes, so that a skin keeps its texture.

    Painted pixels are smoother than a skin. Where they differ little from the moved source they are
    a shade on it, and only their coarse change is taken: image = moved + n c + (1 - n) blur(c) with
    c = blend (pixels - moved) and n = 1 - exp(-(blur(d) / 0.25)^4), which is 1 in a mouth that
    opens; d is abs(pixels - moved), in proportion to the brighter of the two.

    The new pixels are known at the network's size only. At a larger size their coarse image is kept
    and the fine detail is the warped source's, faded where the pixels are new and where the
    translation has flattened the coarse image, as when a row of teeth becomes a lip:
    up(image) + gate (warped - up(moved)) with gate = up((1 - n blend) r), where r is
    min(1, var(image) / var(moved)) in a small window. The source is sampled bicubically: bilinear
    sampling takes a fifth of the fine texture of a skin.

    Args:
        shown: the image that was translated, (size, size, 3) in [-1, 1].
        source: the same as it is in the photo, (side, side, 3) in levels of 255, of any size.
        translation: what the generator returned for it, a batch of one.
        strength: 0 gives the source, 1 the translation; up to 1.5 exaggerates the motion.
    """
    if translation.flow is None or translation.blend is None or translation.pixels is None:
        image = array(translation.image)
        return SmallChange(shown + np.float32(strength) * (image - shown), shown)
    flow = array(translation.flow) * np.float32(strength)
    still = None if translation.still is None else array(translation.still)[..., 0]
    alpha = np.clip(array(translation.blend)[..., 0] * np.float32(strength), 0, 1)
    pixels = array(translation.pixels)
    moved = _warped(source, flow_at(flow, still, source.shape[0]), shown.shape[0])
    difference = pixels - moved
    bright = _mean(np.maximum(pixels, moved)) + 1
    relative = _mean(np.abs(difference)) / (bright + _DARK)
    new = 1 - np.exp(-((_blurred(relative) / _NEW) ** 4))
    change = times(difference, alpha)
    coarse = _blurred(change)
    image = moved + coarse + times(change - coarse, new)
    kept = np.minimum((_variance(image) + _FLAT) / (_variance(moved) + _FLAT), 1)
    return SmallChange(image, moved, kept * (1 - alpha * new), flow, still)


def flow_at(flow: Floats, still: Floats | None, side: int) -> Floats:
    """As `networks.output.flow_at`, of arrays (height, width, ...)."""
    flow = _resized(flow, side, cv2.INTER_LINEAR)
    if still is None:
        return flow
    finer = side / still.shape[0]
    moving = 1 - _resized(still, side, cv2.INTER_LINEAR)
    if finer > 1:
        moving = np.clip((moving - np.float32(0.5)) * np.float32(finer) + np.float32(0.5), 0, 1)
    return np.asarray(cv2.multiply(flow, cv2.merge([moving] * 2)), np.float32)


def array(images: Tensor) -> Floats:
    """The first of a batch (batch, channels, height, width) as (height, width, channels)."""
    return np.ascontiguousarray(images[0].float().permute(1, 2, 0).cpu().numpy())


def _warped(source: Pixels | Floats, flow: Floats, size: int) -> Floats:
    """`source` moved at its own size, then brought to the network's: sampled where it is small, it
    would lose fine texture."""
    side = source.shape[0]
    places = flow * np.float32(side / 2)
    places[..., 0] += np.arange(side, dtype=np.float32)
    places[..., 1] += np.arange(side, dtype=np.float32)[:, None]
    moved = torch.from_numpy(sampled(source.astype(np.float32), places, cv2.INTER_CUBIC))
    return array(resize(moved.permute(2, 0, 1)[None], size)) / np.float32(127.5) - 1


def _resized(fields: Floats, side: int, kind: int) -> Floats:
    if fields.shape[:2] == (side, side):
        return fields
    return np.asarray(cv2.resize(fields, (side, side), interpolation=kind), np.float32)


def _blurred(images: Floats) -> Floats:
    """Without the texture of a skin."""
    sigma = _TEXTURE * images.shape[0]
    width = 2 * round(3 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(images, (width, width), sigma), np.float32)


def _variance(images: Floats) -> Floats:
    """Around each pixel, in a square of `_WINDOW`; mean over the channels."""
    size, edge = (_WINDOW, _WINDOW), cv2.BORDER_REPLICATE
    mean = cv2.blur(images, size, borderType=edge)
    square = cv2.blur(images * images, size, borderType=edge)
    return _mean(np.maximum(square - mean * mean, 0))


def _mean(images: Floats) -> Floats:
    """Over the channels."""
    return np.asarray(cv2.transform(images, np.full((1, 3), 1 / 3)), np.float32)
