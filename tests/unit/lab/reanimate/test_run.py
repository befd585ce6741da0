"""The whole command on photos of nobody: labels, resuming, refusals."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_facekit import arrays, facekit_folder, photo_of_nobody, points_in_photo

from ecgan.data.layouts import list_source
from ecgan.data.prepare import prepare
from ecgan.errors import DataError, EcganWarning, UsageError
from ecgan.lab.reanimate import facekit
from ecgan.lab.reanimate import run as run_module
from ecgan.lab.reanimate.people import ReanimationOptions, plan_pictures
from ecgan.lab.reanimate.run import reanimate

OPTIONS = ReanimationOptions(("happy", "angry"), pictures=2, size=96, landmarks="given")


def add_photo(folder: Path, name: str, seed: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo_of_nobody(160, seed)).save(folder / f"{name}.png")
    np.save(folder / f"{name}.npy", points_in_photo(160))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    add_photo(folder, "ann_1", 1)
    add_photo(folder, "bob_1", 2)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def labels(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "labels.jsonl").read_text().splitlines()]


def test_pictures_labels_and_card(photos: Path, kit_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = {"name": "nobody", "licence": "CC0", "attribution": "drawn"}
    report = reanimate([photos], kit_file, out, OPTIONS, workers=1, card=given)
    assert (report.people, report.pictures, report.pictures_made) == (2, 10, 10)
    rows = labels(out)
    assert {row["file"] for row in rows} == {
        path.relative_to(out).as_posix() for path in out.glob("*/*.jpg")
    }
    for row in rows:
        assert np.array(row["landmarks"]).shape == (68, 2)
        assert Image.open(out / row["file"]).size == (96, 96)
        if row["expression"] == "neutral":
            assert (row["intensity"], row["weights"]) == (0.0, {})
        else:
            assert 0.3 <= row["intensity"] <= 1.2
            assert row["weights"]["cheekSquint_L" if row["expression"] == "happy" else "browDown_L"]
    card = json.loads((out / "card.json").read_text())
    assert (card["name"], card["licence"]) == ("nobody", "CC0")
    assert card["attribution"].startswith("drawn; Li et al. (2020), ICT-FaceKit")
    assert card["synthetic"].startswith("synthetic")
    assert b"program" in (out / "happy/ann_1.jpg").read_bytes()


def test_prepare_reads_it_as_pairs(photos: Path, kit_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    reanimate([photos], kit_file, out, replace(OPTIONS, pictures=1), workers=1)
    listing = list_source(out).listing
    assert not listing.rejected
    assert {(image.subject, image.pair) for image in listing.images} == {
        ("ann", "out:ann"), ("bob", "out:bob"),
    }  # fmt: skip
    report = prepare([out], tmp_path / "data", size=64, workers=1, landmarks="given")
    assert (report.accepted, report.pairs) == (6, 2)


def test_a_second_run_changes_nothing_and_an_interrupted_one_ends_the_same(
    photos: Path, kit_file: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    reanimate([photos], kit_file, whole, OPTIONS, workers=1)
    before = contents(whole)
    again = reanimate([photos], kit_file, whole, OPTIONS, workers=1)
    assert again.pictures_made == 0
    assert contents(whole) == before
    reanimate([photos / "ann_1.png"], kit_file, broken, OPTIONS, workers=1)
    (broken / "angry/ann_2.jpg").unlink()
    (broken / "happy/.ann_1.jpg.x.part").write_text("half")
    (broken / "labels.jsonl").unlink()
    resumed = reanimate([photos], kit_file, broken, OPTIONS, workers=1)
    assert resumed.pictures_made == 10
    assert contents(broken) == before


def test_two_processes_make_the_same(photos: Path, kit_file: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, pictures=1)
    for workers in (1, 2):
        reanimate([photos], kit_file, tmp_path / str(workers), options, workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_other_options_replace_the_old_pictures_and_keep_them(
    photos: Path, kit_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    reanimate([photos], kit_file, out, OPTIONS, workers=1)
    before, old_labels = contents(out), labels(out)
    options = replace(OPTIONS, expressions=("happy",), pictures=1, seed=5)
    with pytest.warns(EcganWarning, match=r"^10 pictures that other options .* in .*kept/1$"):
        reanimate([photos / "ann_1.png"], kit_file, out, options, workers=1)
    assert {path.relative_to(out).as_posix() for path in out.glob("*/*.jpg")} == {
        "neutral/ann_0.jpg", "happy/ann_1.jpg",
    }  # fmt: skip
    assert not (out / "angry").exists()
    kept = contents(out / run_module.NOTES / "kept/1")
    assert kept.keys() - {"labels.jsonl"} == {name for name in before if name.endswith(".jpg")}
    assert all(before[name] == data for name, data in kept.items() if name != "labels.jsonl")
    by_file = {row["file"]: row for row in old_labels}
    assert {row["file"]: row for row in labels(out / run_module.NOTES / "kept/1")} == by_file
    listing = list_source(out).listing
    assert (len(listing.images), listing.rejected) == (2, ())


def test_a_model_that_does_not_fit_moves_nothing(
    photos: Path, kit_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    reanimate([photos], kit_file, out, replace(OPTIONS, pictures=1), workers=1)
    before = contents(out)
    (tmp_path / "other.npz").write_bytes(b"no model")
    with pytest.raises(UsageError, match="is not a packed face model"):
        reanimate([photos], tmp_path / "other.npz", out, OPTIONS, workers=1)
    assert contents(out) == before


def test_what_cannot_be_used_is_named(photos: Path, kit_file: Path, tmp_path: Path) -> None:
    (photos / "cat_1.png").write_text("no image")
    add_photo(photos, "dan_1")
    (photos / "dan_1.npy").unlink()
    add_photo(photos, "eve_1")
    shuffled = points_in_photo(160)
    shuffled[:36] = np.random.default_rng(0).permutation(shuffled[:36])
    np.save(photos / "eve_1.npy", shuffled)
    for name, rows, shift in (("fay_1", slice(65, 68), 12), ("gus_1", [40, 41, 46, 47], -5)):
        add_photo(photos, name)
        points = points_in_photo(160)
        points[rows, 1] += shift
        np.save(photos / f"{name}.npy", points)
    add_photo(photos, "ann_2")
    report = reanimate([photos], kit_file, tmp_path / "out", OPTIONS, workers=1)
    reasons = {rejection.file: rejection.reason for rejection in report.rejected}
    assert reasons == {
        "photos/cat_1.png": "unreadable",
        "photos/dan_1.png": "no-face",
        "photos/eve_1.png": "hidden",
        "photos/fay_1.png": "not-neutral",
        "photos/gus_1.png": "not-neutral",
        "photos/ann_2.png": "second-photo",
    }
    assert report.people == 2


def test_neutral_class_folders_are_found(photos: Path, kit_file: Path, tmp_path: Path) -> None:
    source = tmp_path / "set"
    source.mkdir()
    shutil.move(photos, source / "NE")
    add_photo(source / "happy", "cat_1")
    report = reanimate([source], kit_file, tmp_path / "out", OPTIONS, workers=1)
    assert report.people == 2


def test_wrong_use_is_refused(photos: Path, kit_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="no face model at"):
        reanimate([photos], tmp_path / "nothing", out, OPTIONS)
    with pytest.raises(UsageError, match="lies inside the photos"):
        reanimate([photos], kit_file, photos / "out", OPTIONS)
    with pytest.raises(DataError, match="does not exist"):
        reanimate([tmp_path / "nothing"], kit_file, out, OPTIONS)
    assert not out.exists()
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        reanimate([photos], kit_file, out, OPTIONS)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="no neutral photos"):
        reanimate([tmp_path / "none"], kit_file, tmp_path / "new", OPTIONS)
    assert run_module.NOTES not in {path.name for path in tmp_path.iterdir()}


def test_a_folder_is_packed_once(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facekit, "ICT_LANDMARKS", tuple(range(68)))
    (tmp_path / "model").mkdir()
    folder = facekit_folder(tmp_path / "model")
    out, options = tmp_path / "out", replace(OPTIONS, pictures=1)
    assert reanimate([photos], folder, out, options, workers=1).pictures_made == 6
    assert len(list((out / run_module.NOTES).glob("model-*.npz"))) == 1
    monkeypatch.setattr(facekit, "_from_folder", None)
    (out / "happy/ann_1.jpg").unlink()
    assert reanimate([photos], folder, out, options, workers=1).pictures_made == 3


def test_a_model_without_a_shape_is_refused(photos: Path, tmp_path: Path) -> None:
    packed = arrays()
    keep = packed["ek"] != "jawOpen"
    np.savez(tmp_path / "poor.npz", **{**packed, "ek": packed["ek"][keep],
                                      "expr": packed["expr"][keep]})  # fmt: skip
    with pytest.raises(UsageError, match="lacks the expression shapes jawOpen; ICT-FaceKit"):
        reanimate([photos], tmp_path / "poor.npz", tmp_path / "out", OPTIONS, workers=2)


def test_no_usable_photo_is_an_error(photos: Path, kit_file: Path, tmp_path: Path) -> None:
    for file in photos.glob("*.npy"):
        file.unlink()
    with pytest.raises(DataError, match="none of the 2 photos could be used"):
        reanimate([photos], kit_file, tmp_path / "out", OPTIONS, workers=1)
    assert len(json.loads((tmp_path / "out/report.json").read_text())["rejected"]) == 2


@pytest.mark.parametrize(
    "change",
    [{"weakest": 0.0}, {"weakest": 1.0, "strongest": 0.5}, {"size": 8}, {"pictures": 0},
     {"expressions": ("wink",)}],
)  # fmt: skip
def test_options_out_of_range(change: dict) -> None:
    with pytest.raises(UsageError):
        replace(OPTIONS, **change)


def test_the_plan_spreads_intensities_and_variants() -> None:
    options = ReanimationOptions(pictures=6)
    planned = plan_pictures("ann", options)
    assert planned == plan_pictures("ann", options)
    assert planned != plan_pictures("ann", replace(options, seed=1))
    happy = [picture for picture in planned if picture.expression == "happy"]
    assert sorted(int((p.intensity - 0.3) / 0.9 * 6 - 1e-9) for p in happy) == list(range(6))
    assert {p.variant for p in happy} == {"natural", "closed", "toothy", "laugh"}
