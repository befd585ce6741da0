"""Updates of preset `paper`, in every reading of its open points, against `support.golden`.

`pytest tests/reference/test_golden_step.py -s` prints the largest differences.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from support.golden import NETWORKS, Example, GoldenTraining, Reading
from support.tiny_run import ALONE
from torch import Tensor
from torch.nn import functional as F

from ecgan.config import Config
from ecgan.config_loading import load_config
from ecgan.data.dataset import TranslationBatch
from ecgan.training.method import RunContext
from ecgan.training.passes import FeatureNetworks
from ecgan.training.state import TrainingState, fresh_state
from ecgan.training.update import TWO_GENERATORS, update

SEED = 3
"""By chance, which it decides, old translations come out of both pools within the updates."""
NUM_EXPRESSIONS = 4
UPDATES = 4
POOL = 3
TOLERANCE = 1e-8
SMALL = (
    f"seed={SEED}",
    "precision=fp32",
    "batch=2",
    f"steps={UPDATES}",
    f"optimizer.pool={POOL}",
    "generator.width=4",
    "generator.max_width=8",
    "discriminator.width=4",
)
READINGS = {
    "paper": (Reading(), ()),
    "context of the cycle": (
        Reading(context="cycle"),
        ("objective.context_options.reading=cycle",),
    ),
    "context as printed": (
        Reading(context="literal"),
        ("objective.context_options.reading=literal",),
    ),
    "context as a pyramid": (
        Reading(context_form="pyramid", lambda_2=10.0),
        ("objective.context_options.form=pyramid", "objective.context=10"),
    ),
    "mask as printed": (Reading(mask="literal"), ("objective.mask_reading=literal",)),
    "D without z": (Reading(d_with_z=False), ("discriminator.conditioning=none",)),
    "z in the decoder": (Reading(conditioning="decoder"), ("generator.conditioning=decoder",)),
    "z as planes": (Reading(conditioning="input"), ("generator.conditioning=input",)),
}
READINGS["all others at once"] = (
    Reading("decoder", False, "literal", "pyramid", "literal"),
    (
        "generator.conditioning=decoder",
        "discriminator.conditioning=none",
        "objective.context_options.reading=literal",
        "objective.context_options.form=pyramid",
        "objective.mask_reading=literal",
    ),
)


@pytest.mark.parametrize(("name", "size"), [*((name, 32) for name in READINGS), ("paper", 64)])
def test_updates_are_those_of_the_equations(name: str, size: int) -> None:
    reading, settings = READINGS[name]
    config = load_config(Config, preset="paper", settings=(*SMALL, *settings, f"size={size}"))
    state = double(fresh_state(config, NUM_EXPRESSIONS, ALONE))
    code = F.one_hot(torch.tensor([0]), NUM_EXPRESSIONS).double()
    features = FeatureNetworks(context=phi)
    context = RunContext(config, ALONE, "fp32", UPDATES, code, TWO_GENERATORS, features)
    golden = GoldenTraining(
        {network: weights(state, network) for network in NETWORKS},
        replace(reading, pool=POOL),
        phi,
        SEED,
        UPDATES,
    )
    largest: dict[str, float] = {}

    def compare(what: str, found: Tensor | float, expected: Tensor | float) -> None:
        found, expected = (torch.as_tensor(v, dtype=torch.float64) for v in (found, expected))
        assert found.shape == expected.shape, what
        difference = float((found - expected).abs().max().detach())
        largest[what] = max(largest.get(what, 0.0), difference)

    for step in range(UPDATES):
        example = draw_example(size, step)
        values = update(state, as_batch(example), context)
        expected = golden.update(example)
        for role in ("generator", "discriminator"):
            terms = getattr(expected, role)
            for term, value in terms.items():
                compare(f"{role}/{term}", values[f"{role}/{term}"], value)
            of = NETWORKS[:2] if role == "generator" else NETWORKS[2:]
            squares = [(g**2).sum() for network in of for g in expected.gradients[network].values()]
            norm = math.sqrt(sum(map(float, squares)))
            compare(f"{role}/gradient_norm", values[f"{role}/gradient_norm"], norm)
            known = {*terms, "gradient_norm"}
            assert {k.partition("/")[2] for k in values if k.startswith(role)} == known
        compare("learning rate", values["learning_rate"], expected.learning_rate)
        for network in NETWORKS:
            gradients = dict(state.network(network).named_parameters())
            assert gradients.keys() == expected.gradients[network].keys()
            for key, parameter in gradients.items():
                assert parameter.grad is not None
                compare(f"{network} gradient", parameter.grad, expected.gradients[network][key])
            for key, value in weights(state, network).items():
                compare(f"{network} weights", value, golden.networks[network][key])
    print(f"\n{name}, {size} px, {UPDATES} updates: " + ", ".join(
        f"{what} {difference:.1e}" for what, difference in largest.items()
    ))  # fmt: skip
    assert max(largest.values()) <= TOLERANCE, largest
    assert golden.pool_y.exchanged and golden.pool_x.exchanged, "the pools gave nothing old back"


def test_the_readings_differ() -> None:
    """Each setting changes what is computed: none of the comparisons above is of the same thing."""
    seen = set()
    for reading, settings in READINGS.values():
        config = load_config(Config, preset="paper", settings=(*SMALL, *settings, "size=32"))
        state = double(fresh_state(config, NUM_EXPRESSIONS, ALONE))
        networks = {network: weights(state, network) for network in NETWORKS}
        golden = GoldenTraining(networks, reading, phi, SEED, UPDATES)
        seen.add(round(float(golden.update(draw_example(32, 0)).generator["total"].detach()), 9))
    assert len(seen) == len(READINGS)


def double(state: TrainingState) -> TrainingState:
    """The state in float64, with weights large enough that every pass matters."""
    for network in NETWORKS:
        module = state.network(network).double()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.mul_(10) if parameter.dim() > 1 else parameter.normal_(0, 0.1)
    return state


def weights(state: TrainingState, network: str) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in state.network(network).state_dict().items()}


def draw_example(size: int, step: int) -> Example:
    random = torch.Generator().manual_seed(step)

    def images() -> Tensor:
        coarse = torch.rand(2, 3, size // 4, size // 4, generator=random, dtype=torch.float64)
        return 1.8 * F.interpolate(coarse, size=(size, size), mode="bilinear") - 0.9

    def masks() -> Tensor:
        drawn = torch.rand(2, 1, size // 8, size // 8, generator=random, dtype=torch.float64)
        return F.interpolate((drawn < 0.6).double(), size=(size, size))

    z = F.one_hot(torch.tensor([1 + step % 3, 1 + (step + 1) % 3]), NUM_EXPRESSIONS).double()
    return Example(images(), masks(), images(), masks(), z)


def as_batch(example: Example) -> TranslationBatch:
    nowhere = torch.zeros(2, dtype=torch.bool)
    return TranslationBatch(
        neutral=example.x,
        neutral_mask=example.x_mask,
        expressive=example.y,
        expressive_mask=example.y_mask,
        code=example.z,
        label=example.z.argmax(dim=1),
        paired=nowhere,
        loose=nowhere,
        names=["y0 <- x0", "y1 <- x1"],
    )


def phi(image: Tensor) -> list[Tensor]:
    """Features of three layers, of fixed random kernels."""
    features, layers = image, []
    for layer, (inner, outer) in enumerate([(3, 4), (4, 6), (6, 8)]):
        random = torch.Generator().manual_seed(layer)
        kernel = torch.randn(outer, inner, 3, 3, generator=random, dtype=torch.float64) / 4
        features = F.relu(F.conv2d(features, kernel, stride=2, padding=1))
        layers.append(features)
    return layers
