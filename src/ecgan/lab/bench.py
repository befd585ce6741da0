"""Speed of the training step on this machine, against the machine's own convolution limit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ecgan import __version__
from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.data.points import NUM_LANDMARKS
from ecgan.data.transforms import Shapes
from ecgan.expressions import NEUTRAL, Vocabulary
from ecgan.precision import Precision, choose_precision, default_device
from ecgan.training.distributed import World
from ecgan.training.method import Method, RunContext, update_flops
from ecgan.training.state import fresh_state
from ecgan.training.update import TWO_GENERATORS, update

# (channels, side, batch) of 3 x 3 convolutions: the shapes in which generators spend their time.
LIMIT_SHAPES = ((128, 64, 1), (256, 64, 1), (256, 32, 4), (512, 16, 4))
GPU_LIMIT_SHAPES = ((256, 64, 32), (512, 32, 64))


@dataclass(frozen=True)
class TrainingSpeed:
    """What `ecgan bench train` reports."""

    seconds_per_step: float
    """Median over the timed steps."""
    images_per_second: float
    """Neutral and expressive ones: an example of the batch is two."""
    tflop_per_step: float
    """Operations of convolutions and matrix products, a multiply-add counted as two."""
    tflops: float
    """TFLOP a second."""
    limit_tflops: float
    """Best forward and backward rate of a plain 3 x 3 convolution, measured in the same run."""
    share_of_limit: float
    precision: Precision
    size: int
    batch: int
    steps: int
    threads: int
    torch: str
    ecgan: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bench_training(
    config: Config, *, method: Method = TWO_GENERATORS, steps: int = 5, warmup: int = 2
) -> TrainingSpeed:
    """Time whole updates (all generators and discriminators) on random images.

    Args:
        config: what to train; its data section is not used, and the terms that need a feature
            network are left out: context, perceptual and style loss.
        method: networks and update.
        steps: timed updates.
        warmup: updates before these.
    """
    if config.objective.context or config.objective.compares_features:
        without = {"context": 0.0, "perceptual": 0.0, "style": 0.0}
        objective = config.objective.model_copy(update=without)
        config = config.model_copy(update={"objective": objective})
    if config.optimizer.critic_steps > 1:  # every timed update shall be a whole one
        optimizer = config.optimizer.model_copy(update={"critic_steps": 1})
        config = config.model_copy(update={"optimizer": optimizer})
    if config.threads:
        torch.set_num_threads(config.threads)
    device = default_device()
    world = World(0, 1, device)
    precision = choose_precision(config.precision, device)
    vocabulary = Vocabulary()
    context = RunContext(
        config=config,
        world=world,
        precision=precision,
        total_steps=steps + warmup,
        neutral_code=torch.from_numpy(vocabulary.code(NEUTRAL))[None].to(device),
        method=method,
    )
    state = fresh_state(config, len(vocabulary), world, method.models)
    batch = _random_batch(config, vocabulary).to(device)
    flops = update_flops(state.models, batch, context)
    if config.compile:
        state.compile()
    torch.backends.cudnn.benchmark = True
    limit_before = convolution_limit(precision, device)
    times = []
    for step in range(warmup + steps):
        seconds = _timed(lambda: update(state, batch, context), device)
        if step >= warmup:
            times.append(seconds)
    limit = max(limit_before, convolution_limit(precision, device))
    seconds = statistics.median(times)
    return TrainingSpeed(
        seconds_per_step=seconds,
        images_per_second=2 * config.batch / seconds,
        tflop_per_step=flops / 1e12,
        tflops=flops / seconds / 1e12,
        limit_tflops=limit / 1e12,
        share_of_limit=flops / seconds / limit,
        precision=precision,
        size=config.size,
        batch=config.batch,
        steps=steps,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        ecgan=__version__,
    )


def convolution_limit(precision: Precision, device: torch.device, repeats: int = 4) -> float:
    """FLOP/s of the fastest of `LIMIT_SHAPES` (a GPU has larger ones, to be filled), forward and
    backward, in the better layout."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    best = 0.0
    shapes = GPU_LIMIT_SHAPES if device.type == "cuda" else LIMIT_SHAPES
    for channels, side, batch in shapes:
        flops = 3 * 2 * channels * channels * 9 * side * side * batch
        for layout in (torch.contiguous_format, torch.channels_last):
            images = torch.randn(batch, channels, side, side, dtype=dtype, device=device)
            images = images.to(memory_format=layout).requires_grad_()
            weight = torch.randn(channels, channels, 3, 3, dtype=dtype, device=device)
            weight = weight.to(memory_format=layout).requires_grad_()
            run = partial(_convolve_and_back, images, weight, torch.ones_like(images))
            _timed(run, device)
            best = max(best, *(flops / _timed(run, device) for _ in range(repeats)))
    return best


def _convolve_and_back(images: Tensor, weight: Tensor, slope: Tensor) -> None:
    torch.autograd.grad(F.conv2d(images, weight, padding=1), (images, weight), slope)


def _timed(work: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _random_batch(config: Config, vocabulary: Vocabulary) -> TranslationBatch:
    generator = torch.Generator().manual_seed(0)
    shape = (config.batch, 3, config.size, config.size)
    images = [torch.rand(shape, generator=generator) * 2 - 1 for _ in range(2)]
    mask = torch.ones(config.batch, 1, config.size, config.size)
    names = [vocabulary.expressive[i % len(vocabulary.expressive)] for i in range(config.batch)]
    codes = [torch.from_numpy(vocabulary.code(name)) for name in names]
    points = [torch.rand(config.batch, NUM_LANDMARKS, 2, generator=generator) for _ in range(2)]
    size = (config.batch, len(vocabulary), NUM_LANDMARKS, 2)
    shapes = [Shapes(p - 0.5, 0.1 * torch.randn(size, generator=generator)) for p in points]
    direct = config.data.direct
    return TranslationBatch(
        neutral=images[0],
        neutral_mask=mask,
        expressive=images[1],
        expressive_mask=mask,
        code=torch.stack(codes),
        label=torch.tensor([vocabulary.index(name) for name in names]),
        paired=torch.full((config.batch,), config.data.pairs == "use"),
        neutral_shapes=shapes[0],
        expressive_shapes=shapes[1],
        other_shapes=shapes[0] if config.data.direct else None,
        loose=torch.full((config.batch,), config.data.same_person and config.data.pairs != "use"),
        names=["random"] * config.batch,
        other=images[1].flip(0) if direct else None,
        other_code=torch.stack(codes[::-1]) if direct else None,
    )
