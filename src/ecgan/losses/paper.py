"""Eq. 1 to 6 of the paper, in their order, as pure functions of tensors.

Written for one direction, X -> Y: source x, translation G_XY(x, z). The parameters of a term name
what it needs of a direction of the step (`training.passes.Pass`), which computes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ecgan.config_sections import ObjectiveConfig
from ecgan.shapes import Images, Masks, Patches, Scalar

FakePatches = Float[Tensor, "fakes 1 fake_height fake_width"]
"""Patches of a batch that may have another size than the real one."""
Features = Float[Tensor, "batch channels height width"]
"""Activations phi of one layer of the feature network."""
Layer = Float[Tensor, "_ _ _ _"]
"""Activations of one of several layers."""
Form = Literal["lsgan", "vanilla", "wgan"]
"""`wgan`, which is no part of the paper, is StarGAN's alone."""
ContextForm = Literal["content", "pyramid"]


# Eq. 1: conditional adversarial loss, in squares (`lsgan`, the paper's), or `vanilla`: the
# cross-entropy of logits (Goodfellow et al. 2014; for G the form that does not saturate).


def generator_loss(patches: Patches, adversarial_form: Form = "lsgan") -> Scalar:
    """E[(D(.) - 1)^2], or -E[log sigmoid(D(.))]: what G makes small on its translations, Eq. 1
    with the targets exchanged (Mao et al. 2017); and D on real images."""
    if adversarial_form == "vanilla":
        return F.softplus(-patches).mean()
    return (patches - 1).square().mean()


def rejection_loss(patches: FakePatches, form: Form = "lsgan") -> Scalar:
    """E[D(.)^2], or -E[log(1 - sigmoid(D(.)))]: what D makes small on what it is to reject."""
    return F.softplus(patches).mean() if form == "vanilla" else patches.square().mean()


def discriminator_loss(
    real_patches: Patches, fake_patches: FakePatches, form: Form = "lsgan"
) -> Scalar:
    """E_y[(D_Y(y) - 1)^2] + E_x,z[D_Y(G_XY(x, z))^2] (Eq. 1), which D makes small.

    Args:
        real_patches: D's values for real images; real is 1.
        fake_patches: its values for translations, which need no gradient; fake is 0.
        form: of the loss.
    """
    return generator_loss(real_patches, form) + rejection_loss(fake_patches, form)


# Eq. 2: cycle consistency.


def cycle_loss(reconstructed: Images, source: Images) -> Scalar:
    """E[abs(G_YX(G_XY(x, z), z') - x)], one direction of Eq. 2; L1, mean over pixels, colours."""
    return (reconstructed - source).abs().mean()


# Eq. 3: context.


def context_loss(
    context_output: Sequence[Layer], context_reference: Sequence[Layer], context_form: ContextForm
) -> Scalar:
    """Eq. 3 on the features phi of a translation and of what its reading compares it with: of one
    layer (`content`), or of several as pix2pixHD has it (`pyramid`)."""
    if context_form == "pyramid":
        return pyramid_loss(context_output, context_reference)
    return content_loss(context_output[0], context_reference[0])


def content_loss(generated: Features, reference: Features) -> Scalar:
    """1 / (W H) sum_wh (phi(reference) - phi(generated))^2 (Eq. 3), mean over the batch.

    The square of the vector phi_wh is its mean over channels; their sum, which the print allows as
    well, is larger by the number of channels, a constant that belongs to lambda_2.
    """
    return (generated - reference).square().mean()


def pyramid_loss(generated: Sequence[Layer], reference: Sequence[Layer]) -> Scalar:
    """sum_k w_k E[abs(phi_k(generated) - phi_k(reference))] over layers k = 1 .. n, the VGG loss of
    pix2pixHD (Wang et al. 2018): over relu1_1 .. relu5_1 w = 1/32, 1/16, 1/8, 1/4, 1; in general
    w_n = 1 and w_k = 2^(k - n - 1) before.

    Raises:
        ValueError: no layers, or two lists of different length.
    """
    if not generated or len(generated) != len(reference):
        raise ValueError(
            "the pyramid loss needs the same layers of both images, one at least, "
            f"got {len(generated)} and {len(reference)}"
        )
    count = len(generated)
    weights = [2.0 ** (k - count - 1) for k in range(1, count)] + [1.0]
    terms = [
        weight * (one - other).abs().mean()
        for weight, one, other in zip(weights, generated, reference, strict=True)
    ]
    return torch.stack(terms).sum()


