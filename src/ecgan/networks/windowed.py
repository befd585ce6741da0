"""A generator that looks through a window, for whole crops."""

from __future__ import annotations

from torch import nn

from ecgan.networks.output import Translation
from ecgan.shapes import Codes, Images
from ecgan.window import Window


class Windowed(nn.Module):
    """Takes and gives whole canonical crops; the generator inside sees and changes the window."""

    def __init__(self, generator: nn.Module, window: Window) -> None:
        super().__init__()
        self.generator = generator
        self.window = window

    def forward(self, source: Images, code: Codes) -> Translation:
        """Without the fields of a warp: they are of the window."""
        made: Translation = self.generator(self.window.cut(source), code)
        return Translation(image=self.window.put_back(source, made.image))
