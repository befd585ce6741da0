"""Luminance and contrast inside a face, and the oval."""

import numpy as np
import pytest

from ecgan.errors import EcganError
from ecgan.lab.stimuli.matching import GREY, Luminance, in_oval, luminance, matched, oval


def test_figures_are_those_of_grey_levels() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0] = (10, 20, 30), (40, 50, 60)
    area = np.array([[True, True], [False, False]])
    found = luminance(pixels, area)
    grey = [0.299 * r + 0.587 * g + 0.114 * b for r, g, b in ((10, 20, 30), (40, 50, 60))]
    assert found.mean == pytest.approx(np.mean(grey), rel=1e-6)
    assert found.contrast == pytest.approx(np.std(grey), rel=1e-5)


@pytest.mark.parametrize("goal", [Luminance(90, 20), Luminance(150, 60), Luminance(128, 40)])
def test_a_picture_reaches_the_goal_in_whole_levels(goal: Luminance) -> None:
    random = np.random.default_rng(0)
    pixels = np.clip(random.normal(100, 35, (60, 50, 3)), 0, 255).astype(np.uint8)
    area = np.zeros((60, 50), bool)
    area[10:50, 5:40] = True
    found = luminance(matched(pixels, area, goal), area)
    assert found.mean == pytest.approx(goal.mean, rel=0.005)
    assert found.contrast == pytest.approx(goal.contrast, rel=0.005)


def test_half_a_level_can_be_reached() -> None:
    grey = np.random.default_rng(0).integers(40, 80, (300, 300, 1)).astype(np.uint8)
    pixels = np.repeat(grey, 3, axis=2)
    area = np.ones((300, 300), bool)
    start = luminance(pixels, area)
    goal = Luminance(start.mean + 0.5, start.contrast)
    assert luminance(matched(pixels, area, goal), area).mean == pytest.approx(goal.mean, abs=0.15)


def test_a_goal_out_of_reach_is_refused() -> None:
    pixels = np.repeat(np.linspace(0, 255, 40, dtype=np.uint8)[:, None, None], 3, axis=2)
    with pytest.raises(EcganError, match="cannot be brought to a mean luminance of 128"):
        matched(pixels, np.ones((40, 1), bool), Luminance(128, 250))


@pytest.mark.parametrize("size", [128, 512])
def test_the_oval_is_grey_outside_and_itself_inside(size: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    shown, weight = in_oval(pixels), oval(size)
    assert (shown[weight == 0] == GREY).all()
    assert (shown[weight == 1] == pixels[weight == 1]).all()
    assert weight.mean() == pytest.approx(np.pi * 64 * 89 / 256**2, rel=0.01)
    assert weight[0].max() == weight[-1].max() == weight[:, 0].max() == 0