# Eq. 4: identity preservation.


def identity_loss(identity_output: Images, identity_source: Images) -> Scalar:
    """E[abs(G_XY(y, z) - y)], one direction of Eq. 4: an image that has the asked expression
    already should stay as it is; L1, mean over pixels and colours."""
    return (identity_output - identity_source).abs().mean()


# Eq. 5: face mask.


def masked_input(source: Images, mask: Masks) -> Images:
    """x * M_x, what the generator gets when Eq. 5 is read as printed; outside the face grey (0)."""
    return source * mask


def mask_loss(
    mask_output: Images,
    source: Images,
    mask: Masks,
    mask_reading: Literal["cycle", "literal"] = "cycle",
) -> Scalar:
    """One direction of Eq. 5; L1, mean over the pixels of the whole image and over colours.

    `cycle`: abs(G_YX(G_XY(x)) * M_x - x * M_x), `mask_output` being the ordinary cycle's.
    `literal`: abs(G_YX(G_XY(x * M_x, z), z') - x * M_x), `mask_output` being the cycle of
    `masked_input`: what it paints outside the face counts too.

    Raises:
        ValueError: another reading.
    """
    if mask_reading == "literal":
        return (mask_output - masked_input(source, mask)).abs().mean()
    if mask_reading == "cycle":
        return ((mask_output - source) * mask).abs().mean()
    raise ValueError(f"Eq. 5 is read as 'cycle' or 'literal', got {mask_reading!r}")


# Eq. 6: full objective.

Term = Callable[..., Scalar]
EQUATIONS: Mapping[str, Term] = {
    "adversarial": generator_loss,
    "cycle": cycle_loss,
    "context": context_loss,
    "identity": identity_loss,
    "mask": mask_loss,
}
"""Eq. 1 to 5 by the name of their weight in `ObjectiveConfig`."""


@dataclass(frozen=True)
class Objective:
    """Unweighted terms by name, and their weighted sum."""

    total: Scalar
    terms: dict[str, Tensor] = field(default_factory=dict)


def term_options(config: ObjectiveConfig) -> dict[str, Any]:
    """What parameters of the terms mean that are no part of a direction."""
    return {
        "adversarial_form": config.adversarial_form,
        "context_form": config.context_options.form,
        "mask_reading": config.mask_reading,
        "paired_focus": config.paired_focus,
    }


def full_objective(
    directions: Sequence[Any], config: ObjectiveConfig, terms: Mapping[str, Term] = EQUATIONS
) -> Objective:
    """L = L_cGAN + lambda_1 L_cyc + lambda_2 L_context + lambda_3 L_identity + lambda_4 L_mask
    (Eq. 6), summed over the directions; likewise with other `terms`.

    A term of weight 0 is not computed, and one that needs what a direction does not have (None) has
    no part in it.

    Args:
        directions: whose attributes, and `term_options`, the parameters of the terms name.
        config: weights, by the names of the terms.
        terms: losses of one direction.

    Raises:
        ValueError: no term has a weight.
    """
    options = term_options(config)
    sums: dict[str, Tensor] = {}
    for direction in directions:
        for name, term in terms.items():
            if not getattr(config, name):
                continue
            needed = signature(term).parameters
            given = {k: options[k] if k in options else getattr(direction, k) for k in needed}
            if all(value is not None for value in given.values()):
                loss = term(**given)
                sums[name] = sums[name] + loss if name in sums else loss
    if not sums:
        raise ValueError("the objective has no term: give at least one a weight above 0")
    total = torch.stack([getattr(config, name) * loss for name, loss in sums.items()]).sum()
    return Objective(total, sums)
