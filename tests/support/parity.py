"""Losses and gradients of one step of CycleGAN, Pix2pix and StarGAN from formula-made weights.

Nothing here is drawn by torch: weights and images are integers scrambled by their position, so that
another implementation can be given the same ones, its parameters being taken in `ordered`.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ecgan.config import Config
from ecgan.config_loading import load_config
from ecgan.data.dataset import TranslationBatch
from ecgan.lab.stargan.method import (
    DomainBatch,
    domain_critic_step,
    domain_generator_step,
    method_of,
)
from ecgan.training.method import Models, RunContext
from ecgan.training.step import discriminator_step, generator_step
from ecgan.training.update import frozen
from support.tiny_run import ALONE

NETWORKS = ("to_expression", "to_neutral", "discriminator_expression", "discriminator_neutral")
SIZES = {"cyclegan": 64, "pix2pix": 256, "stargan": 64}
_SMALL = ["generator.width=4", "generator.max_width=32", "discriminator.width=4"]
_ONE = ["generator.conditioning=none", "discriminator.conditioning=none", "generator.dropout=false"]
_PLACES = {"first": 0, "downs": 1, "convolutions": 1, "blocks": 2, "ups": 3, "last": 4}


def parity_config(name: str) -> Config:
    """A preset with few channels; without z where the published network has none."""
    settings = [*_SMALL, f"size={SIZES[name]}", "batch=2", *(_ONE if name != "stargan" else [])]
    if name == "stargan":
        settings[1] = "generator.max_width=512"
    return load_config(Config, preset=name, settings=settings)


def numbers(name: str, *shape: int) -> Tensor:
    """float64 in [-1, 1): position i and `name`, scrambled (splitmix64)."""
    seed = name.replace("discriminator_", "judge_")  # the other implementation was given these
    start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        x = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x += np.uint64(start)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    values = (x >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1
    return torch.from_numpy(values.reshape(shape))


def images(name: str, count: int, size: int) -> Tensor:
    """float64 (count, 3, size, size) in [-1, 1): coarse spots and noise."""
    coarse = numbers(f"{name} coarse", count, 3, size // 8, size // 8)
    spots = coarse.repeat_interleave(8, 2).repeat_interleave(8, 3)
    return 0.7 * spots + 0.3 * numbers(f"{name} fine", count, 3, size, size)


def ordered(network: nn.Module) -> list[nn.Parameter]:
    """The parameters from input to output, each norm behind its convolution; without the biases
    that Pix2pix's first and innermost convolutions lack (ours has them, here zero)."""
    named = dict(network.named_parameters())
    downs = [int(m[1]) for n in named if (m := re.fullmatch(r"trunk\.downs\.(\d+)\.weight", n))]
    unet = "trunk.down_norms.1.weight" in named and "trunk.first.weight" not in named
    extra = {f"trunk.downs.{i}.bias" for i in (0, max(downs, default=0))} if unet else set()

    def place(item: tuple[int, str]) -> tuple[int, int, int, int]:
        number, name = item
        part, *rest = name.removeprefix("trunk.").split(".")
        kind = {"norms": "convolutions"}.get(part, part.replace("_norms", "s").replace("_norm", ""))
        index = int(rest[0]) if rest[0].isdigit() else 0
        return _PLACES.get(kind, 5), index, int("norm" in part), number

    names = [name for _, name in sorted(enumerate(named), key=place)]
    return [named[name] for name in names if name not in extra]


def fill(parameters: list[nn.Parameter], name: str) -> None:
    """Weights of a norm 1 +- 0.2, of a convolution as large as its inputs are many, biases 0.05."""
    with torch.no_grad():
        for index, parameter in enumerate(parameters):
            values = numbers(f"{name} {index}", *parameter.shape)
            matrix = parameter.dim() > 1
            after = index > 0 and parameters[index - 1].dim() > 1
            norm = not matrix and index + 1 < len(parameters) and after
            norm = norm and parameters[index + 1].dim() == 1
            scale = (1.5 / parameter[0].numel() ** 0.5) if matrix else 0.2 if norm else 0.05
            parameter.copy_(values * scale + float(norm))


