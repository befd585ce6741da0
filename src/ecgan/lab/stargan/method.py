"""StarGAN (Choi et al. 2018) as a method of the trainer: one generator and one critic take any
expression to any other.

Neutral is a domain like the others, and the expression that an image is to get is that of another
example of the batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ecgan.config import Config, DiscriminatorConfig
from ecgan.data.dataset import TranslationBatch
from ecgan.losses.extras import classification_loss
from ecgan.losses.paper import FakePatches, Objective, Term, cycle_loss, full_objective
from ecgan.networks.build import build_generator
from ecgan.networks.patchgan import DiscriminatorOutput
from ecgan.precision import autocast
from ecgan.seeding import numpy_generator
from ecgan.shapes import Codes, Images, NeutralCode, Patches, Scalar
from ecgan.training.distributed import World, gather
from ecgan.training.method import Exchange, Method, Models, RunContext, fresh_discriminator
from ecgan.training.update import TWO_GENERATORS, frozen

Shares = Float[Tensor, " batch"]


def method_of(config: Config) -> Method:
    """The method that trains a configuration."""
    return STARGAN if config.objective.method == "stargan" else TWO_GENERATORS


def one_generator(config: Config, num_expressions: int) -> Models:
    """Networks with weights from torch's global generator, each under both its names."""
    generator = build_generator(config.generator, num_expressions, config.size)
    if config.discriminator.kind == "stargan":
        critic: nn.Module = StarGANCritic(config.discriminator, num_expressions, config.size)
    else:
        critic = fresh_discriminator(config, num_expressions)
    return Models(generator, generator, critic, critic)


def objectives_of_one_generator(
    models: Models, batch: TranslationBatch, context: RunContext, step: int, exchange: Exchange
) -> Iterator[tuple[str, Objective]]:
    """Of the critic, then at every `critic_steps`-th update of the generator."""
    del exchange  # the critic scores new translations only
    config, world = context.config, context.world
    examples = domain_batch(batch, context.neutral_code, config.seed, step, world)
    with autocast(context.precision, world.device):
        scored = domain_critic_step(models, examples, config)
    yield "discriminator", scored
    if (step + 1) % config.optimizer.critic_steps:
        return
    with frozen(models.discriminators()), autocast(context.precision, world.device):
        made = domain_generator_step(models, examples, config)
    yield "generator", made


STARGAN = Method(one_generator, objectives_of_one_generator)


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
    that takes gradients itself; `share` lies in [0, 1]."""
    share = share[:, None, None, None]
    return (share * real + (1 - share) * fake).detach().requires_grad_()


def gradient_penalty(points: Images, patches: Patches) -> Scalar:
    """E[(|d sum D(x^) / d x^|_2 - 1)^2]: a critic of slope 1 costs nothing. `points` are x^ of
    `interpolate`, `patches` D's values for them, with their graph."""
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


class StarGANCritic(nn.Module):
    """The discriminator of Table 5: `layers` convolutions of stride 2 without norm, then values of
    patches, and a class head that sees the whole image."""

    def __init__(self, config: DiscriminatorConfig, num_expressions: int, size: int) -> None:
        super().__init__()
        widths = [config.width * 2**layer for layer in range(config.layers)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(outer, inner, 4, 2, 1) for outer, inner in itertools.pairwise([3, *widths])
        )
        self.last = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        side = size // 2**config.layers
        self.classifier = nn.Conv2d(widths[-1], num_expressions, side, bias=False)

    def forward(
        self, image: Images, code: Codes, source: Images | None = None
    ) -> DiscriminatorOutput:
        """Of a batch of the size that it was made for; `code` and `source` are not looked at."""
        del code, source
        features: Tensor = image
        activations: list[Tensor] = []
        for convolution in self.convolutions:
            features = F.leaky_relu(convolution(features), 0.01)
            activations.append(features)
        logits = self.classifier(features).flatten(1).float()
        return DiscriminatorOutput(self.last(features).float(), logits, tuple(activations))
