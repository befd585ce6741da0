"""Cross-entropy and Wasserstein losses: against torch's own, and a critic of known slope."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ecgan.lab.stargan.method import (
    gradient_penalty,
    interpolate,
    wgan_critic,
    wgan_generator,
)
from ecgan.losses.paper import (
    Form,
    discriminator_loss,
    generator_loss,
    rejection_loss,
)


def patches(seed: int) -> torch.Tensor:
    return 3 * torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_vanilla_is_cross_entropy_of_logits() -> None:
    real, fake = patches(0), patches(1)
    one, zero = torch.ones_like(real), torch.zeros_like(fake)
    entropy = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(
        discriminator_loss(real, fake, "vanilla"), entropy(real, one) + entropy(fake, zero)
    )
    torch.testing.assert_close(generator_loss(fake, "vanilla"), entropy(fake, one))


def test_wgan_wants_real_above_fake() -> None:
    real, fake = patches(0), patches(1)
    assert wgan_critic(real, fake) == fake.mean() - real.mean()
    assert wgan_generator(fake) == -fake.mean()


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_penalty_of_a_linear_critic(slope: float) -> None:
    direction = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(2))
    weight = (slope * direction / direction.norm()).requires_grad_()
    points = interpolate(torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 8, 8), torch.tensor([0.25, 1.0]))
    torch.testing.assert_close(points.detach()[:, 0, 0, 0], torch.tensor([0.75, 0.0]))
    scored = (points * weight).sum(dim=(1, 2, 3))[:, None, None, None]
    penalty = gradient_penalty(points, scored)
    assert penalty.item() == pytest.approx((slope - 1) ** 2, abs=1e-5)
    if slope == 3.0:
        penalty.backward()
        assert weight.grad is not None and (weight.grad * weight).sum() > 0


@pytest.mark.parametrize("form", ["lsgan", "vanilla"])
def test_rejection_is_the_half_of_a_discriminator_that_sees_fakes(form: Form) -> None:
    real, fake = patches(0), patches(1)
    whole = discriminator_loss(real, fake, form)
    of_real = whole - rejection_loss(fake, form)
    torch.testing.assert_close(
        of_real, discriminator_loss(real, fake + 9, form) - rejection_loss(fake + 9, form)
    )
    assert rejection_loss(fake - 9 * (form == "vanilla"), form) < rejection_loss(fake + 9, form)
