"""One step of the generators and one of the discriminators: forward passes and their objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ecgan.config import Config, ContextConfig
from ecgan.data.dataset import TranslationBatch
from ecgan.data.motion import Shapes
from ecgan.losses.context import context_images
from ecgan.losses.mask import masked_input
from ecgan.losses.objective import (
    Direction,
    Objective,
    discriminator_objective,
    generator_objective,
)
from ecgan.networks.draws import rows
from ecgan.networks.output import Translation
from ecgan.networks.patchgan import Verdict
from ecgan.shapes import Codes, Images, NeutralCode

Rests = Float[Tensor, "rests 3 height width"]
"""Neutralised images, of which there may be fewer than of expressive ones."""
Features = Callable[[Tensor], Sequence[Tensor]]


@dataclass(frozen=True)
class FeatureNetworks:
    """Frozen networks of the terms that compare features."""

    context: Features | None = None
    """phi of Eq. 3, needed when `objective.context` is above 0."""
    paired: Features | None = None
    """Needed when `objective.perceptual` or `.style` is."""


NO_FEATURES = FeatureNetworks()


@dataclass(frozen=True)
class Models:
    """The two generators and the two discriminators of the paper; for StarGAN one of each, under
    both names."""

    to_expression: nn.Module
    """G_XY: neutral and z to expression."""
    to_neutral: nn.Module
    """G_YX: expression and z' to neutral."""
    judge_expression: nn.Module
    """D_Y."""
    judge_neutral: nn.Module
    """D_X."""

    def generators(self) -> tuple[nn.Module, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self.to_expression, self.to_neutral)))

    def discriminators(self) -> tuple[nn.Module, ...]:
        """Each once."""
        return tuple(dict.fromkeys((self.judge_expression, self.judge_neutral)))


@dataclass(frozen=True)
class GeneratorResult:
    objective: Objective
    fake_expressive: Images
    """With `data.direct` those from neutral, then those from expressive images."""
    fake_code: Codes
    """z that each of these was asked to wear."""
    fake_neutral: Rests
    """Without rows where `learn` is one way."""


@dataclass(frozen=True)
class _Side:
    """One direction before its passes: named for X -> Y; for Y -> X the roles are swapped."""

    forward: nn.Module
    backward: nn.Module
    judge: nn.Module
    source: Images
    truth: Images
    mask: Tensor
    code: Codes
    back_code: Codes
    shapes: Shapes | None
    """Of the source."""
    loose: Tensor | None = None
    same: tuple[Images, Codes] | None = None
    """Images that show what a z asks for already, and this z, for Eq. 4; None: truth and code."""

    @property
    def unchanged(self) -> tuple[Images, Codes]:
        return (self.truth, self.code) if self.same is None else self.same


