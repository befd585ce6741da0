"""The objective of the generators and of the discriminators: Eq. 6 and its extensions, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from torch import Tensor

from ecgan.config import ObjectiveConfig
from ecgan.losses.adversarial import (
    FakePatches,
    discriminator_loss,
    generator_loss,
    rejection_loss,
)
from ecgan.losses.classification import classification_loss
from ecgan.losses.context import content_loss, pyramid_loss
from ecgan.losses.cycle import cycle_loss
from ecgan.losses.fields import blend_area, flow_smoothness
from ecgan.losses.identity import identity_loss
from ecgan.losses.mask import mask_loss
from ecgan.losses.paired import gradient_loss, loose_loss, paired_loss
from ecgan.losses.perceptual import perceptual_loss, style_loss
from ecgan.losses.shape import shape_loss
from ecgan.shapes import Codes, Flows, Images, Masks, Patches, Points2D, Scalar

T = TypeVar("T")


@dataclass
class Direction:
    """Everything the loss needs of one direction, X -> Y or Y -> X. What is not used stays None."""

    source: Images
    mask: Masks
    """Face mask of the source."""
    translated: Images
    truth: Images
    """An image of the target domain; the source's own where `paired`."""
    paired: Tensor
    """(batch,) bool."""
    loose: Tensor | None = None
    """(batch,) bool; `truth` resembles the translation, but not pixel for pixel. None: nowhere."""
    patches: Patches | None = None
    """D's values for the translation."""
    logits: Tensor | None = None
    target: Codes | None = None
    """Class probabilities that the class head should give."""
    reconstructed: Images | None = None
    """Source -> target domain -> back."""
    identity_input: Images | None = None
    """An image that is in the target domain already ..."""
    identity: Images | None = None
    """... and what the same generator makes of it."""
    masked_reconstructed: Images | None = None
    """Reconstruction of the masked source (Eq. 5 as printed)."""
    flow: Flows | None = None
    blend: Masks | None = None
    landmarks: tuple[Points2D, Points2D] | None = None
    """Of the source, and where the translation should have them."""
    features: tuple[Sequence[Tensor], Sequence[Tensor]] | None = None
    """phi of the two images that Eq. 3 compares."""
    paired_features: tuple[Sequence[Tensor], Sequence[Tensor]] | None = None
    """A network's features of translation and truth, where paired."""
    judge_features: tuple[Sequence[Tensor], Sequence[Tensor]] | None = None
    """D's features of translation and truth, where paired."""


@dataclass(frozen=True)
class Objective:
    """Unweighted terms by name, and their weighted sum."""

    total: Scalar
    terms: dict[str, Tensor] = field(default_factory=dict)


def generator_objective(  # noqa: PLR0912 - one branch a term
    directions: Sequence[Direction], config: ObjectiveConfig
) -> Objective:
    """Eq. 6, L = L_cGAN + l1 L_cyc + l2 L_context + l3 L_identity + l4 L_mask, summed over the two
    directions; then the terms that go beyond the paper. A term of weight 0 is not computed."""
    terms: dict[str, Tensor] = {}

    def add(name: str, value: Tensor) -> None:
        terms[name] = terms[name] + value if name in terms else value

    for direction in directions:
        if config.adversarial:
            add("adversarial", generator_loss(_given(direction.patches), config.adversarial_form))
        if config.cycle:
            add("cycle", cycle_loss(_given(direction.reconstructed), direction.source))
        if config.context:
            first, second = _given(direction.features)
            if config.context_options.form == "pyramid":
                add("context", pyramid_loss(first, second))
            else:
                add("context", content_loss(first[0], second[0]))
        if config.identity:
            add(
                "identity",
                identity_loss(_given(direction.identity), _given(direction.identity_input)),
            )
        if config.mask:
            literal = config.mask_reading == "literal"
            output = direction.masked_reconstructed if literal else direction.reconstructed
            add(
                "mask",
                mask_loss(_given(output), direction.source, direction.mask, config.mask_reading),
            )
        if config.paired:
            add(
                "paired",
                paired_loss(
                    direction.translated,
                    direction.truth,
                    direction.paired,
                    direction.source,
                    config.paired_focus,
                ),
            )
        if config.paired_gradient:
            add(
                "paired_gradient",
                gradient_loss(direction.translated, direction.truth, direction.paired),
            )
        if config.perceptual:
            first, second = _given(direction.paired_features)
            add("perceptual", perceptual_loss(first, second, direction.paired))
        if config.style:
            first, second = _given(direction.paired_features)
            add("style", style_loss(first, second, direction.paired))
        if config.loose_neutral and direction.loose is not None:
            add(
                "loose_neutral",
                loose_loss(
                    direction.translated,
                    direction.truth,
                    direction.loose,
                    direction.source,
                    config.paired_focus,
                ),
            )
        if config.feature_matching and direction.judge_features is not None:
            first, second = direction.judge_features
            for one, other in zip(first, second, strict=True):
                add("feature_matching", paired_loss(one, other, direction.paired) / len(first))
        if config.classification and direction.logits is not None:
            add("classification", classification_loss(direction.logits, _given(direction.target)))
        if config.shape:
            add("shape", shape_loss(_given(direction.flow), *_given(direction.landmarks)))
        if config.flow_smoothness:
            add("flow_smoothness", flow_smoothness(_given(direction.flow)))
        if config.blend_area:
            add("blend_area", blend_area(_given(direction.blend)))
    return _weighed(terms, config)


def discriminator_objective(
    real: Patches,
    fake: FakePatches,
    config: ObjectiveConfig,
    *,
    logits: Tensor | None = None,
    target: Codes | None = None,
    penalty: Scalar | None = None,
    mismatched: Tensor | None = None,
) -> Objective:
    """Eq. 1 for one discriminator, halved as CycleGAN does (a critic's is not); with its class head
    on real images, its penalties, and its patches of real images under a z that is not theirs."""
    form = config.adversarial_form
    terms = {"discriminator": discriminator_loss(real, fake, form)}
    total = terms["discriminator"] * (1.0 if form == "wgan" else 0.5)
    if penalty is not None:
        terms["gradient_penalty"] = penalty
        total = total + config.gradient_penalty * penalty
    if mismatched is not None:
        terms["mismatched"] = rejection_loss(mismatched, form)
        total = total + 0.5 * config.mismatched * terms["mismatched"]
    if config.classification and logits is not None:
        terms["discriminator_classification"] = classification_loss(logits, _given(target))
        total = total + config.classification * terms["discriminator_classification"]
    return Objective(total=total, terms=terms)


def _weighed(terms: dict[str, Tensor], config: ObjectiveConfig) -> Objective:
    total = sum(getattr(config, name) * value for name, value in terms.items())
    if not isinstance(total, Tensor):
        raise ValueError("the objective has no term: give at least one a weight above 0")
    return Objective(total=total, terms=terms)


def _given(value: T | None) -> T:
    assert value is not None, "the step did not compute what a weighted term needs"
    return value
