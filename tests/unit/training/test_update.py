"""One update: what gets gradients, what it costs, and that validation only looks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.tiny_run import start, tiny_config, tiny_stargan_config
from torch import nn

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.data.manifest import Manifest
from ecgan.errors import ConfigError
from ecgan.training.method import RunContext, update_flops
from ecgan.training.state import TrainingState
from ecgan.training.step import generator_step, mismatched_expressions
from ecgan.training.update import frozen, update
from ecgan.training.validation import (
    expression_codes,
    sample_grid,
    sample_people,
    tile,
    validate,
    validation_data,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def setup(
    config: Config, data_root: Path
) -> tuple[Manifest, TrainingState, TranslationBatch, RunContext]:
    state, data, context = start(config, data_root)
    return data.store.manifest, state, data.batch(config.batch, config.seed, 0), context


def test_generator_step_gives_discriminators_no_gradient(tiny_data: Path) -> None:
    config = tiny_config()
    _, state, batch, context = setup(config, tiny_data)
    with frozen(state.models.discriminators()):
        made = generator_step(state.models, batch, context)
    made.objective.total.backward()
    of_discriminators = [
        p for network in state.models.discriminators() for p in network.parameters()
    ]
    assert all(p.grad is None for p in of_discriminators)
    assert all(p.requires_grad for p in of_discriminators)
    # The new pixels' layers get none from a blend that starts closed, but most must.
    parts = [p for network in state.models.generators() for p in network.parameters()]
    assert sum(p.grad is not None for p in parts) == len(parts)


def test_update_moves_all_four_networks_and_the_averages(tiny_data: Path) -> None:
    _, state, batch, context = setup(tiny_config(), tiny_data)
    before = {name: tensor.clone() for name, tensor in state.weights().items()}
    values = update(state, batch, context)
    assert state.step == 1
    assert len(state.pools["expressive"]) == len(state.pools["neutral"]) == 2
    changed = {name for name, tensor in state.weights().items() if not tensor.equal(before[name])}
    for part in (
        "to_expression",
        "to_neutral",
        "discriminator_expression",
        "discriminator_neutral",
    ):
        assert any(name.startswith(f"network.{part}") for name in changed), part
    assert any(name.startswith("average.") for name in changed)
    assert values["learning_rate"] == 2e-4


SHAPED = {"warmup_steps": 0, "learning_rate": 2e-3, "ema": 0.9, "pool": 3}


def test_the_shape_term_teaches_the_flow_where_landmarks_go(tiny_data: Path) -> None:
    config = tiny_config(data={"zoom": 1.375}, objective={"shape": 100}, optimizer=SHAPED)
    _, state, batch, context = setup(config, tiny_data)
    shapes = batch.neutral_shapes
    assert shapes is not None
    motions = torch.zeros_like(shapes.motions)
    motions[:, 1:] = torch.tensor([0.05, -0.03])
    shapes = replace(shapes, motions=motions)
    batch = replace(batch, neutral_shapes=shapes, expressive_shapes=shapes)
    values = [update(state, batch, context)["generator/shape"] for _ in range(25)]
    assert values[0] > 0.005
    assert values[-1] < 0.7 * values[0]


def test_the_shape_term_needs_a_flow_and_two_domains() -> None:
    with pytest.raises(ConfigError, match="shape need generator"):
        tiny_config(
            generator={"output": "pixels"},
            objective={"shape": 1, "flow_smoothness": 0, "blend_area": 0},
        )
    with pytest.raises(ConfigError, match="shape"):
        tiny_stargan_config(objective={"shape": 1})


def test_discriminators_learn_from_wrong_labels(tiny_data: Path) -> None:
    config = tiny_config(objective={"mismatched": 1}, discriminator={"scales": 2, "augment": True})
    _, state, batch, context = setup(config, tiny_data)
    values = update(state, batch, context)
    assert values["discriminator/mismatched"] > 0
    assert update_flops(state.models, batch, context) > 0
    plain = tiny_config()
    _, state, batch, context = setup(plain, tiny_data)
    assert "discriminator/mismatched" not in update(state, batch, context)


def test_mismatched_labels_are_of_other_expressions(tiny_data: Path) -> None:
    _, _, batch, context = setup(tiny_config(batch=3), tiny_data)
    neutral = context.neutral_code
    for _ in range(20):
        wrong = mismatched_expressions(batch, neutral)
        images, codes = wrong.images, wrong.codes
        assert torch.equal(images, torch.cat([batch.expressive, batch.neutral]))
        moved, own = codes.split(3)
        assert torch.equal(own, batch.code)
        torch.testing.assert_close(moved.sum(dim=1), batch.code.sum(dim=1))
        is_neutral = neutral[0] > 0
        assert torch.equal(moved[:, is_neutral], batch.code[:, is_neutral])
        assert not (moved * batch.code * ~is_neutral).any()
    one = replace(batch, code=batch.code[:, :2])
    wrong = mismatched_expressions(one, neutral[:, :2])
    images, codes = wrong.images, wrong.codes
    assert torch.equal(images, batch.neutral) and torch.equal(codes, one.code)


def test_mismatched_labels_need_a_discriminator_of_labels() -> None:
    with pytest.raises(ConfigError, match="mismatched needs"):
        tiny_config(objective={"mismatched": 1}, discriminator={"conditioning": "none"})


def test_direct_is_a_third_direction_by_the_first_generator(tiny_data: Path) -> None:
    pairs = {"pairs": "use", "same_person": True}
    terms, operations = [], []
    for direct in (False, True):
        config = tiny_config(batch=3, data={**pairs, "direct": direct}, objective={"paired": 1})
        _, state, batch, context = setup(config, tiny_data)
        batch = replace(batch, loose=torch.tensor([True, False, False]))
        made = generator_step(state.models, batch, context)
        made.objective.total.backward()
        terms.append(made.objective.terms)
        operations.append(update_flops(state.models, batch, context))
        assert len(made.expressive.images) == len(made.expressive.codes) == 3 * (1 + direct)
        assert len(made.neutral.images) == 3
        update(state, batch, context)
        assert len(state.pools["expressive"]) == 3
    assert all(terms[1][name] > terms[0][name] for name in ("paired", "cycle", "mask"))
    assert 1.3 * operations[0] < operations[1] < 1.7 * operations[0]
    assert batch.other_code is not None
    assert torch.equal(made.expressive.codes, torch.cat([batch.code, batch.other_code]))
    with pytest.raises(ConfigError, match=r"data\.direct learns from pairs"):
        tiny_config(data={"direct": True})


def test_without_a_pair_an_image_is_itself_under_its_own_z(tiny_data: Path) -> None:
    """The third direction's Eq. 4: another expression where that is known, else the image itself,
    each under what it shows."""
    config = tiny_config(batch=3, data={"pairs": "use", "direct": True}, objective={"identity": 1})
    _, state, batch, context = setup(config, tiny_data)
    assert batch.other is not None and batch.other_code is not None
    paired = torch.tensor([True, False, False])
    other = torch.where(paired[:, None, None, None], batch.other, batch.expressive)
    batch = replace(batch, paired=paired, other=other)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    state.models.to_expression.register_forward_pre_hook(lambda _, given: seen.append(given))
    generator_step(state.models, batch, context)
    third = [(images, codes) for images, codes in seen if len(images) == 6][-1]
    assert torch.equal(third[0][3:], other)
    assert torch.equal(third[1][:3], batch.other_code)
    own = torch.where(paired[:, None], batch.other_code, batch.code)
    assert torch.equal(third[1][3:], own)
    assert not torch.equal(batch.other_code[1:], batch.code[1:])


def test_one_way_learning_moves_one_generator_and_its_discriminator(tiny_data: Path) -> None:
    config = tiny_config(
        learn="to_expression",
        init="any",  # `start` does not load it
        data={"pairs": "use", "direct": True},
        objective={"cycle": 0, "mask": 0, "paired": 1},
    )
    _, state, batch, context = setup(config, tiny_data)
    before = {name: tensor.clone() for name, tensor in state.weights().items()}
    made = generator_step(state.models, batch, context)
    assert len(made.expressive.images) == 4 and len(made.neutral.images) == 0
    update(state, batch, context)
    assert changed_parts(state, before) == {"to_expression", "discriminator_expression"}
    both = tiny_config(**{**config.model_dump(), "learn": "both"})
    assert update_flops(state.models, batch, context) < 0.8 * update_flops(
        state.models, batch, replace(context, config=both)
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "set init"),
        ({"init": "any"}, r"set objective\.cycle=0"),
        ({"init": "any", "objective": {"cycle": 0}}, r"set objective\.mask=0"),
    ],
)
def test_one_way_learning_refuses_what_takes_both_ways(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        tiny_config(learn="to_expression", **changes)
    with pytest.raises(ConfigError, match="stargan has one"):
        tiny_stargan_config(learn="to_expression", init="any")


def test_discriminators_rest_where_nothing_asks_them(tiny_data: Path) -> None:
    alone = {"adversarial": 0, "classification": 0, "paired": 1}
    config = tiny_config(data={"pairs": "use"}, objective=alone)
    _, state, batch, context = setup(config, tiny_data)
    before = {name: tensor.clone() for name, tensor in state.weights().items()}
    values = update(state, batch, context)
    assert not [name for name in values if name.startswith("discriminator/")]
    assert changed_parts(state, before) == {"to_expression", "to_neutral"}
    asked = replace(context, config=tiny_config(data={"pairs": "use"}, objective={"paired": 1}))
    assert update_flops(state.models, batch, context) < update_flops(state.models, batch, asked)


def changed_parts(state: TrainingState, before: dict[str, torch.Tensor]) -> set[str]:
    """Networks, or their averages, with other weights than before."""
    return {
        name.split(".")[1] for name, now in state.weights().items() if not now.equal(before[name])
    }


def test_flops_grow_with_the_batch_and_leave_the_state_alone(tiny_data: Path) -> None:
    counts = []
    for size in (1, 2):
        _, state, batch, context = setup(tiny_config(batch=size), tiny_data)
        before = state.weights_sha256()
        counts.append(update_flops(state.models, batch, context))
        assert state.weights_sha256() == before
    assert counts[1] == 2 * counts[0] > 0


def test_unused_terms_cost_no_operations(tiny_data: Path) -> None:
    def count(**objective: float) -> int:
        _, state, batch, context = setup(tiny_config(objective=objective), tiny_data)
        return update_flops(state.models, batch, context)

    assert count(identity=0) < count()
    assert count(cycle=0, mask=0) < count()


def test_validation_scores_and_changes_nothing(tiny_data: Path) -> None:
    manifest, state, _, context = setup(tiny_config(), tiny_data)
    data = validation_data(manifest, context.config)
    assert data is not None
    generators: dict[str, nn.Module] = {
        name: state.network(name) for name in ("to_expression", "to_neutral")
    }
    before, random = state.weights_sha256(), torch.get_rng_state()
    first = validate(generators, data, context)
    assert state.weights_sha256() == before
    assert torch.equal(torch.get_rng_state(), random)
    assert all(network.training for network in generators.values())
    assert first == validate(generators, data, context)
    assert first.reference == "paired"
    assert first.score == -first.l1 < 0

    asked = validate(generators, data, context, lambda images, labels: labels.float() / 10)
    assert asked.score == asked.recognized
    assert 0.1 <= asked.score <= 0.3
    assert asked.l1 == first.l1


def test_sample_grid_shows_each_person_in_a_row(tiny_data: Path) -> None:
    manifest, state, _, context = setup(tiny_config(), tiny_data)
    data = validation_data(manifest, context.config)
    assert data is not None
    people = sample_people(data, 5)
    assert people.shape == (2, 3, 32, 32)
    assert not people[0].equal(people[1])
    codes = expression_codes(manifest.vocabulary, torch.device("cpu"))
    assert codes.argmax(1).tolist() == [1, 2, 3]
    grid = sample_grid(state.network("to_expression"), people, codes, "fp32")
    assert grid.shape == (2 * 34 - 2, 4 * 34 - 2, 3)
    photo = ((people[1] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(grid[34:66, :32], photo)


def test_tile_puts_rows_and_columns_in_order() -> None:
    images = torch.linspace(-1, 1, 6).view(2, 3, 1, 1, 1).expand(2, 3, 3, 2, 2)
    grid = tile(images)
    assert [int(grid[0, 0, 0]), int(grid[0, 4, 0]), int(grid[4, 0, 0])] == [0, 51, 153]
    assert int(grid[2, 0, 0]) == 255
