"""Adversarial losses by name, each seen from the discriminator and from the generator."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ecgan.losses.wasserstein import wgan_critic, wgan_generator
from ecgan.shapes import Patches, Scalar

FakePatches = Float[Tensor, "fakes 1 fake_height fake_width"]
"""Patches of a batch that may have another size than the real one."""
Form = Literal["lsgan", "vanilla", "wgan"]


def discriminator_loss(real_patches: Patches, fake_patches: FakePatches, form: Form) -> Scalar:
    """What D makes small, without a gradient penalty.

    Args:
        real_patches: D's values for real images.
        fake_patches: its values for translations, which need no gradient.
        form: which loss.
    """
    if form == "lsgan":
        return lsgan_discriminator(real_patches, fake_patches)
    if form == "vanilla":
        return vanilla_discriminator(real_patches, fake_patches)
    return wgan_critic(real_patches, fake_patches)


def rejection_loss(patches: FakePatches, form: Form) -> Scalar:
    """The half of `discriminator_loss` that D makes small on what it is to reject.

    Raises:
        ValueError: `wgan`, whose halves are nothing alone.
    """
    if form == "wgan":
        raise ValueError("a critic compares; it rejects nothing alone")
    return patches.square().mean() if form == "lsgan" else F.softplus(patches).mean()


def generator_loss(fake_patches: Patches, form: Form) -> Scalar:
    """What G makes small, given D's values for its translations."""
    if form == "lsgan":
        return lsgan_generator(fake_patches)
    if form == "vanilla":
        return vanilla_generator(fake_patches)
    return wgan_generator(fake_patches)


def lsgan_discriminator(real_patches: Patches, fake_patches: FakePatches) -> Scalar:
    """E_y[(D_Y(y) - 1)^2] + E_x,z[D_Y(G_XY(x, z))^2] (Eq. 1), which D makes small.

    Args:
        real_patches: D's values for real images; real is 1.
        fake_patches: its values for translations, which need no gradient; fake is 0.
    """
    return (real_patches - 1).square().mean() + fake_patches.square().mean()


def lsgan_generator(fake_patches: Patches) -> Scalar:
    """E_x,z[(D_Y(G_XY(x, z)) - 1)^2]: Eq. 1 for G with the targets exchanged (Mao et al. 2017)."""
    return (fake_patches - 1).square().mean()


def vanilla_discriminator(real_patches: Patches, fake_patches: FakePatches) -> Scalar:
    """-E[log sigmoid(D(y))] - E[log(1 - sigmoid(D(G(x))))] (Goodfellow et al. 2014), D being
    logits; which D makes small."""
    return F.softplus(-real_patches).mean() + F.softplus(fake_patches).mean()


def vanilla_generator(fake_patches: Patches) -> Scalar:
    """-E[log sigmoid(D(G(x)))], the form that does not saturate (Pix2pix)."""
    return F.softplus(-fake_patches).mean()