def generator_step(
    models: Models,
    batch: TranslationBatch,
    config: Config,
    neutral_code: NeutralCode,
    features: FeatureNetworks = NO_FEATURES,
) -> GeneratorResult:
    """Forward passes of both directions and Eq. 6; computes, does not update.

    Where the batch has `other` images, expressive to another expression is a third direction, by
    G_XY. A loose pair's truth is there what G_XY makes of the person's neutral photo.

    The passes of one generator over source and identity input are one call where the norm keeps
    examples apart (any but batch norm).

    Args:
        models: the four networks; freeze the discriminators' parameters before the call.
        batch: neutral x and expressive y with their masks and z, float32 in [-1, 1].
        config: the run's configuration.
        neutral_code: z', shape (1, expressions).
        features: those that the objective needs.
    """
    objective = config.objective
    z = batch.code
    z_neutral = neutral_code.expand_as(z)
    x, y = batch.neutral, batch.expressive
    x_mask, y_mask = batch.neutral_mask, batch.expressive_mask
    sides = [
        _Side(
            models.to_expression,
            models.to_neutral,
            models.judge_expression,
            x,
            y,
            x_mask,
            z,
            z_neutral,
            batch.neutral_shapes,
        )
    ]
    if config.learn == "both":
        sides.append(
            _Side(
                models.to_neutral,
                models.to_expression,
                models.judge_neutral,
                y,
                x,
                y_mask,
                z_neutral,
                z,
                batch.expressive_shapes,
                batch.loose,
            )
        )
    if batch.other is not None:
        sides.append(_between_expressions(models, batch))
    together = config.generator.norm != "batch"
    directions: list[Direction] = []
    for side in sides:
        translation, same = _translate(
            side, with_identity=objective.identity > 0, together=together
        )
        direction = Direction(
            source=side.source,
            mask=side.mask,
            translated=translation.image,
            truth=side.truth,
            paired=batch.paired,
            loose=side.loose,
            flow=translation.flow,
            blend=translation.blend,
            identity_input=side.unchanged[0] if same is not None else None,
            identity=same,
            target=side.code,
        )
        if objective.judged:
            _judge(direction, side, config)
        if objective.shape:
            assert side.shapes is not None, "objective.shape needs the landmarks of the batch"
            goal = side.shapes.goal(side.back_code, side.code)
            direction.landmarks = side.shapes.points, goal
        if objective.cycle or (objective.mask and objective.mask_reading == "cycle"):
            direction.reconstructed = side.backward(translation.image, side.back_code).image
        if objective.mask and objective.mask_reading == "literal":
            hidden = masked_input(side.source, side.mask)
            there = side.forward(hidden, side.code).image
            direction.masked_reconstructed = side.backward(there, side.back_code).image
        if objective.context:
            assert features.context is not None, "objective.context needs a feature network"
            direction.features = _context_features(
                direction, objective.context_options, features.context
            )
        if objective.perceives:
            assert features.paired is not None, "objective.perceptual needs a feature network"
            with torch.no_grad():
                wanted = features.paired(direction.truth)
            direction.paired_features = features.paired(direction.translated), wanted
        directions.append(direction)
    fakes: dict[nn.Module, list[Tensor]] = {models.to_expression: [], models.to_neutral: [x[:0]]}
    for side, direction in zip(sides, directions, strict=True):
        fakes[side.forward].append(direction.translated.detach())
    return GeneratorResult(
        objective=generator_objective(directions, objective),
        fake_expressive=torch.cat(fakes[models.to_expression]),
        fake_code=torch.cat([side.code for side in sides if side.forward is models.to_expression]),
        fake_neutral=torch.cat(fakes[models.to_neutral]),
    )


def discriminator_step(  # noqa: PLR0917
    models: Models,
    batch: TranslationBatch,
    fake_expressive: Images,
    fake_code: Codes,
    fake_neutral: Rests,
    config: Config,
    neutral_code: NeutralCode,
) -> Objective:
    """Eq. 1 for D_Y and D_X on real images and (pooled, detached) translations.

    `fake_code` is the z that each pooled translation was asked to wear; with `data.direct` the
    translations of neutral images are followed by those of expressive ones.

    With `objective.mismatched` real images under a z that is not theirs are judged besides: y with
    another expression and x with z by D_Y, y by D_X. Without neutral translations D_X has no part.
    """
    z_neutral = neutral_code.expand_as(batch.code)
    together = config.discriminator.norm != "batch"
    x, y = batch.neutral, batch.expressive
    terms: dict[str, Tensor] = {}
    total: Tensor | None = None
    wrong: dict[nn.Module, tuple[Images, Codes]] = {}
    if config.objective.mismatched:
        wrong[models.judge_expression] = mismatched_expressions(batch, neutral_code)
        wrong[models.judge_neutral] = y, z_neutral
    for judge, real, fake, real_code, code, sources in (
        (models.judge_expression, y, fake_expressive, batch.code, fake_code, (x, y)),
        (models.judge_neutral, x, fake_neutral, z_neutral, z_neutral, (y,)),
    ):
        if not len(fake):
            continue
        count = len(real)
        fake_source = torch.cat(sources)[: len(fake)]
        if together:
            verdict: Verdict = judge(
                torch.cat([real, fake]),
                torch.cat([real_code, code]),
                torch.cat([sources[0], fake_source]),
            )
            real_patches, fake_patches = verdict.patches[:count], verdict.patches[count:]
            logits = None if verdict.logits is None else verdict.logits[:count]
        else:
            verdict = judge(real, real_code, sources[0])
            real_patches, logits = verdict.patches, verdict.logits
            fake_patches = judge(fake, code, fake_source).patches
        result = discriminator_objective(
            real_patches,
            fake_patches,
            config.objective,
            logits=logits,
            target=real_code,
            mismatched=judge(*wrong[judge]).patches if judge in wrong else None,
        )
        for name, value in result.terms.items():
            terms[name] = terms[name] + value if name in terms else value
        total = result.total if total is None else total + result.total
    assert total is not None
    return Objective(total=total, terms=terms)


