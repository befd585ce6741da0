"""The three readings of Eq. 3, and the refusals of the context losses."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional as F

from ecgan.config import ContextConfig, ObjectiveConfig
from ecgan.config_loading import build
from ecgan.losses.paper import content_loss, pyramid_loss
from ecgan.networks.output import Translation
from ecgan.training.passes import FeatureNetworks, Pass

READINGS = ("source", "cycle", "literal")


def feature_network(images: torch.Tensor) -> torch.Tensor:
    weight = torch.randn(8, 3, 3, 3, generator=torch.Generator().manual_seed(5))
    return F.relu(F.conv2d(images, weight))


def four_images(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    names = ("source", "translated", "truth", "reconstructed")
    return {name: torch.rand(2, 3, 8, 8, generator=generator) * 2 - 1 for name in names}


class Made(torch.nn.Module):
    """A generator that has its picture ready."""

    def __init__(self, image: torch.Tensor) -> None:
        super().__init__()
        self.image = image

    def forward(self, source: torch.Tensor, code: torch.Tensor) -> Translation:
        return Translation(self.image)


def one_pass(reading: str, images: dict[str, torch.Tensor]) -> Pass:
    options = build(ContextConfig, {"reading": reading})
    code = torch.eye(2)
    return Pass(
        ObjectiveConfig(context=1, identity=0, context_options=options),
        FeatureNetworks(context=lambda images: [feature_network(images)]),
        together=True,
        generator=Made(images["translated"]),
        backward=Made(images["reconstructed"]),
        discriminator=torch.nn.Identity(),
        source=images["source"],
        truth=images["truth"],
        mask=torch.ones(2, 1, 8, 8),
        target=code,
        shown=code.flip(0),
        shapes=None,
        paired=torch.zeros(2, dtype=torch.bool),
    )


def context(reading: str, images: dict[str, torch.Tensor]) -> float:
    made = one_pass(reading, images)
    return content_loss(made.context_output[0], made.context_reference[0]).item()


@pytest.mark.parametrize(
    ("reading", "output", "reference"),
    [
        ("source", "translated", "source"),
        ("cycle", "reconstructed", "source"),
        ("literal", "translated", "truth"),
    ],
)
def test_each_reading_compares_what_it_says(reading: str, output: str, reference: str) -> None:
    images = four_images()
    made = one_pass(reading, images)
    assert made.context_output[0].equal(feature_network(images[output]))
    assert made.context_reference[0].equal(feature_network(images[reference]))


def test_readings_differ_on_unpaired_people() -> None:
    values = {reading: context(reading, four_images()) for reading in READINGS}
    for one, other in itertools.combinations(values.values(), 2):
        assert abs(one - other) > 1e-3


def test_an_unchanged_person_costs_nothing_unless_read_literally() -> None:
    images = four_images()
    images["translated"] = images["reconstructed"] = images["source"]
    assert context("source", images) == 0
    assert context("cycle", images) == 0
    assert context("literal", images) > 0.1


def test_a_perfect_cycle_hides_the_translation_from_the_cycle_reading_only() -> None:
    images = four_images()
    images["reconstructed"] = images["source"]
    assert context("cycle", images) == 0
    assert context("source", images) > 0.1


def test_source_and_literal_agree_when_the_truth_is_the_source() -> None:
    images = four_images()
    images["truth"] = images["source"]
    assert context("source", images) == context("literal", images)


@pytest.mark.parametrize("counts", [(0, 0), (2, 1)])
def test_pyramid_needs_the_same_layers(counts: tuple[int, int]) -> None:
    layer = torch.zeros(1, 2, 4, 4)
    with pytest.raises(ValueError, match="same layers"):
        pyramid_loss([layer] * counts[0], [layer] * counts[1])


def test_pyramid_weights_of_other_depths() -> None:
    zero, one = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    assert pyramid_loss([one], [zero]).item() == 1
    assert pyramid_loss([one, zero], [zero, zero]).item() == 1 / 4