def summary(name: str, gradients: list[Tensor]) -> dict[str, float]:
    """Norm of a network's gradient, and its product with a fixed direction."""
    flat = torch.cat([gradient.detach().double().flatten() for gradient in gradients])
    direction = numbers(f"{name} direction", len(flat))
    return {"norm": float(flat.norm()), "product": float(flat @ direction)}


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """`Tensor.float()`, with which autocast's outputs are widened, leaves float64 as it is. In fp32
    a ReLU or the sign in an L1 flips here and there, and gradients then agree to 1e-2 only."""
    original = Tensor.float
    Tensor.float = lambda self: self  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Tensor.float = original  # type: ignore[method-assign]


def our_step(name: str) -> tuple[dict[str, float], dict[str, list[Tensor]]]:
    """Loss terms, as `generator/<term>` and `discriminator/<term>`, and gradients by network; all
    in float64."""
    config, size = parity_config(name), SIZES[name]
    models = method_of(config).models(config, 3 if name == "stargan" else 2)
    networks = {key: getattr(models, key) for key in NETWORKS}
    if name == "stargan":
        networks = {key: networks[key] for key in ("to_expression", "discriminator_expression")}
    for key, network in networks.items():
        for parameter in network.parameters():
            parameter.data.zero_()
        network.double().train()
        fill(ordered(network), key)
    x, y = (images(key, 2, size) for key in ("neutral", "expressive"))
    step = _domains if name == "stargan" else _two
    with in_float64():
        made, scored = step(models, config, x, y)
    values = {f"generator/{key}": value.item() for key, value in made.items()}
    values |= {f"discriminator/{key}": value.item() for key, value in scored.items()}
    found = {
        key: [p.grad for p in ordered(network) if p.grad is not None]
        for key, network in networks.items()
    }
    return values, found


def _two(
    models: Models, config: Config, x: Tensor, y: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    code = torch.tensor([[0.0, 1.0]] * 2, dtype=x.dtype)
    neutral = torch.tensor([[1.0, 0.0]], dtype=x.dtype)
    mask = torch.ones(2, 1, *x.shape[2:], dtype=x.dtype)
    batch = TranslationBatch(
        neutral=x,
        neutral_mask=mask,
        expressive=y,
        expressive_mask=mask,
        code=code,
        label=torch.tensor([1, 1]),
        paired=torch.tensor([config.data.pairs == "use"] * 2),
        loose=torch.tensor([False] * 2),
        names=["formula"] * 2,
    )
    context = RunContext(config, ALONE, "fp32", 1, neutral, method_of(config))
    with frozen(models.discriminators()):
        made = generator_step(models, batch, context)
    made.objective.total.backward()
    scored = discriminator_step(models, batch, made.expressive, made.neutral, context)
    scored.total.backward()
    return {**made.objective.terms, "total": made.objective.total}, {
        **scored.terms,
        "total": scored.total,
    }


def _domains(
    models: Models, config: Config, x: Tensor, y: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    examples = stargan_examples(x, y)
    with frozen(models.discriminators()):
        made = domain_generator_step(models, examples, config)
    made.total.backward()
    scored = domain_critic_step(models, examples, config)
    scored.total.backward()
    return {**made.terms, "total": made.total}, {**scored.terms, "total": scored.total}


def stargan_examples(x: Tensor, y: Tensor) -> DomainBatch:
    """Two neutral images and one of each expression, asked to change places."""
    codes = torch.eye(3, dtype=x.dtype)
    return DomainBatch(
        images=torch.cat([x, y]),
        code=codes[[0, 0, 1, 2]],
        target=codes[[2, 1, 0, 0]],
        share=torch.tensor([0.1, 0.4, 0.6, 0.9], dtype=x.dtype),
    )
