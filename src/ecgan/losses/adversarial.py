"""Least-squares adversarial loss: Eq. 1, seen from the discriminator and from the generator."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from ecgan.shapes import Patches, Scalar

FakePatches = Float[Tensor, "fakes 1 fake_height fake_width"]
"""Patches of a batch that may have another size than the real one."""


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
