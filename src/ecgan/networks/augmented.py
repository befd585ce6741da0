"""DiffAugment (Zhao et al. 2020): a discriminator that sees all images changed at random.

Real images and translations get changes of the same kind, and gradients pass through them, so that
a discriminator of few people cannot learn their pictures by heart.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.networks.draws import rows
from ecgan.networks.patchgan import Verdict
from ecgan.shapes import Codes, Images

BRIGHTNESS = 0.5
"""Largest offset either way, images being in [-1, 1]."""
SATURATION, CONTRAST = (0.0, 2.0), (0.5, 1.5)
"""Least and largest factor."""
SHIFT = 1 / 8
"""Largest shift either way, of the side."""
CUT = 1 / 2
"""Side of the square that is cut out, of the side."""


class Augmented(nn.Module):
    """Changes what it is given, in training and only there, then asks `judge`."""

    def __init__(self, judge: nn.Module) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, image: Images, code: Codes, source: Images | None = None) -> Verdict:
        if self.training:
            change = Change(image)
            image = change(image)
            source = None if source is None else change(source)
        verdict: Verdict = self.judge(image, code, source)
        return verdict


class Change:
    """One random change for each image of a batch, drawn from torch's global generator; to be
    applied to as many images as belong together."""

    def __init__(self, like: Images) -> None:
        """`like`: gives the batch, size and device."""
        count, side = len(like), like.shape[2]

        def draw(low: float, high: float) -> Tensor:
            random = rows(lambda num: torch.rand(num, 1, 1, 1, device=like.device), count)
            return low + (high - low) * random

        self._brightness = draw(-BRIGHTNESS, BRIGHTNESS)
        self._saturation = draw(*SATURATION)
        self._contrast = draw(*CONTRAST)
        self._shifts = [draw(-SHIFT * side, SHIFT * side).round() for _ in range(2)]
        self._cuts = [(draw(0, 1) * side).floor() for _ in range(2)]

    def __call__(self, images: Images) -> Images:
        changed = images + self._brightness
        grey = changed.mean(dim=1, keepdim=True)
        changed = grey + (changed - grey) * self._saturation
        mean = changed.mean(dim=(1, 2, 3), keepdim=True)
        changed = mean + (changed - mean) * self._contrast
        return self._cut_out(self._moved(changed))

    def _moved(self, images: Tensor) -> Tensor:
        """By whole pixels; black comes in."""
        side = images.shape[2]
        room = int(SHIFT * side) + 1
        padded = F.pad(images, (room,) * 4)
        ways = (1, side, 1), (1, 1, side)
        rows, columns = (
            torch.arange(side, device=images.device).view(way) + room - shift[:, 0].long()
            for way, shift in zip(ways, self._shifts, strict=True)
        )
        batch = torch.arange(len(images), device=images.device).view(-1, 1, 1)
        return padded.permute(0, 2, 3, 1)[batch, rows, columns].permute(0, 3, 1, 2)

    def _cut_out(self, images: Tensor) -> Tensor:
        """A square of black around a point of the image."""
        side = images.shape[2]
        places = torch.arange(side, device=images.device)
        far = CUT * side / 2
        row, column = ((places - centre[:, 0]).abs() < far for centre in self._cuts)
        inside = row[:, 0, :, None] & column[:, 0, None, :]
        return images.masked_fill(inside[:, None], -1.0)
