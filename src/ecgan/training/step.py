"""One step of the paper's four networks (Sec. 3): what they make, and what it costs.

`generator_step` and `discriminator_step` compute; `training.update` applies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.losses.extras import EXTRAS, classification_loss
from ecgan.losses.paper import (
    EQUATIONS,
    Objective,
    discriminator_loss,
    full_objective,
    rejection_loss,
)
from ecgan.networks.draws import rows
from ecgan.networks.output import Translation
from ecgan.networks.patchgan import DiscriminatorOutput
from ecgan.shapes import Images, NeutralCode
from ecgan.training.method import Models, RunContext
from ecgan.training.passes import Pass
from ecgan.training.pool import DiscriminatorInput


@dataclass(frozen=True)
class GeneratorResult:
    """The generators' objective, and their translations under the z that each was made for."""

    objective: Objective
    expressive: DiscriminatorInput
    """With `data.direct` those from neutral, then those from expressive images."""
    neutral: DiscriminatorInput
    """Without rows where `learn` is one way."""


def generator_step(models: Models, batch: TranslationBatch, context: RunContext) -> GeneratorResult:
    """Eq. 6 for the generators in both directions; computes, does not update.

    Where the batch has `other` images, expressive to another expression is a third direction, by
    G_XY. A loose pair's truth is there what G_XY makes of the person's neutral photo.

    Args:
        models: the four networks; freeze the discriminators' parameters before the call.
        batch: neutral x and expressive y with their masks and z, float32 in [-1, 1].
        context: of the run, with the feature networks that its objective needs.
    """
    config, z = context.config, batch.code
    z_neutral = context.neutral_code.expand_as(z)
    direction = partial(
        Pass,
        config=config.objective,
        features=context.features,
        together=config.generator.norm != "batch",
        paired=batch.paired,
    )
    to_expression = direction(
        generator=models.to_expression,
        backward=models.to_neutral,
        discriminator=models.discriminator_expression,
        source=batch.neutral,
        truth=batch.expressive,
        mask=batch.neutral_mask,
        target=z,
        shown=z_neutral,
        shapes=batch.neutral_shapes,
        truth_shapes=batch.expressive_shapes,
    )
    to_neutral = direction(
        generator=models.to_neutral,
        backward=models.to_expression,
        discriminator=models.discriminator_neutral,
        source=batch.expressive,
        truth=batch.neutral,
        mask=batch.expressive_mask,
        target=z_neutral,
        shown=z,
        shapes=batch.expressive_shapes,
        truth_shapes=batch.neutral_shapes,
        loose=batch.loose,
    )
    to_other: list[Pass] = []
    if batch.other is not None and batch.other_code is not None:
        other = replace(
            to_neutral,
            generator=models.to_expression,
            discriminator=models.discriminator_expression,
            truth=_other_truth(models, batch),
            truth_shapes=batch.other_shapes,
            target=batch.other_code,
            # Without a pair `other` is the image itself, which shows its own z.
            unchanged=(batch.other, torch.where(batch.paired[:, None], batch.other_code, z)),
        )
        to_other.append(other)
    neutral = [to_neutral] if config.learn == "both" else []
    directions = [to_expression, *neutral, *to_other]
    objective = full_objective(directions, config.objective, {**EQUATIONS, **EXTRAS})
    expressive = [to_expression, *to_other]
    back = to_neutral.translated.detach() if neutral else batch.neutral[:0]
    return GeneratorResult(
        objective=objective,
        expressive=DiscriminatorInput(
            torch.cat([direction.translated.detach() for direction in expressive]),
            torch.cat([direction.target for direction in expressive]),
        ),
        neutral=DiscriminatorInput(back, z_neutral[: len(back)]),
    )


