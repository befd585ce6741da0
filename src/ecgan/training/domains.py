"""The steps of one generator and one critic for all expressions: any of them to any other.

StarGAN (Choi et al. 2018): neutral is a domain like the others, and the expression that an image is
to get is that of another example of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.losses.objective import (
    Direction,
    Objective,
    discriminator_objective,
    generator_objective,
)
from ecgan.losses.wasserstein import gradient_penalty, interpolate
from ecgan.networks.output import Translation
from ecgan.networks.patchgan import Verdict
from ecgan.seeding import numpy_generator
from ecgan.shapes import Codes, Images, Masks, NeutralCode
from ecgan.training.distributed import World, gather
from ecgan.training.steps import Models


@dataclass(frozen=True)
class DomainBatch:
    """Images of all domains with what they shall become; row i of all fields belongs together."""

    images: Images
    masks: Masks
    code: Codes
    """z of what they show."""
    target: Codes
    """z of what they shall show."""
    share: Float[Tensor, " batch"]
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
        masks=torch.cat([batch.neutral_mask, batch.expressive_mask]),
        code=codes[mine],
        target=codes[order[mine]],
        share=share[mine],
    )


def domain_generator_step(models: Models, examples: DomainBatch, config: Config) -> Objective:
    """The generator's objective: to convince the critic, to be classified as asked, and to come
    back; computes, does not update. Freeze the critic's parameters before the call."""
    objective, images = config.objective, examples.images
    made: Translation = models.to_expression(images, examples.target)
    direction = Direction(
        source=images,
        mask=examples.masks,
        translated=made.image,
        truth=images,
        paired=torch.zeros(len(images), dtype=torch.bool, device=images.device),
        flow=made.flow,
        blend=made.blend,
        target=examples.target,
    )
    if objective.adversarial or objective.classification:
        verdict: Verdict = models.judge_expression(made.image, examples.target)
        direction.patches, direction.logits = verdict.patches, verdict.logits
    if objective.cycle:
        direction.reconstructed = models.to_expression(made.image, examples.code).image
    return generator_objective([direction], objective)


def domain_critic_step(models: Models, examples: DomainBatch, config: Config) -> Objective:
    """The critic's objective on real images and their translations, with its gradient penalty."""
    objective, critic, images = config.objective, models.judge_expression, examples.images
    with torch.no_grad():
        fake = models.to_expression(images, examples.target).image
    verdict: Verdict = critic(
        torch.cat([images, fake]), torch.cat([examples.code, examples.target])
    )
    real_patches, fake_patches = verdict.patches.chunk(2)
    penalty = None
    if objective.gradient_penalty:
        points = interpolate(images, fake, examples.share)
        # A slope of slopes: bf16 would leave two digits of it.
        with torch.autocast(images.device.type, enabled=False):
            # A copy, because torch's operation counter cannot hook what gradients are asked for.
            penalty = gradient_penalty(points, critic(points.clone(), examples.target).patches)
    return discriminator_objective(
        real_patches,
        fake_patches,
        objective,
        logits=None if verdict.logits is None else verdict.logits.chunk(2)[0],
        target=examples.code,
        penalty=penalty,
    )
