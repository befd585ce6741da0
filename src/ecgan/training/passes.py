"""What the networks make of one direction of a step, each when a term first asks, and once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor

from ecgan.config_sections import ObjectiveConfig
from ecgan.data.transforms import Shapes
from ecgan.losses.paper import masked_input
from ecgan.networks.output import Translation
from ecgan.networks.patchgan import DiscriminatorOutput
from ecgan.shapes import Codes, Flows, Images, Masks, Patches, Points2D

T = TypeVar("T")
Generator = Callable[[Images, Codes], Translation]
Discriminator = Callable[[Images, Codes, Images], DiscriminatorOutput]
Features = Callable[[Tensor], Sequence[Tensor]]


@dataclass(frozen=True)
class FeatureNetworks:
    """Frozen networks of the terms that compare features."""

    context: Features | None = None
    """phi of Eq. 3, needed when `objective.context` is above 0."""
    paired: Features | None = None
    """Needed when `objective.perceptual` or `.style` is."""


NO_FEATURES = FeatureNetworks()


@dataclass
class Pass:
    """X -> Y in its names; for Y -> X the roles are exchanged."""

    config: ObjectiveConfig
    features: FeatureNetworks
    together: bool
    """Whether one call of a network may take several kinds of images: its norm keeps examples
    apart."""
    generator: Generator
    """G_XY."""
    backward: Generator
    """G_YX."""
    discriminator: Discriminator
    """D_Y."""
    source: Images
    """x."""
    truth: Images
    """y."""
    mask: Masks
    """M_x."""
    target: Codes
    """z."""
    shown: Codes
    """z': what the source shows."""
    shapes: Shapes | None
    """Landmarks of the source."""
    paired: Tensor
    loose: Tensor | None = None
    truth_shapes: Shapes | None = None
    """Landmarks of the truth."""
    unchanged: tuple[Images, Codes] | None = None
    """Images that show what a z asks for already, and this z; None: truth and target."""

    @property
    def translated(self) -> Images:
        """G_XY(x, z)."""
        return self._translation.image

    @property
    def patches(self) -> Patches:
        """D_Y(G_XY(x, z)), for Eq. 1."""
        return self._discriminated.patches

    @cached_property
    def reconstructed(self) -> Images:
        """G_YX(G_XY(x, z), z'), for Eq. 2."""
        return self.backward(self.translated, self.shown).image

    @property
    def context_output(self) -> Sequence[Tensor]:
        """phi of the translation, or of what Eq. 3 is read to say."""
        return self._context[0]

    @property
    def context_reference(self) -> Sequence[Tensor]:
        """phi of the image that Eq. 3 compares it with; no gradient goes through it."""
        return self._context[1]

    @property
    def identity_source(self) -> Images:
        """y of Eq. 4, an image that shows what is asked for already."""
        return self._unchanged[0]

    @cached_property
    def identity_output(self) -> Images:
        """G_XY(y, z), for Eq. 4."""
        if self.together:
            return self._both.image[len(self.source) :]
        return self.generator(*self._unchanged).image

    @cached_property
    def mask_output(self) -> Images:
        """The reconstruction that Eq. 5 looks at under the mask; as printed, that of the masked
        source: G_YX(G_XY(x * M_x, z), z')."""
        if self.config.mask_reading == "cycle":
            return self.reconstructed
        hidden = masked_input(self.source, self.mask)
        there = self.generator(hidden, self.target)
        return self.backward(there.image, self.shown).image

    # What the terms beyond the paper ask for.

    @property
    def logits(self) -> Tensor | None:
        """What D's class head says of the translation; None where D has none."""
        return self._discriminated.logits

    @property
    def discriminator_translated(self) -> Sequence[Tensor]:
        """D's features of the translation."""
        return self._discriminated.features

    @cached_property
    def discriminator_truth(self) -> Sequence[Tensor]:
        """D's features of the truth."""
        with torch.no_grad():
            return self.discriminator(self.truth, self.target, self.source).features

    @cached_property
    def translated_features(self) -> Sequence[Tensor]:
        """A frozen network's features of the translation."""
        return _needed(self.features.paired)(self.translated)

    @cached_property
    def truth_features(self) -> Sequence[Tensor]:
        """The same network's features of the truth."""
        with torch.no_grad():
            return _needed(self.features.paired)(self.truth)

    @property
    def points(self) -> Points2D:
        """Landmarks of the source."""
        return _needed(self.shapes).points

    @property
    def truth_points(self) -> Points2D:
        """Landmarks of the truth."""
        return _needed(self.truth_shapes).points

    @property
    def goal(self) -> Points2D:
        """Where the translation should have them."""
        return _needed(self.shapes).goal(self.shown, self.target)

    @property
    def flow(self) -> Flows:
        """By which a warp moves the source."""
        return _needed(self._translation.flow)

    @property
    def blend(self) -> Masks:
        """1 where a warp paints."""
        return _needed(self._translation.blend)

    @property
    def still(self) -> Masks:
        """1 where a warp leaves the source as it is."""
        return _needed(self._translation.still)

    # The networks' passes.

    @cached_property
    def _translation(self) -> Translation:
        if not (self.config.identity and self.together):
            return self.generator(self.source, self.target)
        count, both = len(self.source), self._both
        fields = (both.flow, both.blend, both.pixels, both.still)
        return Translation(both.image[:count], *(v if v is None else v[:count] for v in fields))

    @cached_property
    def _both(self) -> Translation:
        """G_XY of x and, behind it, of y: one call is faster than two."""
        images, codes = self._unchanged
        both = torch.cat([self.source, images])
        return self.generator(both, torch.cat([self.target, codes]))

    @property
    def _unchanged(self) -> tuple[Images, Codes]:
        return (self.truth, self.target) if self.unchanged is None else self.unchanged

    @cached_property
    def _discriminated(self) -> DiscriminatorOutput:
        return self.discriminator(self.translated, self.target, self.source)

    @cached_property
    def _context(self) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Of Eq. 3. `source`: the translation against its own source; `cycle`: the reconstruction
        against it; `literal`: as printed, the translation against a real image of the target
        domain, which shows another person unless the data are paired."""
        phi = _needed(self.features.context)
        reading = self.config.context_options.reading
        output = self.reconstructed if reading == "cycle" else self.translated
        with torch.no_grad():
            wanted = phi(self.truth if reading == "literal" else self.source)
        return phi(output), wanted


def _needed(value: T | None) -> T:
    assert value is not None, "a weighted term needs what the step was not given"
    return value
