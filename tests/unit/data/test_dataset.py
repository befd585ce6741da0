"""Batches: a pure function of seed, step and rank; pairs, balance and codes as configured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.drawn_records import make_manifest, pattern, record

from ecgan.config import AugmentConfig, DataConfig
from ecgan.data.dataset import TranslationBatch, TranslationData, to_images
from ecgan.data.manifest import Manifest
from ecgan.errors import DataError
from ecgan.expressions import Vocabulary

AUGMENT = AugmentConfig(rotation_degrees=10, shift=0.1, contrast=0.2, blur_px=0.8, noise=0.05)
Open = Callable[..., TranslationData]


@pytest.fixture
def opened(people_manifest: Manifest) -> Open:
    def open_data(split: str = "train", size: int = 32, **config: object) -> TranslationData:
        values = DataConfig.model_validate({"augment": AUGMENT, **config})
        return TranslationData(people_manifest, split, size=size, data=values)  # type: ignore[arg-type]

    return open_data


def _tensors(batch: TranslationBatch) -> dict[str, torch.Tensor]:
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in values.items() if isinstance(value, torch.Tensor)}


def _assert_equal(one: TranslationBatch, other: TranslationBatch) -> None:
    assert one.names == other.names
    for name, value in _tensors(one).items():
        assert torch.equal(value, _tensors(other)[name]), name


def _subjects(batch: TranslationBatch) -> list[tuple[str, str]]:
    """(expressive, neutral) person of each row."""
    pairs = [name.split(" <- ") for name in batch.names]
    return [(a.rsplit("/", 1)[1][:3], b.rsplit("/", 1)[1][:3]) for a, b in pairs]


def test_shapes_ranges_and_types(opened: Open) -> None:
    batch = opened().batch(6, seed=0, step=0)
    for images in (batch.neutral, batch.expressive):
        assert images.shape == (6, 3, 32, 32)
        assert images.dtype == torch.float32
        assert 0.5 < float(images.abs().max()) <= 1
    for masks in (batch.neutral_mask, batch.expressive_mask):
        assert masks.shape == (6, 1, 32, 32)
        assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert batch.code.shape == (6, 3)
    assert batch.label.dtype == torch.int64
    assert batch.paired.dtype == torch.bool
    assert len(batch.names) == 6


@pytest.mark.parametrize("pairs", ["use", "ignore"])
def test_a_batch_is_a_function_of_seed_and_step(opened: Open, pairs: str) -> None:
    data = opened(pairs=pairs)
    first = data.batch(4, seed=3, step=7)
    data.batch(4, seed=3, step=8)
    _assert_equal(first, data.batch(4, seed=3, step=7))
    _assert_equal(first, opened(pairs=pairs, cache=False).batch(4, seed=3, step=7))
    for other in (data.batch(4, seed=3, step=8), data.batch(4, seed=4, step=7)):
        assert not torch.equal(first.expressive, other.expressive)


@pytest.mark.parametrize(
    "config", [{"pairs": "use"}, {"pairs": "ignore"}, {"pairs": "use", "direct": True}]
)
def test_two_ranks_see_what_one_with_twice_the_batch_sees(
    opened: Open, config: dict[str, object]
) -> None:
    data = opened(**config)
    whole = data.batch(6, seed=1, step=5)
    halves = [data.batch(3, seed=1, step=5, rank=rank, world=2) for rank in (0, 1)]
    assert whole.names == halves[0].names + halves[1].names
    for name, value in _tensors(whole).items():
        assert torch.equal(value, torch.cat([_tensors(half)[name] for half in halves])), name


def test_pairs_are_of_one_person_and_stay_pixel_true(
    opened: Open, people_manifest: Manifest
) -> None:
    """Neutral and expressive of a pair get the same changes: undoing none, their difference is
    what the same augmentation makes of either alone."""
    data = opened(pairs="use")
    assert data.num_paired == 6
    for step in range(6):
        batch = data.batch(4, seed=0, step=step)
        for (expressive, neutral), paired in zip(
            _subjects(batch), batch.paired.tolist(), strict=True
        ):
            assert paired == (expressive in ("ann", "bob"))
            assert (expressive == neutral) == paired


def test_paired_images_get_the_same_augmentation(tmp_path: Path) -> None:
    """Two equal files as a pair come out equal; as strangers they do not."""
    records = [
        record("ann", "neutral", pair="p:ann"),
        record("ann", "happy", pair="p:ann"),
        record("bob", "neutral"),
    ]
    manifest = make_manifest(tmp_path, records)
    original = manifest.image_path(records[0]).read_bytes()
    for item in records[1:]:
        manifest.image_path(item).write_bytes(original)
    for pairs, same in (("use", True), ("ignore", False)):
        config = DataConfig.model_validate({"augment": AUGMENT, "pairs": pairs})
        batch = TranslationData(manifest, "train", size=32, data=config).batch(2, 0, 0)
        assert torch.equal(batch.neutral, batch.expressive) == same
        assert torch.equal(batch.neutral_mask, batch.expressive_mask) == same


def test_without_pairs_the_neutral_is_someone_else(opened: Open) -> None:
    data = opened(pairs="ignore")
    assert data.num_paired == 0
    partners = Counter()
    for step in range(40):
        batch = data.batch(4, seed=0, step=step)
        assert not batch.paired.any()
        for expressive, neutral in _subjects(batch):
            assert expressive != neutral
            partners[neutral] += 1
    assert set(partners) == {"ann", "bob", "cat", "dan"}


def test_loose_pairs_join_two_photos_of_one_person_who_has_no_aligned_ones(opened: Open) -> None:
    data = opened(pairs="use", same_person=True)
    kinds = Counter()
    for step in range(12):
        batch = data.batch(4, seed=0, step=step)
        assert not (batch.loose & batch.paired).any()
        for (expressive, neutral), loose in zip(
            _subjects(batch), batch.loose.tolist(), strict=True
        ):
            assert expressive == neutral
            assert loose == (expressive in ("cat", "dan"))
            kinds[loose] += 1
    assert kinds == {True: 16, False: 32}  # aligned happy, loose happy and sad take turns
    assert not any(opened(pairs="use").batch(4, 0, step).loose.any() for step in range(6))


def test_direct_draws_another_expression_of_the_same_pair(tmp_path: Path) -> None:
    shown = ("happy", "sad", "angry")
    records = [record("ann", name, pair="p:ann") for name in ("neutral", *shown)]
    records += [record("bob", name) for name in ("neutral", "happy")]
    config = DataConfig.model_validate({"augment": AUGMENT, "pairs": "use", "direct": True})
    data = TranslationData(make_manifest(tmp_path, records), "train", size=32, data=config)
    asked: Counter[tuple[int, int]] = Counter()
    for step in range(12):
        batch = data.batch(4, seed=0, step=step)
        assert batch.other is not None and batch.other_code is not None
        for row, paired in enumerate(batch.paired.tolist()):
            same = torch.equal(batch.other[row], batch.expressive[row])
            assert same == (not paired), "an unpaired image has no other truth than itself"
            other = int(batch.other_code[row].argmax())
            assert other != int(batch.label[row])
            asked[int(batch.label[row]), other] += paired
    assert len(+asked) == 6, "every expression is asked of every other"
    plain = TranslationData(
        data.store.manifest,
        "train",
        size=32,
        data=config.model_copy(update={"direct": False}),
    ).batch(4, seed=0, step=0)
    _assert_equal(plain, replace(data.batch(4, seed=0, step=0), other=None, other_code=None))


def test_the_other_expression_gets_the_same_augmentation(tmp_path: Path) -> None:
    records = [record("ann", name, pair="p:ann") for name in ("neutral", "happy", "sad")]
    manifest = make_manifest(tmp_path, records)
    original = manifest.image_path(records[1]).read_bytes()
    manifest.image_path(records[2]).write_bytes(original)
    config = DataConfig.model_validate({"augment": AUGMENT, "pairs": "use", "direct": True})
    batch = TranslationData(manifest, "train", size=32, data=config).batch(4, 0, 0)
    assert batch.other is not None
    assert torch.equal(batch.other, batch.expressive)


def test_one_person_alone_is_their_own_partner(opened: Open) -> None:
    batch = opened("val").batch(2, 0, 0)
    assert _subjects(batch) == [("eve", "eve")] * 2


@pytest.mark.parametrize("balance", [True, False])
def test_an_epoch_shows_every_image(opened: Open, balance: bool) -> None:
    data = opened(balance=balance)
    steps = 6 * 2 if balance else data.num_expressive
    seen = Counter(
        data.batch(1, seed=0, step=step).names[0].split(" <-")[0] for step in range(steps)
    )
    assert len(seen) == data.num_expressive == 8
    if not balance:
        assert set(seen.values()) == {1}


def test_balance_draws_expressions_equally(opened: Open) -> None:
    labels = Counter(
        opened().batch(4, 0, step).label.tolist()[i] for step in range(5) for i in range(4)
    )
    assert labels == {1: 10, 2: 10}
    unbalanced = Counter()
    for step in range(4):
        unbalanced.update(opened(balance=False).batch(4, 0, step).label.tolist())
    assert unbalanced == {1: 12, 2: 4}


def test_codes_hold_the_intensity_when_asked(opened: Open, people_manifest: Manifest) -> None:
    strength = {item.image: item.intensity for item in people_manifest.records}
    for intensity in (True, False):
        batch = opened(intensity=intensity, pairs="use").batch(16, 0, 0)
        assert batch.code.dtype == torch.float32
        for name, code, label in zip(batch.names, batch.code, batch.label, strict=True):
            known = strength[name.split(" <- ")[0]]
            expected = known if intensity and known is not None else 1.0
            assert float(code[label]) == pytest.approx(expected)
            assert float(code.sum()) == pytest.approx(1)


def test_a_vocabulary_of_the_caller_decides_positions(people_manifest: Manifest) -> None:
    vocabulary = Vocabulary(("sad", "neutral", "fear"))
    data = TranslationData(people_manifest, "train", size=32, vocabulary=vocabulary)
    assert {r.expression for r in data.expressive} == {"sad"}
    assert data.batch(2, 0, 0).label.tolist() == [0, 0]


def test_augment_off_gives_the_files(people_manifest: Manifest) -> None:
    data = TranslationData(people_manifest, "train", size=64)
    batch = data.batch(3, 0, 0, augment=False)
    for name, image in zip(batch.names, batch.expressive, strict=True):
        record_ = next(r for r in data.expressive if r.image == name.split(" <- ")[0])
        seed = people_manifest.records.index(record_)
        np.testing.assert_array_equal(
            ((image.numpy().transpose(1, 2, 0) + 1) * 127.5).round(), pattern(seed)
        )


def test_to_images_maps_the_ends() -> None:
    pixels = np.array([0, 255], np.uint8).reshape(1, 1, 2, 1).repeat(3, axis=3)
    assert to_images(pixels)[0, :, 0].tolist() == [[-1.0, 1.0]] * 3


def test_to_moves_every_tensor(opened: Open) -> None:
    batch = opened().batch(2, 0, 0)
    moved = batch.to("meta")
    assert {tensor.device.type for tensor in _tensors(moved).values()} == {"meta"}
    assert moved.names == batch.names


def test_a_split_without_both_kinds_is_refused(people_manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test split .* 0 neutral and 0 expressive"):
        TranslationData(people_manifest, "test", size=32)
    neutral_only = make_manifest(tmp_path, [record("ann", "neutral")])
    with pytest.raises(DataError, match="1 neutral and 0 expressive"):
        TranslationData(neutral_only, "train", size=32)


def _with_recipes(root: Path) -> Manifest:
    records = [record("ann", "neutral", pair="s:ann"), record("bob", "neutral", pair="s:bob")]
    for number, recipe in enumerate((None, "laugh", "closed", "toothy")):
        made = record("ann", "happy", intensity=0.5, pair="s:ann", number=number)
        records.append(replace(made, recipe=recipe))
    records.append(record("bob", "sad", pair="s:bob"))
    return make_manifest(root, records)


def test_recipes_have_entries_of_their_own_in_z(tmp_path: Path) -> None:
    manifest = _with_recipes(tmp_path)
    values = DataConfig(pairs="use", intensity=True, recipes={"happy": "toothy"})
    data = TranslationData(manifest, "train", size=32, data=values)
    assert data.vocabulary.names == (
        "neutral", "happy:toothy", "happy:closed", "happy:laugh", "sad",
    )  # fmt: skip
    codes = {record.recipe: data.code(record).tolist() for record in data.expressive}
    assert codes["laugh"] == [0.5, 0, 0, 0.5, 0]
    assert codes["closed"] == [0.5, 0, 0.5, 0, 0]
    batch = data.batch(4, seed=0, step=0)
    assert batch.code.shape == (4, 5)
    assert torch.equal(batch.code[:, 1:].argmax(dim=1) + 1, batch.label)
    # An image whose recipe nobody gave counts as the one that stands for the expression.
    unknown = next(record for record in data.expressive if record.image.endswith("ann_0.png"))
    assert data.code(unknown).tolist() == [0.5, 0.5, 0, 0, 0]


def test_without_the_option_recipes_are_ignored(tmp_path: Path) -> None:
    data = TranslationData(_with_recipes(tmp_path), "train", size=32)
    assert data.vocabulary.names == ("neutral", "happy", "sad")
    assert {tuple(data.code(r)) for r in data.expressive if r.recipe} == {(0, 1, 0)}


def test_a_recipe_that_the_data_lack_is_refused(tmp_path: Path) -> None:
    values = DataConfig(recipes={"happy": "grin"})
    with pytest.raises(DataError, match=r"'grin' for happy.*closed, laugh, toothy"):
        TranslationData(_with_recipes(tmp_path), "train", size=32, data=values)


def test_photos_without_a_recipe_count_as_the_one_that_is_named_for_them(tmp_path: Path) -> None:
    manifest = _with_recipes(tmp_path)
    recipes = {"happy": "toothy"}
    values = DataConfig(recipes=recipes, recipe_of_photos={"happy": "laugh"})
    data = TranslationData(manifest, "train", size=32, data=values)
    unknown = next(record for record in data.expressive if record.image.endswith("ann_0.png"))
    assert data.code(unknown).tolist() == data.vocabulary.code("happy:laugh").tolist()
    sad = next(record for record in data.expressive if record.expression == "sad")
    assert data.code(sad).tolist() == data.vocabulary.code("sad").tolist()
    unread = DataConfig(recipes=recipes, recipe_of_photos={"happy": "natural"})
    with pytest.raises(DataError, match=r"'natural' for happy.*happy:toothy, happy:closed"):
        TranslationData(manifest, "train", size=32, data=unread)


def test_the_recipe_that_stands_for_an_expression_is_drawn_as_often_as_the_others(
    tmp_path: Path,
) -> None:
    values = DataConfig(pairs="use", recipes={"happy": "toothy"})
    data = TranslationData(_with_recipes(tmp_path), "train", size=32, data=values)
    names = [data.batch(1, seed=0, step=step).names[0] for step in range(30)]
    drawn = Counter(name.split(" <- ")[0].split("/", 2)[2].split(".")[0] for name in names)
    assert drawn["happy/ann_3"] + drawn["happy/ann_0"] == 10, "toothy, and the one without a recipe"
    assert drawn["happy/ann_1"] + drawn["happy/ann_2"] == 10
    assert drawn["sad/bob_0"] == 10


def test_asked_expressions_alone_are_learnt(people_manifest: Manifest) -> None:
    every = people_manifest.vocabulary.expressive
    data = DataConfig(expressions=(every[-1].upper(),))
    opened = TranslationData(people_manifest, "train", size=32, data=data)
    assert opened.vocabulary.names == ("neutral", every[-1])
    assert {record.expression for record in opened.expressive} == {every[-1]}
    assert opened.batch(2, seed=0, step=0).code.shape == (2, 2)


def test_an_expression_that_the_data_lack_is_refused(people_manifest: Manifest) -> None:
    with pytest.raises(DataError, match=r"wants wink, the expressions .* are: "):
        TranslationData(people_manifest, "train", size=32, data=DataConfig(expressions=("wink",)))
    with pytest.raises(DataError, match=r"0 expressive images"):
        TranslationData(
            people_manifest, "train", size=32, data=DataConfig(expressions=("neutral",))
        )
