"""Wasserstein loss with gradient penalty (Gulrajani et al. 2017), as StarGAN has it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ecgan.shapes import Images, Patches, Scalar

FakePatches = Float[Tensor, "fakes 1 fake_height fake_width"]
Shares = Float[Tensor, " batch"]


def wgan_critic(real_patches: Patches, fake_patches: FakePatches) -> Scalar:
    """E[D(G(x, c))] - E[D(x)], which the critic makes small."""
    return fake_patches.mean() - real_patches.mean()


def wgan_generator(patches: Patches) -> Scalar:
    """-E[D(G(x, c))]."""
    return -patches.mean()


def interpolate(real: Images, fake: Images, share: Shares) -> Images:
    """share x + (1 - share) G(x, c), by example: a point on the line between the two, detached,
    that takes gradients itself.

    Args:
        real: images.
        fake: as many translations.
        share: of the real image, uniform in [0, 1].
    """
    share = share[:, None, None, None]
    return (share * real + (1 - share) * fake).detach().requires_grad_()


def gradient_penalty(points: Images, patches: Patches) -> Scalar:
    """E[(|d sum D(x^) / d x^|_2 - 1)^2]: a critic of slope 1 costs nothing.

    Args:
        points: x^ of `interpolate`.
        patches: D's values for them, with their graph.
    """
    (slope,) = torch.autograd.grad(patches.sum(), points, create_graph=True)
    lengths: Tensor = torch.linalg.vector_norm(slope.flatten(1), dim=1)
    return (lengths - 1).square().mean()
