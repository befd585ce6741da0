"""Mean motions of landmarks, and landmarks that go through augmentation and window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.drawn_records import POINTS, make_manifest, record

from ecgan.config import AugmentConfig, DataConfig
from ecgan.data.dataset import TranslationData, mean_motions
from ecgan.data.transforms import Shapes, apply, draw_parameters, move_points
from ecgan.window import Window

RNG = np.random.default_rng(0)
MOVES = {1: RNG.normal(0, 2, (68, 2)), 2: RNG.normal(0, 2, (68, 2))}


def face(expression: str, move: np.ndarray, person: int):
    points = np.asarray(POINTS) + move
    return replace(
        record(f"p{person}", expression), landmarks=tuple((float(x), float(y)) for x, y in points)
    )


def test_motions_are_recovered_from_different_people_at_different_strengths() -> None:
    wobble = RNG.normal(0, 1, (4, 68, 2))
    wobble -= wobble.mean(axis=0)
    neutral = [face("neutral", wobble[i], i) for i in range(4)]
    labels, strengths = [1, 1, 2, 2], [0.3, 1.0, 0.5, 1.2]
    expressive = [
        face("happy", strength * MOVES[label], 10 + i)
        for i, (label, strength) in enumerate(zip(labels, strengths, strict=True))
    ]
    found = mean_motions(neutral, expressive, labels, strengths, 4)
    assert found.shape == (4, 68, 2)
    np.testing.assert_allclose(found[1], MOVES[1], atol=1e-9)
    np.testing.assert_allclose(found[2], MOVES[2], atol=1e-9)
    assert not found[0].any() and not found[3].any()


def test_from_one_expression_to_another_and_back_is_nothing() -> None:
    points = torch.rand(3, 68, 2)
    motions = torch.randn(3, 4, 68, 2)
    one, other = torch.eye(4)[[1, 2, 0]], torch.eye(4)[[3, 1, 1]] * 0.7
    there = Shapes(points, motions).goal(one, other)
    assert (there - points).abs().max() > 0.1
    torch.testing.assert_close(Shapes(there, motions).goal(other, one), points)
    torch.testing.assert_close(Shapes(points, motions).goal(one, one), points)


@pytest.mark.parametrize("seed", range(4))
def test_points_go_where_augmentation_takes_what_they_mark(seed: int) -> None:
    config = AugmentConfig(rotation_degrees=20, scale=0.2, shift=0.1)
    parameters = draw_parameters(6, config, np.random.default_rng(seed))
    side, place = 96, torch.tensor([0.25, -0.15])
    centres = (torch.arange(side) + 0.5) / side * 2 - 1
    far = (centres[None, :] - place[0]) ** 2 + (centres[:, None] - place[1]) ** 2
    blob = 2 * torch.exp(-far / (2 * 0.04**2)) - 1
    images, _ = apply(parameters, blob.expand(6, 3, side, side).clone())
    weight = (images[:, 0] + 1).clamp_min(0.2) - 0.2
    weight = weight / weight.sum(dim=(1, 2), keepdim=True)
    found = torch.stack(
        [
            (weight * centres[None, None, :]).sum(dim=(1, 2)),
            (weight * centres[:, None]).sum((1, 2)),
        ],
        dim=1,
    )
    moved = move_points(parameters, place.expand(6, 1, 2))[:, 0]
    assert (found - moved).abs().max() < 1 / side
    ahead = move_points(parameters, (place + 0.1).expand(6, 1, 2))[:, 0]
    step = move_points(parameters, torch.full((6, 1, 2), 0.1), directions=True)[:, 0]
    torch.testing.assert_close(ahead - moved, step)


@pytest.fixture
def few(tmp_path: Path):
    """Two people of 64 px; the expression moves the mouth corners (48 and 54)."""
    move = np.zeros((68, 2))
    move[[48, 54]] = [[-3.0, -1.0], [3.0, -1.0]]
    records = [face("neutral", np.zeros((68, 2)), i) for i in range(2)]
    records += [face("happy", move, i) for i in range(2)]
    return make_manifest(tmp_path, records), move


def test_a_batch_has_landmarks_and_motions_in_the_window(few) -> None:
    manifest, move = few
    still = {"augment": {"flip": False}, "zoom": 1.375}
    data = TranslationData(manifest, "train", size=32, data=DataConfig.model_validate(still))
    assert data.store.size == 44
    batch = data.batch(2, seed=0, step=0)
    assert batch.neutral.shape == batch.expressive.shape == (2, 3, 32, 32)
    assert batch.neutral_mask.shape == (2, 1, 32, 32)
    shapes, goal = batch.neutral_shapes, batch.expressive_shapes
    assert shapes is not None and goal is not None
    assert shapes.points.shape == (2, 68, 2)
    whole = torch.tensor(POINTS) * 2 / 64 + 1 / 64 - 1
    torch.testing.assert_close(shapes.points[0], Window(1.375).points(whole))
    neutral_code = torch.tensor([[1.0, 0.0]]).expand(2, 2)
    torch.testing.assert_close(shapes.goal(neutral_code, batch.code), goal.points)
    expected = torch.from_numpy(move).float() * 2 / 64 * 1.375
    torch.testing.assert_close(shapes.motions[0, 1], expected)


def test_the_window_is_cut_after_the_augmentation(few) -> None:
    manifest, _ = few
    moved = {"augment": {"rotation_degrees": 20, "shift": 0.1}, "direct": True}
    parts, crops = (
        TranslationData(
            manifest, "train", size=size, data=DataConfig.model_validate({**moved, "zoom": zoom})
        ).batch(4, seed=1, step=2)
        for size, zoom in ((32, 1.375), (44, 1.0))
    )
    for name in ("neutral", "neutral_mask", "expressive", "expressive_mask", "other"):
        assert torch.equal(getattr(parts, name), Window(1.375).cut(getattr(crops, name)))
