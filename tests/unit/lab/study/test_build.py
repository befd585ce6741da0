"""Building a study: balance, nothing that tells real from generated, refusals."""

import dataclasses
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_data import make_tiny_data
from support.tiny_study import make_methods

from ecgan.errors import DataError, UsageError
from ecgan.lab.study.build import Plan, build
from ecgan.lab.study.design import IMAGES_NAME, STUDY_NAME, Study, load_study

from .conftest import PLAN


def test_expressions_take_turns_and_no_picture_comes_twice(study: Study) -> None:
    for kind, number in (("pair", 12), ("catch", 4), ("practice", 4)):
        items = [item for item in study.items if item.kind == kind]
        assert len(items) == number
        assert set(Counter(item.expression for item in items).values()) == {number // 4}
    names = [name for item in study.items for name in (item.real, *item.fakes.values())]
    assert len(names) == len(set(names)) == 12 * 3 + 4 * 2 + 4 * 3
    shown = Counter(person for item in study.items for person in item.people)
    assert max(shown.values()) - min(shown.values()) <= 1


def test_the_key_names_what_each_picture_is(study: Study) -> None:
    for item in study.items:
        assert study.pictures[item.real]["kind"] == "real"
        assert item.expression in study.pictures[item.real]["file"]
        for method, name in item.fakes.items():
            assert study.pictures[name]["kind"] == method
            assert item.expression in study.pictures[name]["file"]
            assert item.people[0] in study.pictures[name]["file"]


def test_files_differ_in_nothing_but_the_picture(study: Study, root: Path) -> None:
    files = sorted((root / IMAGES_NAME).iterdir())
    assert [path.stem for path in files] == study.picture_names()
    assert len({path.stat().st_size for path in files}) == 1
    headers = set()
    for path in files:
        with Image.open(path) as image:
            image.load()
            assert not image.getexif()
            headers.add((image.format, image.size, image.mode, str(sorted(image.info.items()))))
    assert len(headers) == 1


def test_copies_keep_the_picture_and_broken_ones_do_not(
    study: Study, root: Path, faces: Path
) -> None:
    def pixels(data: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.float64)

    for item in study.items:
        real = pixels((root / IMAGES_NAME / f"{item.real}.jpg").read_bytes())
        original = pixels((faces / study.pictures[item.real]["file"]).read_bytes())
        assert np.abs(real - original).mean() < 3
        if item.kind == "catch":
            for name in item.fakes.values():
                broken = pixels((root / IMAGES_NAME / f"{name}.jpg").read_bytes())
                assert np.abs(broken - original).mean() > 15


def test_equal_seeds_give_equal_studies(
    study: Study, faces: Path, methods: dict[str, Path], tmp_path: Path
) -> None:
    again = build(faces, methods, tmp_path / "again", PLAN)
    other = build(faces, methods, tmp_path / "other", dataclasses.replace(PLAN, seed=4))
    assert again.items == study.items
    assert other.items != study.items
    assert load_study(tmp_path / "again") == again


def test_other_people(faces: Path, methods: dict[str, Path], root: Path) -> None:
    plan = Plan(pairs=8, catch=0, practice=0, same_person=False)
    for item in build(faces, methods, root, plan).items:
        assert len(item.people) == 2


def test_only_people_of_the_split(study: Study) -> None:
    assert all(person.startswith("test-") for item in study.items for person in item.people)


def test_prepared_data_as_a_method(faces: Path, tmp_path: Path, root: Path) -> None:
    """What it shares with the real data is not generated, and is left out."""
    with pytest.raises(DataError, match="no generated pictures"):
        build(faces, {"copy": faces}, root)
    data = make_tiny_data(tmp_path / "made", size=48, people={"train": 1, "val": 1, "test": 8})
    study = build(faces, {"smaller": data}, root, Plan(pairs=8, catch=0, practice=0))
    assert study.settings.size_px == 48  # nothing is made larger


def test_wrong_folders_and_numbers(
    faces: Path, methods: dict[str, Path], root: Path, tmp_path: Path
) -> None:
    def refused(error: type[Exception], words: str, plan: Plan, **folders: Path) -> None:
        with pytest.raises(error, match=words):
            build(faces, folders or methods, root, plan)
        assert not root.exists()

    refused(DataError, "make 32 of the 56 trials", Plan(pairs=40))
    refused(DataError, "no folder", PLAN, missing=tmp_path / "missing")
    refused(DataError, "look exactly alike", PLAN, one=methods["red"], two=methods["red"])
    refused(UsageError, "32 to 64 pixels", dataclasses.replace(PLAN, size_px=128))
    refused(UsageError, "no source 'london'", dataclasses.replace(PLAN, sources=("london",)))
    root.mkdir()
    (root / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        build(faces, methods, root, PLAN)


def test_too_few_people_to_keep_apart(tmp_path: Path, root: Path) -> None:
    data = make_tiny_data(tmp_path / "data", people={"train": 1, "val": 1, "test": 1})
    with pytest.raises(DataError, match="too few to keep everybody"):
        build(data, make_methods(data, tmp_path / "m"), root, Plan(pairs=3, catch=0, practice=0))


def test_a_picture_that_is_not_square(
    faces: Path, methods: dict[str, Path], root: Path, tmp_path: Path
) -> None:
    for path in sorted(methods["dark"].rglob("*.png")):
        target = tmp_path / "wide" / path.relative_to(methods["dark"])
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.open(path).resize((80, 64)).save(target)
    with pytest.raises(DataError, match="80 x 64 pixels, expected a square"):
        build(faces, {"wide": tmp_path / "wide"}, root, PLAN)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[:40], "not JSON"),
        (lambda text: text.replace('"format": 1', '"format": 9'), "has format 9"),
        (lambda text: text.replace('"catch"', '"trap"'), "is damaged"),
        (lambda text: text.replace('"size_px"', '"size"'), "is damaged"),
        (lambda text: json.dumps([1]), "has format 'list'"),
    ],
)
def test_a_damaged_key_is_named(study: Study, root: Path, damage, words: str) -> None:
    path = root / STUDY_NAME
    path.write_text(damage(path.read_text()))
    with pytest.raises(DataError, match=words):
        load_study(root)


def test_no_study_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ecgan study build"):
        load_study(tmp_path)
