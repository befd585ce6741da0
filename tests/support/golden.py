"""The training step of the paper written a second time, from its equations alone.

Plain functions of tensors in float64: nothing of the package but its random numbers. Notation of
the paper: x is neutral, y expressive, z the expression vector of y, z' that of neutral; G_XY and
G_YX translate, D_Y and D_X tell real from translated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from ecgan.seeding import numpy_generator

Weights = dict[str, Tensor]
Phi = Callable[[Tensor], Sequence[Tensor]]
"""Features of an image, one tensor a layer."""

T = TypeVar("T")

NETWORKS = ("to_expression", "to_neutral", "discriminator_expression", "discriminator_neutral")
"""G_XY, G_YX, D_Y, D_X."""


@dataclass(frozen=True)
class Reading:
    """How the open points of the paper are read, and its numbers."""

    conditioning: Literal["bottleneck", "decoder", "input"] = "bottleneck"
    d_with_z: bool = True
    context: Literal["source", "cycle", "literal"] = "source"
    context_form: Literal["content", "pyramid"] = "content"
    mask: Literal["cycle", "literal"] = "cycle"
    lambda_1: float = 10.0
    lambda_2: float = 1.0
    lambda_3: float = 5.0
    lambda_4: float = 10.0
    learning_rate: float = 2e-4
    beta_1: float = 0.5
    beta_2: float = 0.999
    decay_from: float = 0.5
    pool: int = 50


@dataclass(frozen=True)
class Example:
    """What one update sees: images in [-1, 1], masks in {0, 1}, z of y."""

    x: Tensor
    x_mask: Tensor
    y: Tensor
    y_mask: Tensor
    z: Tensor


@dataclass
class Update:
    """What one update computed."""

    generator: dict[str, Tensor]
    """L_cGAN and the terms of Eq. 2 to 5, unweighted, and Eq. 6 as `total`."""
    discriminator: dict[str, Tensor]
    """Eq. 1 of both, and half of it as `total`."""
    gradients: dict[str, Weights] = field(default_factory=dict)
    """Of each network."""
    learning_rate: float = 0.0


def instance_norm(features: Tensor) -> Tensor:
    mean = features.mean(dim=(2, 3), keepdim=True)
    variance = ((features - mean) ** 2).mean(dim=(2, 3), keepdim=True)
    return (features - mean) / torch.sqrt(variance + 1e-5)


def with_code(features: Tensor, z: Tensor) -> Tensor:
    """z behind the channels, constant over the positions."""
    height, width = features.shape[2:]
    planes = z[:, :, None, None] * torch.ones(1, 1, height, width, dtype=features.dtype)
    return torch.cat([features, planes], dim=1)


def unet(weights: Weights, image: Tensor, z: Tensor, conditioning: str) -> Tensor:
    """U-Net of Isola et al. (2017): halvings to a 1 x 1 code, doublings back, skips between."""
    depth = sum(name.startswith("trunk.downs.") and name.endswith("weight") for name in weights)

    def parts(name: str) -> tuple[Tensor, Tensor]:
        return weights[f"trunk.{name}.weight"], weights[f"trunk.{name}.bias"]

    features = with_code(image, z) if conditioning == "input" else image
    encoded = []
    for level in range(depth):
        if level > 0:
            features = F.leaky_relu(features, 0.2)
        features = F.conv2d(features, *parts(f"downs.{level}"), stride=2, padding=1)
        if 0 < level < depth - 1:
            features = instance_norm(features)
        encoded.append(features)
    assert features.shape[2:] == (1, 1)
    if conditioning == "bottleneck":
        features = with_code(features, z)
    for stage in range(depth - 1):
        up = parts(f"ups.{stage}")
        features = instance_norm(F.conv_transpose2d(F.relu(features), *up, stride=2, padding=1))
        if conditioning == "decoder":
            matrix, offset = parts(f"affines.{stage}.linear")
            scale, shift = (z @ matrix.T + offset)[:, :, None, None].chunk(2, dim=1)
            features = features * (1 + scale) + shift
        features = torch.cat([features, encoded[depth - 2 - stage]], dim=1)
    features = F.conv_transpose2d(F.relu(features), *parts("last"), stride=2, padding=1)
    return torch.tanh(features)


def patchgan(weights: Weights, image: Tensor, z: Tensor, conditional: bool) -> Tensor:
    """PatchGAN of Isola et al. (2017): one value for each 70 x 70 pixels at three halvings."""
    layers = sum(n.startswith("convolutions.") and n.endswith("weight") for n in weights)
    features = with_code(image, z) if conditional else image
    for layer in range(layers):
        kernel = weights[f"convolutions.{layer}.weight"], weights[f"convolutions.{layer}.bias"]
        stride = 2 if layer < layers - 1 else 1
        features = F.conv2d(features, *kernel, stride=stride, padding=1)
        if layer > 0:
            features = instance_norm(features)
        features = F.leaky_relu(features, 0.2)
    return F.conv2d(features, weights["last.weight"], weights["last.bias"], padding=1)


def neutral_of(z: Tensor) -> Tensor:
    """z': the entries of neutral, which comes first, and of the expression exchanged."""
    swapped = torch.zeros_like(z)
    swapped[:, 0] = z.max(dim=1).values
    return swapped


