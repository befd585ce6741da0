"""One step of the paper's four networks (Sec. 3): what they make, and what it costs.

`generator_step` and `discriminator_step` compute; `training.update` applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ecgan.config import Config, ObjectiveConfig
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
from ecgan.shapes import Codes, Images, NeutralCode
from ecgan.training.passes import NO_FEATURES, FeatureNetworks, Pass

Neutralised = Float[Tensor, "neutralised 3 height width"]
"""Translations to neutral, of which there may be fewer than of those to an expression."""


@dataclass(frozen=True)
class Models:
    """The two generators and the two discriminators of the paper; where one of each serves both
    directions, under both names."""

    to_expression: nn.Module
    """G_XY: neutral and z to expression."""
    to_neutral: nn.Module
    """G_YX: expression and z' to neutral."""
    discriminator_expression: nn.Module
    """D_Y."""
    discriminator_neutral: nn.Module
    """D_X."""

    def generators(self) -> tuple[nn.Module, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self.to_expression, self.to_neutral)))

    def discriminators(self) -> tuple[nn.Module, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self.discriminator_expression, self.discriminator_neutral)))


@dataclass(frozen=True)
class GeneratorResult:
    objective: Objective
    fake_expressive: Images
    """With `data.direct` those from neutral, then those from expressive images."""
    fake_code: Codes
    """z that each of these was asked to wear."""
    fake_neutral: Neutralised
    """Without rows where `learn` is one way."""


def generator_step(
    models: Models,
    batch: TranslationBatch,
    config: Config,
    neutral_code: NeutralCode,
    features: FeatureNetworks = NO_FEATURES,
) -> GeneratorResult:
    """Eq. 6 for the generators in both directions; computes, does not update.

    Where the batch has `other` images, expressive to another expression is a third direction, by
    G_XY. A loose pair's truth is there what G_XY makes of the person's neutral photo.

    Args:
        models: the four networks; freeze the discriminators' parameters before the call.
        batch: neutral x and expressive y with their masks and z, float32 in [-1, 1].
        config: the run's configuration.
        neutral_code: z', shape (1, expressions).
        features: those that the objective needs.
    """
    z = batch.code
    z_neutral = neutral_code.expand_as(z)
    a_pass = partial(
        Pass,
        config=config.objective,
        features=features,
        together=config.generator.norm != "batch",
        paired=batch.paired,
    )
    to_expression = a_pass(
        generator=models.to_expression,
        backward=models.to_neutral,
        discriminator=models.discriminator_expression,
        source=batch.neutral,
        truth=batch.expressive,
        mask=batch.neutral_mask,
        target=z,
        shown=z_neutral,
        shapes=batch.neutral_shapes,
    )
    to_neutral = a_pass(
        generator=models.to_neutral,
        backward=models.to_expression,
        discriminator=models.discriminator_neutral,
        source=batch.expressive,
        truth=batch.neutral,
        mask=batch.expressive_mask,
        target=z_neutral,
        shown=z,
        shapes=batch.expressive_shapes,
        loose=batch.loose,
    )
    to_other: list[Pass] = []
    if batch.other is not None and batch.other_code is not None:
        to_other.append(
            a_pass(
                generator=models.to_expression,
                backward=models.to_expression,
                discriminator=models.discriminator_expression,
                source=batch.expressive,
                truth=_other_truth(models, batch),
                mask=batch.expressive_mask,
                target=batch.other_code,
                shown=z,
                shapes=batch.expressive_shapes,
                loose=batch.loose,
                # Without a pair `other` is the image itself, which shows its own z.
                unchanged=(
                    batch.other,
                    torch.where(batch.paired[:, None], batch.other_code, z),
                ),
            )
        )
    one_way = config.learn == "to_expression"
    directions = [to_expression, *([] if one_way else [to_neutral]), *to_other]
    objective = full_objective(directions, config.objective, {**EQUATIONS, **EXTRAS})
    expressive = [to_expression, *to_other]
    return GeneratorResult(
        objective=objective,
        fake_expressive=torch.cat([direction.translated.detach() for direction in expressive]),
        fake_code=torch.cat([direction.target for direction in expressive]),
        fake_neutral=batch.neutral[:0] if one_way else to_neutral.translated.detach(),
    )


