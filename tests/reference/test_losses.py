"""Each loss against an independent float64 NumPy version, and its gradient against differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ecgan.losses.extras import (
    blend_area,
    classification_loss,
    flow_smoothness,
    gradient_loss,
    paired_loss,
    shape_loss,
)
from ecgan.losses.paper import (
    content_loss,
    cycle_loss,
    discriminator_loss,
    generator_loss,
    identity_loss,
    mask_loss,
    pyramid_loss,
)

Array = NDArray[np.float64]
CASES = 100
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Case:
    """A loss, its NumPy twin, and a draw of its arguments; `smooth` arguments get gradients."""

    loss: Callable[..., torch.Tensor]
    reference: Callable[..., float]
    draw: Callable[[np.random.Generator], list[Any]]
    smooth: tuple[int, ...]


def image(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(-1, 1, shape)


def shape_of(rng: np.random.Generator, channels: int = 3) -> tuple[int, ...]:
    return (int(rng.integers(1, 4)), channels, int(rng.integers(2, 7)), int(rng.integers(2, 7)))


def draw_two(rng: np.random.Generator) -> list[Any]:
    shape = shape_of(rng)
    return [image(rng, shape), image(rng, shape)]


def draw_masked(rng: np.random.Generator) -> list[Any]:
    shape = shape_of(rng)
    mask = (rng.random((shape[0], 1, *shape[2:])) < 0.6).astype(np.float64)
    return [image(rng, shape), image(rng, shape), mask]


def draw_patches(rng: np.random.Generator) -> list[Any]:
    return [rng.normal(0.5, 1, shape_of(rng, 1)), rng.normal(0.5, 1, shape_of(rng, 1))]


def draw_features(rng: np.random.Generator) -> list[Any]:
    shape = shape_of(rng, int(rng.integers(1, 6)))
    return [rng.normal(0, 1, shape), rng.normal(0, 1, shape)]


def draw_pyramid(rng: np.random.Generator) -> list[Any]:
    shapes = [shape_of(rng, int(rng.integers(1, 5))) for _ in range(5)]
    return [rng.normal(0, 1, shape) for _ in range(2) for shape in shapes]


def draw_paired(rng: np.random.Generator) -> list[Any]:
    first, second = draw_two(rng)
    return [first, second, rng.random(len(first)) < 0.5]


def draw_flow_and_points(rng: np.random.Generator) -> list[Any]:
    shape = shape_of(rng, 2)
    points = [rng.uniform(-1.1, 1.1, (shape[0], 9, 2)) for _ in range(2)]
    return [image(rng, shape), *points]


def draw_logits(rng: np.random.Generator) -> list[Any]:
    count, classes = int(rng.integers(1, 5)), int(rng.integers(2, 8))
    return [rng.normal(0, 3, (count, classes)), rng.dirichlet(np.ones(classes), count)]


def torch_pyramid(*layers: torch.Tensor) -> torch.Tensor:
    return pyramid_loss(layers[:5], layers[5:])


def mask_literal(output: torch.Tensor, source: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return mask_loss(output, source, mask, "literal")


# The NumPy side: plain loops and sums over the printed formula.


def mean_l1(a: Array, b: Array) -> float:
    return float(np.sum(np.abs(a - b)) / a.size)


def numpy_discriminator(real: Array, fake: Array) -> float:
    return float(np.sum((real - 1) ** 2) / real.size + np.sum(fake**2) / fake.size)


def numpy_generator(fake: Array) -> float:
    return float(np.sum((1 - fake) ** 2) / fake.size)


def numpy_mask_cycle(output: Array, source: Array, mask: Array) -> float:
    return mean_l1(output * mask, source * mask)


def numpy_mask_literal(output: Array, source: Array, mask: Array) -> float:
    return mean_l1(output, source * mask)


def numpy_content(a: Array, b: Array) -> float:
    count, channels, height, width = a.shape
    total = 0.0
    for n in range(count):
        for h in range(height):
            for w in range(width):
                total += float(np.sum((b[n, :, h, w] - a[n, :, h, w]) ** 2)) / channels
    return total / (width * height) / count


def numpy_pyramid(*layers: Array) -> float:
    weights = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
    pairs = zip(weights, layers[:5], layers[5:], strict=True)
    return sum(weight * mean_l1(a, b) for weight, a, b in pairs)


def numpy_paired(output: Array, truth: Array, paired: NDArray[np.bool_]) -> float:
    return mean_l1(output[paired], truth[paired]) * paired.mean() if paired.any() else 0.0


def numpy_gradient(output: Array, truth: Array, paired: NDArray[np.bool_]) -> float:
    if not paired.any():
        return 0.0
    d = output[paired] - truth[paired]
    change = mean_l1(d[..., 1:], d[..., :-1]) + mean_l1(d[..., 1:, :], d[..., :-1, :])
    return change * paired.mean()


def numpy_smoothness(flow: Array) -> float:
    return mean_l1(flow[..., 1:], flow[..., :-1]) + mean_l1(flow[..., 1:, :], flow[..., :-1, :])


def numpy_shape(flow: Array, points: Array, goal: Array) -> float:
    size = np.array(flow.shape[:1:-1])
    seen = np.empty_like(goal)
    for row, places in enumerate(goal):
        for index, place in enumerate(places):
            at = np.clip((place + 1) / 2 * size - 0.5, 0, size - 1)
            low = np.minimum(at.astype(int), np.maximum(size - 2, 0))
            share = at - low
            corners = flow[row][:, low[1] : low[1] + 2, low[0] : low[0] + 2]
            along_y = np.array([1 - share[1], share[1]])
            along_x = np.array([1 - share[0], share[0]])
            seen[row, index] = place + np.einsum("cyx,y,x->c", corners, along_y, along_x)
    return mean_l1(seen, points)


def numpy_cross_entropy(logits: Array, target: Array) -> float:
    log_sum = np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    return float(np.mean(np.sum(target * (log_sum - logits), axis=1)))


LOSSES = {
    "Eq. 1, D": Case(discriminator_loss, numpy_discriminator, draw_patches, (0, 1)),
    "Eq. 1, G": Case(generator_loss, numpy_generator, lambda rng: draw_patches(rng)[:1], (0,)),
    "Eq. 2": Case(cycle_loss, mean_l1, draw_two, (0, 1)),
    "Eq. 3, content": Case(content_loss, numpy_content, draw_features, (0, 1)),
    "Eq. 3, pyramid": Case(torch_pyramid, numpy_pyramid, draw_pyramid, tuple(range(10))),
    "Eq. 4": Case(identity_loss, mean_l1, draw_two, (0, 1)),
    "Eq. 5, cycle": Case(mask_loss, numpy_mask_cycle, draw_masked, (0, 1)),
    "Eq. 5, literal": Case(mask_literal, numpy_mask_literal, draw_masked, (0, 1)),
    "paired": Case(paired_loss, numpy_paired, draw_paired, (0, 1)),
    "paired gradient": Case(gradient_loss, numpy_gradient, draw_paired, (0, 1)),
    "flow smoothness": Case(
        flow_smoothness, numpy_smoothness, lambda rng: [image(rng, shape_of(rng, 2))], (0,)
    ),
    "blend area": Case(
        blend_area,
        lambda blend: float(np.sum(blend) / blend.size),
        lambda rng: [rng.random(shape_of(rng, 1))],
        (0,),
    ),
    "shape": Case(shape_loss, numpy_shape, draw_flow_and_points, (0, 1)),
    "classification": Case(classification_loss, numpy_cross_entropy, draw_logits, (0,)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_value_equals_numpy(name: str) -> None:
    case = LOSSES[name]
    rng = np.random.default_rng(0)
    values = []
    for _ in range(CASES):
        arguments = case.draw(rng)
        expected = case.reference(*arguments)
        found = case.loss(*(torch.from_numpy(np.asarray(a)) for a in arguments))
        assert found.shape == ()
        assert found.item() == pytest.approx(expected, rel=TOLERANCE, abs=0.0)
        values.append(expected)
    assert np.std(values) > 0


@pytest.mark.parametrize("name", LOSSES)
def test_float32_value_is_close(name: str) -> None:
    case = LOSSES[name]
    rng = np.random.default_rng(1)
    for _ in range(10):
        arguments = case.draw(rng)
        tensors = [torch.from_numpy(np.asarray(a)) for a in arguments]
        found = case.loss(*(t.float() if t.is_floating_point() else t for t in tensors))
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(case.reference(*arguments), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient(name: str) -> None:
    case = LOSSES[name]
    rng = np.random.default_rng(2)
    for _ in range(3):
        tensors = [torch.from_numpy(np.asarray(a)) for a in case.draw(rng)]
        for index in case.smooth:
            tensors[index].requires_grad_()
        # Steps far below the distance of random values from the kinks of abs().
        assert torch.autograd.gradcheck(case.loss, tensors, eps=1e-7, atol=1e-5)
