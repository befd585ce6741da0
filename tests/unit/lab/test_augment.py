"""Balancing prepared data with translated training people."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.tiny_data import landmarks, make_tiny_data
from support.tiny_models import recognizer_snapshot, translator_snapshot

from ecgan.data.manifest import Manifest, load_manifest, write_manifest
from ecgan.errors import DataError, UsageError
from ecgan.faces.face import given_face
from ecgan.faces.photo import read_photo
from ecgan.inference.marking import sidecar_path
from ecgan.inference.verifying import verify_file
from ecgan.lab.augment import maker
from ecgan.lab.augment.maker import AugmentOptions
from ecgan.lab.augment.run import LEDGER_NAME, augment

SETTINGS = AugmentOptions(per_class=6, attempts=2)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        "model": translator_snapshot(root / "translator"),
        "recognizer": recognizer_snapshot(root / "judge", "happy"),
    }


def colours(pixels: np.ndarray) -> np.ndarray:
    mean = pixels.reshape(-1, 3).mean(axis=0) - 128
    return np.asarray(mean / np.linalg.norm(mean))


@pytest.fixture(autouse=True)
def found_where_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detector knows no ellipses, and drawn people differ in their colours alone."""
    monkeypatch.setattr(maker, "descriptor", colours)
    points = np.asarray(landmarks(64), dtype=np.float32)
    face = given_face(points)
    monkeypatch.setattr(maker.LandmarkDetector, "detect", lambda *_: [face])


def test_brings_what_is_recognised_to_the_wanted_number(
    tiny_data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    report = augment(tiny_data, tmp_path / "out", SETTINGS, **models)
    assert report.before["happy"] == 4
    assert report.after["happy"] == 6
    assert report.after["sad"] == 4, "the judge sees happiness everywhere"
    assert report.rejected_by_reason == {"not-recognised": report.tried - 2}
    manifest = load_manifest(tmp_path / "out")
    made = [record for record in manifest.records if record.source == "generated"]
    assert [(r.split, r.expression) for r in made] == [("train", "happy")] * 2
    assert len({record.subject for record in made}) == 2, "people take turns"
    assert all(0.6 <= (record.intensity or 0) <= 1 for record in made)
    old = load_manifest(tiny_data).records
    assert {r.image for r in old} < {r.image for r in manifest.records}
    assert (tmp_path / "out" / old[0].image).read_bytes() == (tiny_data / old[0].image).read_bytes()


def test_every_made_image_says_that_it_is_synthetic(
    tiny_data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    augment(tiny_data, tmp_path / "out", SETTINGS, **models)
    manifest = load_manifest(tmp_path / "out")
    for record in manifest.records:
        if record.source == "generated":
            path = manifest.image_path(record)
            assert b"Synthetic" in path.read_bytes()
            seen = verify_file(path)
            assert (seen.verdict, seen.unchanged, seen.disagreements) == ("synthetic", True, ())
            assert json.loads(sidecar_path(path).read_text())["synthetic"] is True
            assert read_photo(path).pixels.shape == (64, 64, 3)
    assert "generated" in str(manifest.card["synthetic"])


def test_goes_on_where_it_was_stopped_and_then_changes_nothing(
    tiny_data: Path,
    models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    augment(tiny_data, whole, SETTINGS, **models)
    calls = Counter[str]()
    make = maker.Maker.make

    def counted(self, candidate):
        calls["made"] += 1
        if calls["made"] == 4:
            raise KeyboardInterrupt
        return make(self, candidate)

    monkeypatch.setattr(maker.Maker, "make", counted)
    with pytest.raises(KeyboardInterrupt):
        augment(tiny_data, stopped, SETTINGS, **models)
    journal = stopped / LEDGER_NAME
    journal.write_text(journal.read_text() + '{"card": {"im')  # torn by the kill
    augment(tiny_data, stopped, SETTINGS, **models)
    before = calls["made"]
    for _ in range(2):
        for name in (
            "manifest.jsonl",
            "cards.jsonl",
            "report.json",
            "card.json",
            LEDGER_NAME,
        ):
            assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name
        augment(tiny_data, stopped, SETTINGS, **models)
    assert calls["made"] == before


def test_a_moved_face_is_left_out(
    tiny_data: Path, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = given_face(np.asarray(landmarks(64), dtype=np.float32) + np.float32(4))
    monkeypatch.setattr(maker.LandmarkDetector, "detect", lambda *_: [face])
    report = augment(tiny_data, tmp_path / "out", SETTINGS, **models)
    assert report.kept == 0
    assert report.rejected_by_reason["face-moved"] > 0


def test_refuses_another_call_and_empty_data(
    tiny_data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    augment(tiny_data, tmp_path / "out", SETTINGS, **models)
    with pytest.raises(UsageError, match="begun with other"):
        augment(tiny_data, tmp_path / "out", AugmentOptions(per_class=7), **models)
    manifest = load_manifest(make_tiny_data(tmp_path / "data"))
    expressive = tuple(record for record in manifest.records if record.expression != "neutral")
    write_manifest(Manifest(manifest.root, expressive, manifest.card))
    with pytest.raises(DataError, match="no neutral image"):
        augment(manifest.root, tmp_path / "two", SETTINGS, **models)


@pytest.mark.parametrize(
    "wrong",
    [{"per_class": 0}, {"weakest": 0.9, "strongest": 0.5}, {"least_probability": 1.0},
     {"attempts": 0}],
)  # fmt: skip
def test_settings_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        AugmentOptions(**wrong)  # type: ignore[arg-type]


def test_a_face_more_like_another_persons_is_left_out(
    tiny_data: Path, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maker.Maker, "_nearest_person", lambda *_: "train-000")
    report = augment(tiny_data, tmp_path / "out", SETTINGS, **models)
    made = [r for r in load_manifest(tmp_path / "out").records if r.source == "generated"]
    assert {record.subject for record in made} == {"train-000"}
    assert report.rejected_by_reason["another-person"] > 0
