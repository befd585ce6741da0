"""The three readings of Eq. 3, and the refusals of the context losses."""

from __future__ import annotations

import itertools
from inspect import unwrap

import pytest
import torch
from torch.nn import functional as F

from ecgan.losses.context import content_loss, context_images, pyramid_loss

READINGS = ("source", "cycle", "literal")


def feature_network(images: torch.Tensor) -> torch.Tensor:
    weight = torch.randn(8, 3, 3, 3, generator=torch.Generator().manual_seed(5))
    return F.relu(F.conv2d(images, weight))


def four_images(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    names = ("source", "translated", "truth", "reconstructed")
    return {name: torch.rand(2, 3, 8, 8, generator=generator) * 2 - 1 for name in names}


def context(reading: str, images: dict[str, torch.Tensor]) -> float:
    output, constant = context_images(reading, **images)  # type: ignore[arg-type]
    return content_loss(feature_network(output), feature_network(constant)).item()


def test_each_reading_compares_what_it_says() -> None:
    images = four_images()
    pairs = {reading: context_images(reading, **images) for reading in READINGS}
    assert pairs["source"] == (images["translated"], images["source"])
    assert pairs["cycle"] == (images["reconstructed"], images["source"])
    assert pairs["literal"] == (images["translated"], images["truth"])


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


def test_unknown_reading_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Eq\. 3 is read as 'source', 'cycle' or 'literal'"):
        unwrap(context_images)("printed", **four_images())  # type: ignore[arg-type]


@pytest.mark.parametrize("counts", [(0, 0), (2, 1)])
def test_pyramid_needs_the_same_layers(counts: tuple[int, int]) -> None:
    layer = torch.zeros(1, 2, 4, 4)
    with pytest.raises(ValueError, match="same layers"):
        pyramid_loss([layer] * counts[0], [layer] * counts[1])


def test_pyramid_weights_of_other_depths() -> None:
    zero, one = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    assert pyramid_loss([one], [zero]).item() == 1
    assert pyramid_loss([one, zero], [zero, zero]).item() == 1 / 4
