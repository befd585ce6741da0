"""The window of the canonical crop: what is cut, what is put back, and where points are in it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ecgan.networks.build import Windowed
from ecgan.networks.output import Translation
from ecgan.window import SOFT_EDGE, Window

ZOOM = 1.375
sides = st.integers(32, 300)
zooms = st.floats(1.0, 2.0)


def crops(side: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, 3, side, side, generator=generator) * 2 - 1


@given(sides)
def test_zoom_1_is_the_whole_crop(side: int) -> None:
    window, images = Window(), torch.zeros(1, 1, side, side)
    assert window.canvas(side) == side
    assert window.cut(images).shape == images.shape
    points = torch.tensor([[-1.0, -1.0], [0.3, 0.8]])
    assert torch.equal(window.points(points), points)


@given(sides, zooms)
def test_a_cut_is_a_square_inside_around_the_middle(side: int, zoom: float) -> None:
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    part = Window(zoom).cut(torch.stack([rows, columns]))
    assert part.shape == (2, round(side / zoom), round(side / zoom))
    left, right = int(part[1].min()), side - 1 - int(part[1].max())
    assert abs(left - right) <= 1


@pytest.mark.parametrize("size", [64, 128, 256])
def test_the_canvas_has_a_window_of_the_size(size: int) -> None:
    window = Window(ZOOM)
    canvas = torch.zeros(1, 3, window.canvas(size), window.canvas(size))
    assert window.cut(canvas).shape == (1, 3, size, size)


@pytest.mark.parametrize("side", [88, 176, 256])
@pytest.mark.parametrize("place", [(-0.6, 0.1), (0.0, 0.5), (0.5, -0.4)])
def test_points_are_where_the_cut_has_them(side: int, place: tuple[float, float]) -> None:
    column, row = (round((value + 1) / 2 * side - 0.5) for value in place)
    image = torch.zeros(1, 1, side, side)
    image[0, 0, row, column] = 1
    window = Window(ZOOM)
    part = window.cut(image)
    found = part[0, 0].nonzero()[0].flip(0)
    marked = (torch.tensor([column, row]) + 0.5) / side * 2 - 1
    expected = (window.points(marked) + 1) / 2 * part.shape[-1] - 0.5
    assert (found - expected).abs().max() < 1


def test_put_back_changes_the_window_alone_and_fades_in() -> None:
    window, before = Window(ZOOM), crops(88)
    parts = -torch.ones(2, 3, 64, 64)
    after = window.put_back(before, parts)
    mask = torch.zeros(88, 88, dtype=torch.bool)
    window.cut(mask)[:] = True
    assert mask.sum() == 64 * 64
    assert torch.equal(after[..., ~mask], before[..., ~mask])
    part, old = window.cut(after), window.cut(before)
    assert torch.equal(part[..., 0, :], old[..., 0, :])
    edge = round(SOFT_EDGE * 64) + 1
    assert torch.equal(part[..., edge:-edge, edge:-edge], parts[..., edge:-edge, edge:-edge])
    torch.testing.assert_close(window.put_back(before, window.cut(before)), before)


def test_put_back_without_zoom_gives_the_parts() -> None:
    parts = crops(32, seed=1)
    assert Window().put_back(crops(32), parts) is parts


class Inverts(torch.nn.Module):
    """A generator that remembers how large its images are."""

    def forward(self, source: torch.Tensor, code: torch.Tensor) -> Translation:
        self.seen = tuple(source.shape)
        return Translation(image=-source)


def test_a_windowed_generator_sees_and_changes_the_window() -> None:
    images, code = crops(176), torch.zeros(2, 3)
    generator = Inverts()
    made = Windowed(generator, Window(ZOOM))(images, code).image
    assert generator.seen == (2, 3, 128, 128)
    part, old = Window(ZOOM).cut(made), Window(ZOOM).cut(images)
    torch.testing.assert_close(part[..., 20:-20, 20:-20], -old[..., 20:-20, 20:-20])
    assert torch.equal(made[..., 0, :], images[..., 0, :])


def test_fields_come_to_rest_at_the_edge_and_fold_nothing() -> None:
    window, side = Window(ZOOM), 64
    down = torch.full((1, 1, side, side), -0.2)  # each place shows what was higher up
    still = window.stilled(down)
    for edge in (still[..., 0, :], still[..., -1, :], still[..., :, 0], still[..., :, -1]):
        assert edge.abs().max() == 0
    inside = side // 4
    assert torch.equal(
        still[..., inside:-inside, inside:-inside], down[..., inside:-inside, inside:-inside]
    )
    rows = (torch.arange(side) + 0.5) / side * 2 - 1
    lower_half = (rows + still[0, 0, :, side // 2])[side // 2 :]
    assert (lower_half.diff() > 0).all()
    assert torch.equal(Window().stilled(down), down)


LIPS = ((0.57, 0.80), (0.36, 0.64))
"""Rows and columns of the canonical crop that lips are in."""


@pytest.mark.parametrize("zoom", [1.0, 1.25])
@pytest.mark.parametrize("size", [64, 256])
def test_the_mouth_has_the_lips_and_little_else(zoom: float, size: int) -> None:
    window = Window(zoom)
    side = window.canvas(size)
    crop = torch.zeros(1, 3, side, side)
    rows, columns = (slice(round(a * side), round(b * side)) for a, b in LIPS)
    crop[..., rows, columns] = 1
    part = window.cut(crop)
    mouth = window.mouth(part)
    assert mouth.sum() == part.sum()
    assert mouth.mean() > 0.6
    mouth += 1  # a view
    assert part.sum() > mouth.numel()
