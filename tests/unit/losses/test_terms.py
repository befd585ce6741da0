"""Fixed points and edge cases of the adversarial, L1, paired, field and classification losses."""

from __future__ import annotations

import math

import pytest
import torch

from ecgan.losses.extras import (
    EYES,
    blend_area,
    classification_loss,
    eye_depth,
    flow_smoothness,
    gradient_loss,
    loose_loss,
    paired_loss,
    shape_loss,
    still_eyes_loss,
)
from ecgan.losses.paper import cycle_loss, discriminator_loss, generator_loss, identity_loss

ONES, ZEROS = torch.ones(2, 1, 6, 6), torch.zeros(2, 1, 6, 6)
SOURCE = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_lsgan_fixed_points() -> None:
    assert discriminator_loss(ONES, ZEROS) == 0
    assert discriminator_loss(ZEROS, ONES) == 2
    assert discriminator_loss(ONES / 2, ONES / 2) == 0.5
    assert generator_loss(ONES) == 0
    assert generator_loss(ZEROS) == 1


def test_lsgan_takes_batches_of_different_size() -> None:
    assert discriminator_loss(ONES[:1], ZEROS) == 0


def test_l1_losses_are_zero_at_equality_and_count_a_constant() -> None:
    for loss in (cycle_loss, identity_loss):
        assert loss(SOURCE, SOURCE) == 0
        assert loss(SOURCE + 0.25, SOURCE).item() == pytest.approx(0.25)


def test_paired_losses_see_paired_examples_alone() -> None:
    truth = SOURCE.clone()
    output = SOURCE.clone()
    output[0] += 0.5
    output[1] = 100.0
    paired = torch.tensor([True, False, True])
    assert paired_loss(output, truth, paired).item() == pytest.approx(0.25 * 2 / 3)
    assert gradient_loss(output, truth, paired).item() == pytest.approx(0, abs=1e-6)
    assert gradient_loss(output, truth, ~paired).item() > 0.1


@pytest.mark.parametrize("loss", [paired_loss, gradient_loss, loose_loss])
def test_paired_losses_without_pairs_are_zero_with_zero_gradient(loss) -> None:
    output = SOURCE.clone().requires_grad_()
    value = loss(output, SOURCE.flip(3), torch.zeros(3, dtype=torch.bool))
    value.backward()
    assert value.item() == 0
    assert output.grad is not None and output.grad.abs().max() == 0


def test_shape_is_zero_where_each_goal_shows_its_landmark() -> None:
    points = torch.rand(2, 68, 2) - 0.5
    goal = points + torch.tensor([0.1, -0.2])
    flow = torch.tensor([-0.1, 0.2])[None, :, None, None].expand(2, 2, 8, 8)
    assert shape_loss(flow, points, goal).item() == pytest.approx(0, abs=1e-6)
    assert shape_loss(0 * flow, points, goal).item() == pytest.approx(0.15, abs=1e-6)


def test_blur_costs_more_in_the_gradient_loss() -> None:
    stripes = torch.tensor([-1.0, 1.0]).repeat(4).expand(1, 3, 8, 8)
    paired = torch.tensor([True])
    blurred, darker = torch.zeros_like(stripes), stripes - 1
    assert paired_loss(blurred, stripes, paired) == paired_loss(darker, stripes, paired)
    assert gradient_loss(blurred, stripes, paired) == 2
    assert gradient_loss(darker, stripes, paired) == 0


def test_flow_smoothness_ignores_a_shift_and_counts_a_stretch() -> None:
    shift = torch.full((1, 2, 4, 4), 0.3)
    stretch = (0.1 * torch.arange(4.0)).expand(1, 2, 4, 4)
    assert flow_smoothness(shift) == 0
    assert flow_smoothness(stretch).item() == pytest.approx(0.1)
    assert flow_smoothness(stretch.transpose(2, 3)).item() == pytest.approx(0.1)


def test_blend_area_is_the_share_of_new_pixels() -> None:
    blend = torch.zeros(1, 1, 4, 4)
    blend[:, :, :2, :2] = 1
    assert blend_area(blend) == 0.25


def test_classification_of_equal_logits_is_the_log_of_the_count() -> None:
    target = torch.eye(7)[:3]
    assert classification_loss(torch.zeros(3, 7), target).item() == pytest.approx(math.log(7))
    assert classification_loss(50 * target, target).item() == pytest.approx(0, abs=1e-6)
    assert classification_loss(50 * target, target.roll(1, 1)).item() == pytest.approx(50)


