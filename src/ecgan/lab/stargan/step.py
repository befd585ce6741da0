"""StarGAN (Choi et al. 2018): one generator and one critic take any expression to any other.

Neutral is a domain like the others, and the expression that an image is to get is that of another
example of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.losses.extras import classification_loss
from ecgan.losses.paper import FakePatches, Objective, Term, cycle_loss, full_objective
from ecgan.networks.patchgan import DiscriminatorOutput
from ecgan.seeding import numpy_generator
from ecgan.shapes import Codes, Images, NeutralCode, Patches, Scalar
from ecgan.training.distributed import World, gather
from ecgan.training.method import Models

Shares = Float[Tensor, " batch"]


@dataclass(frozen=True)
class DomainBatch:
    """Images of all domains with what they shall become; row i of all fields belongs together."""

    images: Images
    code: Codes
    """z of what they show."""
    target: Codes
    """z of what they shall show."""
    share: Shares
    """Of the real image in the point at which the critic's slope is taken, 0 to 1."""


def domain_batch(
    batch: TranslationBatch, neutral_code: NeutralCode, seed: int, step: int, world: World
) -> DomainBatch:
    """The neutral images, then the expressive ones; targets are the codes of all processes in
    another order, so that several processes ask together for what one would."""
    count = len(batch.code)
    neutral = neutral_code.expand_as(batch.code)
    codes = torch.cat([gather(neutral, world), gather(batch.code, world)])
    random = numpy_generator(seed, "domains", step)
    order = torch.from_numpy(random.permutation(len(codes))).to(codes.device)
    share = torch.from_numpy(random.random(len(codes), dtype="float32")).to(codes.device)
    first = world.rank * count + torch.arange(count, device=codes.device)
    mine = torch.cat([first, first + count * world.size])
    return DomainBatch(
        images=torch.cat([batch.neutral, batch.expressive]),
        code=codes[mine],
        target=codes[order[mine]],
        share=share[mine],
    )


# Wasserstein loss with gradient penalty (Gulrajani et al. 2017).


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


TERMS: Mapping[str, Term] = {
    "adversarial": wgan_generator,
    "cycle": cycle_loss,
    "classification": classification_loss,
}


@dataclass(frozen=True)
class GeneratorOutputs:
    """What the terms of the generator compare."""

    source: Images
    target: Codes
    patches: Patches
    logits: Codes | None
    reconstructed: Images | None


def domain_generator_step(models: Models, examples: DomainBatch, config: Config) -> Objective:
    """The generator's objective: to convince the critic, to be classified as asked, and to come
    back; computes, does not update. Freeze the critic's parameters before the call."""
    generator, images = models.to_expression, examples.images
    translated: Images = generator(images, examples.target).image
    output: DiscriminatorOutput = models.discriminator_expression(translated, examples.target)
    back = generator(translated, examples.code).image if config.objective.cycle else None
    made = GeneratorOutputs(images, examples.target, output.patches, output.logits, back)
    return full_objective([made], config.objective, TERMS)


def domain_critic_step(models: Models, examples: DomainBatch, config: Config) -> Objective:
    """The critic's objective on real images and their translations, with its gradient penalty."""
    objective, critic, images = config.objective, models.discriminator_expression, examples.images
    with torch.no_grad():
        fake = models.to_expression(images, examples.target).image
    output: DiscriminatorOutput = critic(
        torch.cat([images, fake]), torch.cat([examples.code, examples.target])
    )
    terms = {"discriminator": wgan_critic(*output.patches.chunk(2))}
    total = terms["discriminator"]
    if objective.gradient_penalty:
        points = interpolate(images, fake, examples.share)
        # A slope of slopes: bf16 would leave two digits of it.
        with torch.autocast(images.device.type, enabled=False):
            # A copy, because torch's operation counter cannot hook what gradients are asked for.
            penalty = gradient_penalty(points, critic(points.clone(), examples.target).patches)
        terms["gradient_penalty"] = penalty
        total = total + objective.gradient_penalty * penalty
    if objective.classification and output.logits is not None:
        named = classification_loss(output.logits.chunk(2)[0], examples.code)
        terms["discriminator_classification"] = named
        total = total + objective.classification * named
    return Objective(total, terms)
