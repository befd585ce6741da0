"""Sample grids: the same validation people in every expression, to be looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from ecgan.data.dataset import TranslationData
from ecgan.expressions import Vocabulary
from ecgan.files import write_with
from ecgan.precision import Precision, autocast
from ecgan.shapes import Images

GAP_PX = 2


def sample_people(data: TranslationData, count: int) -> Images:
    """The first neutral image of up to `count` people, spread over all of them.

    Returns:
        (people, 3, size, size), in [-1, 1].
    """
    first = {record.subject: record for record in reversed(data.neutral)}
    people = [first[subject] for subject in sorted(first)]
    places = np.linspace(0, len(people) - 1, min(count, len(people))).round().astype(int)
    return data.stack([people[place] for place in places])[0]


@torch.no_grad()
def sample_grid(
    to_expression: nn.Module, people: Images, codes: Tensor, precision: Precision
) -> NDArray[np.uint8]:
    """A row a person: the photo, then its translation to each code (codes, expressions).

    Returns:
        RGB image, (height, width, 3).
    """
    device = codes.device
    training = to_expression.training
    to_expression.eval()
    try:
        columns = [people]
        for code in codes:
            with autocast(precision, device):
                made = to_expression(people.to(device), code.expand(len(people), -1))
            columns.append(made.image.float().cpu())
    finally:
        to_expression.train(training)
    return tile(torch.stack(columns, dim=1))


def tile(images: Tensor) -> NDArray[np.uint8]:
    """(rows, columns, 3, H, W) in [-1, 1] as one RGB image with narrow white gaps."""
    rows, columns, _, height, width = images.shape
    pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 1, 3, 4, 2).numpy()
    step_y, step_x = height + GAP_PX, width + GAP_PX
    grid = np.full((rows * step_y - GAP_PX, columns * step_x - GAP_PX, 3), 255, np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = row * step_y, column * step_x
            grid[y : y + height, x : x + width] = pixels[row, column]
    return grid


def write_grid(file: Path, grid: NDArray[np.uint8]) -> None:
    """Write a grid as PNG, whole or not at all."""
    write_with(file, lambda stream: Image.fromarray(grid).save(stream, "PNG"))


def expression_codes(vocabulary: Vocabulary, device: torch.device) -> Tensor:
    """z of every expression but neutral, at full strength."""
    codes = np.stack([vocabulary.code(name) for name in vocabulary.expressive])
    return torch.from_numpy(codes).to(device)
