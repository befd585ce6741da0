"""Where landmarks go when a face takes on an expression: a mean over the data, without pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ecgan.data.manifest import Record
from ecgan.shapes import Codes, Motions, Points2D


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


def mean_motions(
    neutral: Sequence[Record],
    expressive: Sequence[Record],
    labels: Sequence[int],
    intensities: Sequence[float],
    num: int,
) -> NDArray[np.float64]:
    """From the mean neutral face to each expression, by least squares on the intensity: the faces
    are aligned, and nobody has to be in the data with more than one expression.

    Args:
        neutral: at least one.
        expressive: at least one.
        labels: of each expressive record, its position in the vocabulary.
        intensities: of each expressive record.
        num: expressions in the vocabulary.

    Returns:
        (num, 68, 2) in pixels of the prepared images; 0 where no image has the label.
    """
    mean_neutral = np.zeros((len(neutral[0].landmarks), 2))
    for record in neutral:
        mean_neutral += np.asarray(record.landmarks)
    mean_neutral /= len(neutral)
    weighted = np.zeros((num, *mean_neutral.shape))
    squares = np.zeros(num)
    for record, label, intensity in zip(expressive, labels, intensities, strict=True):
        weighted[label] += intensity * (np.asarray(record.landmarks) - mean_neutral)
        squares[label] += intensity**2
    return weighted / np.maximum(squares, 1e-6)[:, None, None]
