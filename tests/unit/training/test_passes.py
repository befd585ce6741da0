"""What terms ask for is there: a new one needs a weight and a function, and nothing else."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature

import pytest

from ecgan.config import ObjectiveConfig
from ecgan.lab.stargan.method import TERMS, GeneratorOutputs
from ecgan.losses.extras import EXTRAS
from ecgan.losses.paper import EQUATIONS, term_options
from ecgan.training.passes import Pass


@pytest.mark.parametrize(
    ("terms", "direction"), [({**EQUATIONS, **EXTRAS}, Pass), (TERMS, GeneratorOutputs)]
)
def test_terms_ask_for_what_a_direction_or_the_options_have(terms, direction) -> None:
    attributes = {field.name for field in fields(direction)} | set(vars(direction))
    public = {name for name in attributes if not name.startswith("_")}
    for name, term in terms.items():
        assert name in ObjectiveConfig.model_fields
        missing = (
            signature(term).parameters.keys() - public - term_options(ObjectiveConfig()).keys()
        )
        assert not missing, f"{name} asks for {missing}"


def test_every_weight_of_a_generators_term_has_its_term() -> None:
    """Weights in which discriminators alone have a part have none."""
    numbers = {n for n, f in ObjectiveConfig.model_fields.items() if f.annotation is float}
    others = {"gradient_penalty", "mismatched", "paired_focus"}
    assert numbers - others == {*EQUATIONS, *EXTRAS}