def discriminator_step(  # noqa: PLR0917
    models: Models,
    batch: TranslationBatch,
    fake_expressive: Images,
    fake_code: Codes,
    fake_neutral: Neutralised,
    config: Config,
    neutral_code: NeutralCode,
) -> Objective:
    """Eq. 1 for D_Y and D_X on real images and (pooled, detached) translations.

    `fake_code` is the z that each pooled translation was asked to wear; with `data.direct` the
    translations of neutral images are followed by those of expressive ones.

    With `objective.mismatched` real images under a z that is not theirs are judged besides: y with
    another expression and x with z by D_Y, y by D_X. Without neutral translations D_X has no part.
    """
    x, y, z = batch.neutral, batch.expressive, batch.code
    z_neutral = neutral_code.expand_as(z)
    together = config.discriminator.norm != "batch"
    sources = torch.cat([x, y])[: len(fake_expressive)]
    wrong = bool(config.objective.mismatched)
    of_expression = _discriminated(
        models.discriminator_expression,
        Seen(y, z, x),
        Seen(fake_expressive, fake_code, sources),
        mismatched_expressions(batch, neutral_code) if wrong else None,
        config.objective,
        together=together,
    )
    if not len(fake_neutral):
        return of_expression
    of_neutral = _discriminated(
        models.discriminator_neutral,
        Seen(x, z_neutral, y),
        Seen(fake_neutral, z_neutral, y),
        Seen(y, z_neutral) if wrong else None,
        config.objective,
        together=together,
    )
    terms = {name: value + of_neutral.terms[name] for name, value in of_expression.terms.items()}
    return Objective(total=of_expression.total + of_neutral.total, terms=terms)


@dataclass(frozen=True)
class Seen:
    """What a discriminator is shown."""

    images: Images
    code: Codes
    source: Images | None = None
    """What the images were translated from; beside real images, an image of the other domain."""

    def __add__(self, other: Seen) -> Seen:
        assert self.source is not None and other.source is not None
        return Seen(
            torch.cat([self.images, other.images]),
            torch.cat([self.code, other.code]),
            torch.cat([self.source, other.source]),
        )


def _discriminated(
    discriminator: nn.Module,
    real: Seen,
    fake: Seen,
    wrong: Seen | None,
    config: ObjectiveConfig,
    *,
    together: bool,
) -> Objective:
    """Eq. 1 for one discriminator, halved as CycleGAN does; with its class head on real images, and
    with what it says of real images under a z that is `wrong`."""

    def ask(seen: Seen) -> DiscriminatorOutput:
        output: DiscriminatorOutput = discriminator(seen.images, seen.code, seen.source)
        return output

    count, form = len(real.images), config.adversarial_form
    both = ask(real + fake) if together else ask(real)
    real_patches = both.patches[:count]
    fake_patches = both.patches[count:] if together else ask(fake).patches
    terms = {"discriminator": discriminator_loss(real_patches, fake_patches, form)}
    total = 0.5 * terms["discriminator"]
    if wrong is not None:
        terms["mismatched"] = rejection_loss(ask(wrong).patches, form)
        total = total + 0.5 * config.mismatched * terms["mismatched"]
    if config.classification and both.logits is not None:
        named = classification_loss(both.logits[:count], real.code)
        terms["discriminator_classification"] = named
        total = total + config.classification * named
    return Objective(total=total, terms=terms)


def mismatched_expressions(batch: TranslationBatch, neutral_code: NeutralCode) -> Seen:
    """Real images with a z of the batch that is not theirs: neutral ones, and, where there is
    another expression, expressive ones with what z has of theirs moved to another, which is drawn
    from torch's global generator."""
    code = batch.code
    places = torch.nonzero(neutral_code[0] == 0)[:, 0]
    if len(places) < 2:
        return Seen(batch.neutral, code)
    by = rows(
        lambda count: torch.randint(1, len(places), (count, 1), device=code.device), len(code)
    )
    order = (torch.arange(len(places), device=code.device) + by) % len(places)
    moved = code.clone()
    moved[:, places] = code[:, places].gather(1, order)
    return Seen(torch.cat([batch.expressive, batch.neutral]), torch.cat([moved, code]))


def _other_truth(models: Models, batch: TranslationBatch) -> Images:
    """`other`, and of a loose pair what G_XY makes of the person's neutral photo instead."""
    truth, code = batch.other, batch.other_code
    assert truth is not None and code is not None
    if not batch.loose.any():
        return truth
    with torch.no_grad():
        of_neutral: Translation = models.to_expression(batch.neutral, code)
    return torch.where(batch.loose[:, None, None, None], of_neutral.image, truth)
