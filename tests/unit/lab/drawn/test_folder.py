"""The folder of `ecgan draw`: equal for equal arguments, whole or not there, marked as drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ecgan.data.card import joined_cards, source_card
from ecgan.data.layouts import list_source
from ecgan.errors import DataError, UsageError
from ecgan.expressions import EXPRESSIONS
from ecgan.inference.verifying import verify_file
from ecgan.lab.drawn import folder as folder_module
from ecgan.lab.drawn.folder import Plan, draw

PLAN = Plan(size=32, seed=4, intensities=(0.5, 1.0), sittings=2)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "set"
    draw(out, 3, PLAN, workers=1)
    return out


def hashes(root: Path) -> dict[str, str]:
    def walk() -> Iterator[tuple[str, str]]:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                yield path.relative_to(root).as_posix(), digest

    return dict(walk())


def test_the_same_bytes_from_two_processes(drawn: Path, tmp_path: Path) -> None:
    report = draw(tmp_path / "again", 3, PLAN, workers=2)
    assert hashes(tmp_path / "again") == hashes(drawn)
    assert report.images == 3 * PLAN.images_per_person == 3 * 2 * 13


def test_a_person_does_not_depend_on_how_many_there_are(drawn: Path, tmp_path: Path) -> None:
    draw(tmp_path / "fewer", 2, PLAN, workers=1)
    fewer, more = hashes(tmp_path / "fewer"), hashes(drawn)
    for name in ("labels.jsonl", "card.json"):
        fewer.pop(name)
        more.pop(name)
    assert fewer.items() < more.items()
    lines = (drawn / "labels.jsonl").read_text().splitlines()
    assert (tmp_path / "fewer/labels.jsonl").read_text().splitlines() == lines[: 2 * 26]


def test_the_layout_reads_it_back(drawn: Path) -> None:
    listing = list_source(drawn).listing
    assert not listing.rejected
    assert len(listing.images) == 78
    assert {image.subject for image in listing.images} == {f"drawn4-0000{i}" for i in range(3)}
    assert {image.expression for image in listing.images} == set(EXPRESSIONS)
    assert {image.intensity for image in listing.images} == {None, 0.5, 1.0}
    assert len({image.pair for image in listing.images}) == 6
    assert all(image.landmarks is not None for image in listing.images)


def test_labels_name_masks_and_action_units(drawn: Path) -> None:
    rows = [json.loads(line) for line in (drawn / "labels.jsonl").read_text().splitlines()]
    for row in rows:
        with Image.open(drawn / row["mask"]) as mask, Image.open(drawn / row["file"]) as image:
            assert mask.size == image.size == (32, 32)
            assert (mask.mode, image.mode) == ("L", "RGB")
            assert np.asarray(mask).max() == 255
        assert bool(row["action_units"]) == (row["expression"] != "neutral")
        assert row["synthetic"] == "drawn"


def test_pictures_and_card_say_what_they_are(drawn: Path) -> None:
    picture = next((drawn / "happy").iterdir())
    assert verify_file(picture).verdict == "synthetic"
    with Image.open(picture) as image:
        assert image.info["Synthetic"] == "true"
        assert "no real person" in image.info["Description"]
    card = source_card(drawn)
    assert (card["licence"], card["synthetic"], card["landmarks"]) == ("CC0-1.0", "drawn", "given")
    joined = joined_cards([card, {"name": "photos", "licence": "CC BY 4.0"}, card])
    assert joined["name"] == "drawn faces, seed 4; photos"
    assert joined["licence"] == "CC0-1.0; CC BY 4.0"
    assert joined["synthetic"] == "drawn"
    assert source_card(drawn / "happy") == {}


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    for text in ("{", "[]"):
        (tmp_path / "card.json").write_text(text)
        with pytest.raises(DataError, match=r"expected a JSON object"):
            source_card(tmp_path)


def test_progress_ends_with_all(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    plan = Plan(size=32, intensities=(1.0,))
    draw(
        tmp_path / "a", 2, plan, workers=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(7, 14), (14, 14)]


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(folder_module, "_png", broken)
    with pytest.raises(OSError, match="disk full"):
        draw(tmp_path / "a", 1, Plan(size=32), workers=1)
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_stays(drawn: Path, tmp_path: Path) -> None:
    before = hashes(drawn)
    with pytest.raises(UsageError, match="exists; choose a new folder"):
        draw(drawn, 1, PLAN, workers=1)
    assert hashes(drawn) == before
    (tmp_path / "empty").mkdir()
    draw(tmp_path / "empty", 1, Plan(size=32, intensities=(1.0,)), workers=1)
    assert (tmp_path / "empty/card.json").exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size": 31}, "32 to 1024"),
        ({"intensities": ()}, "intensities take"),
        ({"intensities": (0.0, 1.0)}, "intensities take"),
        ({"intensities": (1.3,)}, "intensities take"),
        ({"intensities": (0.5, 0.5)}, "distinct"),
        ({"seed": -1}, "a seed from 0"),
        ({"sittings": 0}, "sittings from 1"),
    ],
)
def test_refused_plans(values: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Plan(**values)  # type: ignore[arg-type]


def test_nobody_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one person"):
        draw(tmp_path / "a", 0)