def test_classification_takes_intensities() -> None:
    target = torch.tensor([[0.4, 0.6]])
    best = target.log()
    entropy = -(target * target.log()).sum().item()
    assert classification_loss(best, target).item() == pytest.approx(entropy)
    assert classification_loss(torch.tensor([[0.0, 5.0]]), target).item() > entropy


def test_focus_weighs_what_the_expression_changes() -> None:
    source = torch.zeros(1, 3, 32, 32)
    truth = source.clone()
    truth[..., 8:16, 8:16] = 0.5
    beside, inside = truth.clone(), truth.clone()
    beside[..., 26, 26] += 0.1
    inside[..., 12, 12] += 0.1
    paired = torch.tensor([True])
    plain = paired_loss(inside, truth, paired)
    assert plain == pytest.approx(paired_loss(beside, truth, paired).item())
    assert paired_loss(beside, truth, paired, source, 10.0) == pytest.approx(plain.item())
    expected = plain.item() * (1 + 10.0 * 0.5 * 64 / 81)
    assert paired_loss(inside, truth, paired, source, 10.0) == pytest.approx(expected, rel=1e-5)


def test_paired_losses_of_two_halves_average_to_that_of_the_whole() -> None:
    generator = torch.Generator().manual_seed(0)
    output, truth = torch.rand(2, 4, 3, 8, 8, generator=generator)
    paired = torch.tensor([True, False, False, False])
    for loss in (paired_loss, gradient_loss):
        halves = [loss(output[i : i + 2], truth[i : i + 2], paired[i : i + 2]) for i in (0, 2)]
        assert torch.stack(halves).mean() == pytest.approx(loss(output, truth, paired).item())


@pytest.mark.parametrize("side", [128, 256])
def test_loose_loss_forgives_what_moves_within_a_32nd_of_the_side(side: int) -> None:
    truth = torch.zeros(1, 3, side, side)
    truth[..., 4, 4] = 1
    near, far = truth.roll((2, 3), (2, 3)), truth.roll(8, 2)
    loose = torch.tensor([True])
    assert loose_loss(near, truth, loose) == 0
    assert loose_loss(far, truth, loose).item() == pytest.approx(2 / side**2)
    assert loose_loss(far, truth, ~loose) == 0
    focused = loose_loss(far, truth, loose, source=torch.zeros_like(truth), paired_focus=10.0)
    assert focused > loose_loss(far, truth, loose)


def eyes(opening: float) -> torch.Tensor:
    """Landmarks of two eyes, 0.4 wide and `opening` high at their middle; the rest far away."""
    points = torch.full((1, 68, 2), 5.0)
    upper, lower = -opening / 2, opening / 2
    x = [-0.2, -0.1, 0.1, 0.2, 0.1, -0.1]
    y = [0.0, upper, upper, 0.0, lower, lower]
    for eye, centre in zip(EYES, (-0.4, 0.4), strict=True):
        points[0, eye] = torch.tensor([[centre + a, b] for a, b in zip(x, y, strict=True)])
    return points


@pytest.mark.parametrize("mirrored", [False, True])
def test_eye_depth_is_the_distance_from_the_lids(mirrored: bool) -> None:
    points = eyes(0.16) * torch.tensor([-1.0, 1.0]) if mirrored else eyes(0.16)
    depth = eye_depth(points, 100)[0, 0]
    centre = depth[49:51, 29:31].mean().item()  # x -0.4, y 0
    assert centre == pytest.approx(0.08 - 0.01, abs=1e-3)
    assert -0.2 < depth[50, 50] < -0.1  # between the eyes, 0.2 from either
    assert (depth > 0).float().mean().item() == pytest.approx(2 * 0.3 * 0.16 / 4, rel=0.1)


def test_eyeballs_are_still_where_source_and_truth_show_them() -> None:
    wide, narrow = eyes(0.3), eyes(0.1)
    paired = torch.tensor([True])
    right = (eye_depth(narrow, 64) > 0).float()
    for points, truth in ((wide, narrow), (narrow, wide)):
        assert still_eyes_loss(right, points, truth, paired) == 0
        assert still_eyes_loss(1 - right, points, truth, paired) == pytest.approx(2, abs=0.02)
        assert still_eyes_loss(0 * right, points, truth, paired) == 1
        assert still_eyes_loss(1 - right, points, truth, ~paired) == 0
    closed = eyes(0.0)
    assert still_eyes_loss(0 * right, wide, closed, paired) == 0
