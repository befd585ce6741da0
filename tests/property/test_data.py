"""Properties of the data package that hold for any input."""

from __future__ import annotations

import itertools
import tempfile
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgan.config import AugmentConfig
from ecgan.data.images import examples
from ecgan.data.manifest import (
    SPLITS,
    Manifest,
    Record,
    load_manifest,
    vocabulary_of,
    write_manifest,
)
from ecgan.data.splits import split_of
from ecgan.data.transforms import apply, draw_parameters

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
shares = st.tuples(st.integers(1, 100), st.integers(0, 100), st.integers(0, 100))
seeds = st.integers(0, 2**32)


@given(st.lists(names, unique=True), st.lists(names, unique=True), shares)
def test_a_split_depends_on_the_name_alone(
    some: list[str], more: list[str], parts: tuple[int, int, int]
) -> None:
    before = {name: split_of(name, parts) for name in some}
    after = {name: split_of(name, parts) for name in [*more, *reversed(some)]}
    assert before.items() <= after.items()
    assert set(before.values()) <= set(SPLITS)


@given(
    st.lists(
        st.tuples(names, names, st.none() | st.floats(0, 2), st.booleans()), min_size=1, max_size=8
    )
)
@settings(max_examples=25, deadline=None)
def test_any_manifest_survives_the_round_trip(
    rows: list[tuple[str, str, float | None, bool]],
) -> None:
    points = tuple((float(i), -0.25 * i) for i in range(68))
    records = tuple(
        Record(
            image=f"images/{i}.jpg",
            mask=f"masks/{i}.png",
            subject=subject,
            expression=expression,
            intensity=intensity,
            split=split_of(subject),
            source="s",
            sha256="0" * 64,
            landmarks=points,
            pair=f"s:{subject}" if paired else None,
        )
        for i, (subject, expression, intensity, paired) in enumerate(rows)
    )
    card = {"expressions": list(vocabulary_of(row[1] for row in rows).names)}
    with tempfile.TemporaryDirectory() as folder:
        write_manifest(Manifest(Path(folder), records, card))
        loaded = load_manifest(folder)
    assert loaded.records == records
    assert loaded.card == card


@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    seeds,
    st.integers(0, 60),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_the_order_is_one_sequence_of_shuffled_passes(
    sizes: list[int], seed: int, first: int, count: int
) -> None:
    starts = np.cumsum([0, *sizes])
    groups = [list(range(a, b)) for a, b in itertools.pairwise(starts)]
    window = examples(groups, seed, first, count)
    assert window == examples(groups, seed, 0, first + count)[first:]
    for number, group in enumerate(groups):
        drawn = examples(groups, seed, 0, 3 * len(group) * len(groups))[number :: len(groups)]
        assert Counter(drawn) == dict.fromkeys(group, 3)


def test_long_training_keeps_the_orders_of_two_passes_alone() -> None:
    tracemalloc.start()
    for turn in range(40):
        examples([range(50_000)], 0, turn * 50_000 - 2 if turn else 0, 4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 8 * 50_000


@given(
    seeds,
    st.integers(1, 3),
    st.sampled_from([(32, 32), (33, 47)]),
    st.fixed_dictionaries(
        {
            "flip": st.booleans(),
            "rotation_degrees": st.floats(0, 45),
            "scale": st.floats(0, 0.49),
            "shift": st.floats(0, 0.49),
            "brightness": st.floats(0, 0.99),
            "contrast": st.floats(0, 0.99),
            "saturation": st.floats(0, 1),
            "colour_cast": st.floats(0, 0.99),
            "light": st.floats(0, 0.99),
            "blur_px": st.floats(0, 20),
            "noise": st.floats(0, 0.49),
        }
    ),
)
@settings(max_examples=25, deadline=None)
def test_augmentation_keeps_shape_and_range(
    seed: int, num: int, shape: tuple[int, int], values: dict[str, float]
) -> None:
    rng = np.random.default_rng(seed)
    images = torch.from_numpy(rng.uniform(-1, 1, (num, 3, *shape)).astype(np.float32))
    masks = torch.from_numpy(rng.integers(0, 2, (num, 1, *shape)).astype(np.float32))
    config = AugmentConfig.model_validate(values)
    changed, changed_masks = apply(draw_parameters(len(images), config, rng), images, masks)
    assert changed.shape == images.shape
    assert torch.isfinite(changed).all()
    assert float(changed.abs().max()) <= 1
    assert changed_masks is not None
    assert set(changed_masks.unique().tolist()) <= {0.0, 1.0}