def mismatched_expressions(
    batch: TranslationBatch, neutral_code: NeutralCode
) -> tuple[Images, Codes]:
    """Real images with a z of the batch that is not theirs: neutral ones, and, where there is
    another expression, expressive ones with what z has of theirs moved to another, which is drawn
    from torch's global generator."""
    code = batch.code
    places = torch.nonzero(neutral_code[0] == 0)[:, 0]
    if len(places) < 2:
        return batch.neutral, code
    by = rows(
        lambda count: torch.randint(1, len(places), (count, 1), device=code.device), len(code)
    )
    order = (torch.arange(len(places), device=code.device) + by) % len(places)
    moved = code.clone()
    moved[:, places] = code[:, places].gather(1, order)
    return torch.cat([batch.expressive, batch.neutral]), torch.cat([moved, code])


def _between_expressions(models: Models, batch: TranslationBatch) -> _Side:
    """Expressive image to `other`, without a neutral one in between."""
    truth, code = batch.other, batch.other_code
    assert truth is not None and code is not None
    # Without a pair `other` is the image itself, which shows its own z and not that of `other`.
    same = truth, torch.where(batch.paired[:, None], code, batch.code)
    if batch.loose.any():
        with torch.no_grad():
            of_neutral: Translation = models.to_expression(batch.neutral, code)
        truth = torch.where(batch.loose[:, None, None, None], of_neutral.image, truth)
    return _Side(
        forward=models.to_expression,
        backward=models.to_expression,
        judge=models.judge_expression,
        source=batch.expressive,
        truth=truth,
        mask=batch.expressive_mask,
        code=code,
        back_code=batch.code,
        shapes=batch.expressive_shapes,
        loose=batch.loose,
        same=same,
    )


def _translate(
    side: _Side, *, with_identity: bool, together: bool
) -> tuple[Translation, Tensor | None]:
    """G(source, z) and, for Eq. 4, what the same G makes of an image that shows its z already."""
    if not with_identity:
        return side.forward(side.source, side.code), None
    images, codes = side.unchanged
    if not together:
        return side.forward(side.source, side.code), side.forward(images, codes).image
    count = len(side.source)
    both: Translation = side.forward(
        torch.cat([side.source, images]), torch.cat([side.code, codes])
    )
    first = Translation(
        image=both.image[:count],
        flow=None if both.flow is None else both.flow[:count],
        blend=None if both.blend is None else both.blend[:count],
    )
    return first, both.image[count:]


def _judge(direction: Direction, side: _Side, config: Config) -> None:
    verdict: Verdict = side.judge(direction.translated, side.code, side.source)
    direction.patches = verdict.patches
    direction.logits = verdict.logits
    if config.objective.feature_matching:
        with torch.no_grad():
            real: Verdict = side.judge(side.truth, side.code, side.source)
        direction.judge_features = (verdict.features, real.features)


def _context_features(
    direction: Direction, options: ContextConfig, features: Features
) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
    """phi of the two images that Eq. 3 compares; no gradient through the constant one."""
    output, constant = context_images(
        options.reading,
        source=direction.source,
        translated=direction.translated,
        truth=direction.truth,
        reconstructed=direction.reconstructed,
    )
    assert output is not None, "context reading `cycle` needs objective.cycle above 0"
    assert constant is not None
    with torch.no_grad():
        constant_features = features(constant)
    return features(output), constant_features