def discriminator_step(
    models: Models,
    batch: TranslationBatch,
    expressive: DiscriminatorInput,
    neutral: DiscriminatorInput,
    context: RunContext,
) -> Objective:
    """Eq. 1 for D_Y and D_X on real images and (pooled, detached) translations.

    `expressive` and `neutral` are as in `GeneratorResult`, or what the pools give for them.

    With `objective.mismatched` real images under a z that is not theirs are scored besides: y with
    another expression and x with z by D_Y, y by D_X. Without neutral translations D_X has no part.
    """
    x, y, z = batch.neutral, batch.expressive, batch.code
    z_neutral = context.neutral_code.expand_as(z)
    sources = torch.cat([x, y])[: len(expressive.images)]
    wrong = bool(context.config.objective.mismatched)
    of_expression = _discriminated(
        models.discriminator_expression,
        DiscriminatorInput(y, z, x),
        replace(expressive, source=sources),
        mismatched_expressions(batch, context.neutral_code) if wrong else None,
        context.config,
    )
    if not len(neutral.images):
        return of_expression
    of_neutral = _discriminated(
        models.discriminator_neutral,
        DiscriminatorInput(x, z_neutral, y),
        replace(neutral, source=y),
        DiscriminatorInput(y, z_neutral) if wrong else None,
        context.config,
    )
    terms = {name: value + of_neutral.terms[name] for name, value in of_expression.terms.items()}
    return Objective(total=of_expression.total + of_neutral.total, terms=terms)


def _discriminated(
    discriminator: nn.Module,
    real: DiscriminatorInput,
    fake: DiscriminatorInput,
    wrong: DiscriminatorInput | None,
    config: Config,
) -> Objective:
    """Eq. 1 for one discriminator, halved as CycleGAN does; with its class head on real images, and
    with what it says of real images under a z that is `wrong`."""

    def ask(given: DiscriminatorInput) -> DiscriminatorOutput:
        output: DiscriminatorOutput = discriminator(given.images, given.codes, given.source)
        return output

    objective, count = config.objective, len(real.images)
    if config.discriminator.norm == "batch":  # whose examples are not apart
        of_real, fake_patches = ask(real), ask(fake).patches
    else:  # one call is faster than two
        of_real = ask(real + fake)
        fake_patches = of_real.patches[count:]
    form = objective.adversarial_form
    terms = {"discriminator": discriminator_loss(of_real.patches[:count], fake_patches, form)}
    total = 0.5 * terms["discriminator"]
    if wrong is not None:
        terms["mismatched"] = rejection_loss(ask(wrong).patches, form)
        total = total + 0.5 * objective.mismatched * terms["mismatched"]
    if objective.classification and of_real.logits is not None:
        named = classification_loss(of_real.logits[:count], real.codes)
        terms["discriminator_classification"] = named
        total = total + objective.classification * named
    return Objective(total=total, terms=terms)


def mismatched_expressions(
    batch: TranslationBatch, neutral_code: NeutralCode
) -> DiscriminatorInput:
    """Real images with a z of the batch that is not theirs: neutral ones, and, where there is
    another expression, expressive ones with what z has of theirs moved to another, which is drawn
    from torch's global generator."""
    code = batch.code
    places = torch.nonzero(neutral_code[0] == 0)[:, 0]
    if len(places) < 2:
        return DiscriminatorInput(batch.neutral, code)
    by = rows(
        lambda count: torch.randint(1, len(places), (count, 1), device=code.device), len(code)
    )
    order = (torch.arange(len(places), device=code.device) + by) % len(places)
    moved = code.clone()
    moved[:, places] = code[:, places].gather(1, order)
    images = torch.cat([batch.expressive, batch.neutral])
    return DiscriminatorInput(images, torch.cat([moved, code]))


def _other_truth(models: Models, batch: TranslationBatch) -> Images:
    """`other`, and of a loose pair what G_XY makes of the person's neutral photo instead."""
    truth, code = batch.other, batch.other_code
    assert truth is not None and code is not None
    if not batch.loose.any():
        return truth
    with torch.no_grad():
        of_neutral: Translation = models.to_expression(batch.neutral, code)
    return torch.where(batch.loose[:, None, None, None], of_neutral.image, truth)