def generator_terms(
    networks: dict[str, Weights], example: Example, reading: Reading, phi: Phi
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Eq. 1 to 5 as the generators see them, and both translations G_XY(x, z), G_YX(y, z')."""
    x, y, z = example.x, example.y, example.z
    z_neutral = neutral_of(z)
    m_x, m_y = example.x_mask, example.y_mask

    def g_xy(image: Tensor, code: Tensor) -> Tensor:
        return unet(networks["to_expression"], image, code, reading.conditioning)

    def g_yx(image: Tensor, code: Tensor) -> Tensor:
        return unet(networks["to_neutral"], image, code, reading.conditioning)

    def d_y(image: Tensor) -> Tensor:
        return patchgan(networks["discriminator_expression"], image, z, reading.d_with_z)

    def d_x(image: Tensor) -> Tensor:
        return patchgan(networks["discriminator_neutral"], image, z_neutral, reading.d_with_z)

    fake_y, fake_x = g_xy(x, z), g_yx(y, z_neutral)
    cycled_x, cycled_y = g_yx(fake_y, z_neutral), g_xy(fake_x, z)

    # Eq. 1, the generators' half of the least-squares game.
    adversarial = ((d_y(fake_y) - 1) ** 2).mean() + ((d_x(fake_x) - 1) ** 2).mean()
    # Eq. 2
    cycle = (cycled_x - x).abs().mean() + (cycled_y - y).abs().mean()
    # Eq. 3
    compared = {
        "source": ((fake_y, x), (fake_x, y)),
        "cycle": ((cycled_x, x), (cycled_y, y)),
        "literal": ((fake_y, y), (fake_x, x)),
    }[reading.context]
    context = sum(
        (distance(phi(made), phi(real), reading.context_form) for made, real in compared),
        torch.zeros(()),
    )
    # Eq. 4
    identity = (g_yx(x, z_neutral) - x).abs().mean() + (g_xy(y, z) - y).abs().mean()
    # Eq. 5
    if reading.mask == "cycle":
        mask = (cycled_x * m_x - x * m_x).abs().mean() + (cycled_y * m_y - y * m_y).abs().mean()
    else:
        masked_x = g_yx(g_xy(x * m_x, z), z_neutral)
        masked_y = g_xy(g_yx(y * m_y, z_neutral), z)
        mask = (masked_x - x * m_x).abs().mean() + (masked_y - y * m_y).abs().mean()
    # Eq. 6
    total = (
        adversarial
        + reading.lambda_1 * cycle
        + reading.lambda_2 * context
        + reading.lambda_3 * identity
        + reading.lambda_4 * mask
    )
    terms = {
        "adversarial": adversarial,
        "cycle": cycle,
        "context": context,
        "identity": identity,
        "mask": mask,
        "total": total,
    }
    return terms, fake_y.detach(), fake_x.detach()


def distance(made: Sequence[Tensor], real: Sequence[Tensor], form: str) -> Tensor:
    """Between features: mean square of the one layer, or pix2pixHD's weighted L1 over several."""
    if form == "content":
        return ((real[0] - made[0]) ** 2).mean()
    weights = [2.0 ** -(len(made) - k) for k in range(len(made) - 1)] + [1.0]
    parts = [w * (r - m).abs().mean() for w, m, r in zip(weights, made, real, strict=True)]
    return torch.stack(parts).sum()


def discriminator_terms(
    networks: dict[str, Weights],
    example: Example,
    reading: Reading,
    old_y: tuple[Tensor, Tensor],
    old_x: tuple[Tensor, Tensor],
) -> dict[str, Tensor]:
    """Eq. 1 for D_Y and D_X.

    Args:
        old_y: pooled translations to an expression, and the z that each was made for.
        old_x: pooled neutralised images, and their z'.
    """

    def loss(name: str, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor]) -> Tensor:
        of_real, of_fake = (
            patchgan(networks[name], image, code, reading.d_with_z) for image, code in (real, fake)
        )
        return ((of_real - 1) ** 2).mean() + (of_fake**2).mean()

    both = loss("discriminator_expression", (example.y, example.z), old_y) + loss(
        "discriminator_neutral", (example.x, neutral_of(example.z)), old_x
    )
    return {"discriminator": both, "total": both / 2}


class Pool:
    """Past translations with their z (Shrivastava et al. 2017): while there is room all are kept
    and returned; then every second is exchanged for an old one."""

    def __init__(self, capacity: int, seed: int, name: str) -> None:
        self.capacity = capacity
        self.key = seed, "pool", name
        self.kept: list[tuple[Tensor, Tensor]] = []
        self.exchanged = 0

    def exchange(self, images: Tensor, codes: Tensor, step: int) -> tuple[Tensor, Tensor]:
        random = numpy_generator(*self.key, step)
        returned = []
        for new in zip(images, codes, strict=True):
            if len(self.kept) < self.capacity:
                self.kept.append(new)
                returned.append(new)
            elif random.random() < 0.5:
                place = int(random.integers(self.capacity))
                returned.append(self.kept[place])
                self.kept[place] = new
                self.exchanged += 1
            else:
                returned.append(new)
        return torch.stack([i for i, _ in returned]), torch.stack([c for _, c in returned])


class Adam:
    """Kingma & Ba (2015), Algorithm 1."""

    def __init__(self, reading: Reading) -> None:
        self.betas = reading.beta_1, reading.beta_2
        self.step = 0
        self.first: Weights = {}
        self.second: Weights = {}

    def __call__(self, weights: Weights, gradients: Weights, rate: float) -> Weights:
        self.step += 1
        (b1, b2), moved = self.betas, {}
        for name, g in gradients.items():
            zero = torch.zeros_like(g)
            self.first[name] = b1 * self.first.get(name, zero) + (1 - b1) * g
            self.second[name] = b2 * self.second.get(name, zero) + (1 - b2) * g**2
            mean = self.first[name] / (1 - b1**self.step)
            square = self.second[name] / (1 - b2**self.step)
            moved[name] = weights[name] - rate * mean / (torch.sqrt(square) + 1e-8)
        return moved


class GoldenTraining:
    """The four networks with their optimisers and pools; `networks` changes at every update."""

    def __init__(
        self, networks: dict[str, Weights], reading: Reading, phi: Phi, seed: int, total_steps: int
    ) -> None:
        self.networks = networks
        self.reading = reading
        self.phi = phi
        self.total_steps = total_steps
        self.step = 0
        self.optimizers = {name: Adam(reading) for name in NETWORKS}
        self.pool_y = Pool(reading.pool, seed, "expressive")
        self.pool_x = Pool(reading.pool, seed, "neutral")

    def update(self, example: Example) -> Update:
        """The generators on Eq. 6, then the discriminators on Eq. 1 with what the generators made
        before they moved."""
        terms, fake_y, fake_x = self._differentiated(
            lambda n: generator_terms(n, example, self.reading, self.phi)
        )
        done = Update(terms, {}, learning_rate=self._rate())
        self._move(NETWORKS[:2], terms["total"], done)
        old_y = self.pool_y.exchange(fake_y, example.z, self.step)
        old_x = self.pool_x.exchange(fake_x, neutral_of(example.z), self.step)
        done.discriminator = self._differentiated(
            lambda n: discriminator_terms(n, example, self.reading, old_y, old_x)
        )
        self._move(NETWORKS[2:], done.discriminator["total"], done)
        self.step += 1
        return done

    def _rate(self) -> float:
        """Constant, then linear to zero."""
        start = self.reading.decay_from * self.total_steps
        left = (self.total_steps - self.step) / (self.total_steps - start)
        return self.reading.learning_rate * (1.0 if self.step < start else left)

    def _differentiated(self, compute: Callable[[dict[str, Weights]], T]) -> T:
        self._leaves = {
            name: {key: value.clone().requires_grad_() for key, value in weights.items()}
            for name, weights in self.networks.items()
        }
        return compute(self._leaves)

    def _move(self, names: Sequence[str], loss: Tensor, done: Update) -> None:
        of = [(name, key) for name in names for key in self._leaves[name]]
        found = torch.autograd.grad(loss, [self._leaves[name][key] for name, key in of])
        for name in names:
            done.gradients[name] = {
                key: g for (owner, key), g in zip(of, found, strict=True) if owner == name
            }
            self.networks[name] = self.optimizers[name](
                self.networks[name], done.gradients[name], done.learning_rate
            )
