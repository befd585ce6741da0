"""What recognisers learn from: nobody whom they are tested on, real or generated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgan.data.manifest import Manifest, Record, load_manifest
from ecgan.errors import DataError
from ecgan.lab.reproduce.recognizers import Mixture, mixture_records, write_mixture

NAMES = ("neutral", "happy", "sad")
PEOPLE = {"train": 6, "val": 2, "test": 3}


def _record(split: str, person: int, expression: str, source: str) -> Record:
    subject = f"{split}{person}"
    return Record(
        image=f"images/{expression}/{source}-{subject}.png",
        mask="masks/one.png",
        subject=subject,
        expression=expression,
        intensity=1.0,
        split=split,  # type: ignore[arg-type]
        source=source,
        sha256="0" * 64,
        landmarks=[(0.0, 0.0)] * 68,
        pair=None,
    )


def _manifest(root: str, source: str, splits: tuple[str, ...]) -> Manifest:
    records = tuple(
        _record(split, person, name, source)
        for split in splits
        for person in range(PEOPLE[split])
        for name in NAMES
    )
    return Manifest(Path(root), records, {"expressions": list(NAMES)})


ORIGINAL = _manifest("data", "real", ("train", "val", "test"))
GENERATED = _manifest("made", "generated", ("train", "test"))


@given(
    st.none() | st.integers(1, 8),
    st.none() | st.just("default"),
    st.none() | st.integers(1, 9),
    st.integers(0, 20),
)
def test_nobody_of_val_and_test_is_learned_from(
    people: int | None, method: str | None, per_class: int | None, seed: int
) -> None:
    mixture = Mixture(people, method, per_class)
    records = mixture_records(ORIGINAL, GENERATED, mixture, seed)
    learned = {r.subject for _, r in records if r.split == "train"}
    held_out = {r.subject for _, r in records if r.split != "train"}
    assert len(learned) == min(people or 6, 6)
    assert not learned & held_out
    assert all(r.subject.startswith("train") for name, r in records if name == "default")
    assert held_out == {"val0", "val1", "test0", "test1", "test2"}
    assert all(name == "original" for name, r in records if r.split != "train")
    made = Counter(r.expression for name, r in records if name == "default")
    wanted = len(learned) if per_class is None else min(per_class, len(learned))
    assert made == ({"happy": wanted, "sad": wanted} if method else {})


def test_more_contains_less() -> None:
    def images(people: int | None, per_class: int | None) -> set[str]:
        mixture = Mixture(people, "default", per_class)
        return {r.image for _, r in mixture_records(ORIGINAL, GENERATED, mixture, seed=1)}

    assert images(2, None) < images(4, None) < images(None, None)
    assert images(None, 1) < images(None, 3) < images(None, None)


def test_a_generated_image_of_a_test_person_is_left_out_whatever_its_split_says() -> None:
    slipped = replace(_record("train", 0, "happy", "generated"), subject="test0")
    made = Manifest(Path("made"), (slipped,), {"expressions": list(NAMES)})
    records = mixture_records(ORIGINAL, made, Mixture(method="default"), seed=0)
    assert not [record for name, record in records if name == "default"]


def test_without_generated_images_there_is_no_mixture_with_them() -> None:
    with pytest.raises(DataError, match="no images of default were generated"):
        mixture_records(ORIGINAL, None, Mixture(method="default"), seed=0)


def test_a_mixture_is_prepared_data_whose_images_stay_where_they_are(
    tiny_data: Path, tmp_path: Path
) -> None:
    original = load_manifest(tiny_data)
    records = mixture_records(original, None, Mixture(people=2), seed=0)
    write_mixture(tmp_path / "mixed", {"original": tiny_data}, records, original.card)
    manifest = load_manifest(tmp_path / "mixed")
    assert len({r.subject for r in manifest.select(split="train")}) == 2
    assert all(manifest.image_path(record).is_file() for record in manifest.records)
    assert (tmp_path / "mixed" / "original").resolve() == tiny_data.resolve()


@pytest.mark.parametrize(
    ("mixture", "name", "title"),
    [
        (Mixture(), "original", "original"),
        (Mixture(method="paper"), "original+paper", "original + paper"),
        (Mixture(5, "paper"), "original-5people+paper", "original + paper"),
        (Mixture(None, "paper", 20), "original+paper-20", "original + paper"),
    ],
)
def test_names(mixture: Mixture, name: str, title: str) -> None:
    assert (mixture.name, mixture.title) == (name, title)
