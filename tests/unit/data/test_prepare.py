"""`prepare` on drawn faces with given landmarks: outputs, resuming, rejections."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_data import draw_face, landmarks

from ecgan.data import prepare_worker
from ecgan.data.manifest import load_manifest
from ecgan.data.prepare import prepare
from ecgan.data.prepare_worker import landmark_error
from ecgan.data.report import PrepareReport
from ecgan.errors import DataError, UsageError
from ecgan.faces.alignment import align
from ecgan.faces.face import Face

SIZE = 160
"""Of the drawn source photos."""
POINTS = np.array(landmarks(SIZE), dtype=np.float32)
PEOPLE = ("ann", "bob", "cat")


def write_face(root: Path, name: str, subject: str, expression: str, size: int = SIZE) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_face(subject, expression, size).save(path)
    return path


def write_source(root: Path, people: tuple[str, ...] = PEOPLE) -> Path:
    """Neutral, happy and surprise of each person as a pair, with points a little off in the
    expressive ones (as points always are)."""
    rows = []
    for person in people:
        for number, expression in enumerate(("neutral", "happy", "surprise")):
            name = f"{expression}/{person}_{number}.png"
            write_face(root, name, person, expression)
            points = (POINTS + 1.5 * number).round(2).tolist()
            rows.append(
                {"file": name, "subject": person, "landmarks": points, "intensity": number / 2}
            )
    (root / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "drawn")


def run(source: Path, out: Path, **options: object) -> PrepareReport:
    values = {"size": 64, "workers": 1, "landmarks": "given", **options}
    return prepare([source], out, **values)  # type: ignore[arg-type]


def contents(root: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    files = (path for path in root.rglob("*") if path.is_file() and path.name not in without)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


UNTIMED = ("report.json", ".prepare.db")


def test_the_prepared_folder_is_what_the_formats_say(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = run(source, out, card={"licence": "CC0-1.0"})
    manifest = load_manifest(out)
    assert (report.found, report.accepted, report.people, report.pairs) == (9, 9, 3, 3)
    assert report.by_expression == {"happy": 3, "neutral": 3, "surprise": 3}
    assert len(manifest.records) == 9
    assert manifest.vocabulary.names == ("neutral", "happy", "surprise")
    for record in manifest.records:
        with (
            Image.open(manifest.image_path(record)) as image,
            Image.open(manifest.mask_path(record)) as mask,
        ):
            assert (image.size, image.mode, image.format) == ((64, 64), "RGB", "JPEG")
            assert (mask.size, mask.mode, mask.format) == ((64, 64), "L", "PNG")
            assert set(np.unique(np.asarray(mask))) == {0, 255}
        assert record.pair == f"drawn:{record.subject}"
        assert (
            record.intensity == {"neutral": 0.0, "happy": 0.5, "surprise": 1.0}[record.expression]
        )
    assert manifest.card["licence"] == "CC0-1.0"
    assert manifest.card["alignment"]["eye_centres"] == [[24.125, 25.875], [39.125, 25.875]]
    saved = json.loads((out / "report.json").read_text())
    assert saved["found"] == 9
    assert saved["rejected"] == []
    assert saved["images_per_second"] > 0


def test_images_of_a_pair_share_the_alignment_of_the_neutral(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(source, out)
    manifest = load_manifest(out)
    shared = align(POINTS, 64)
    for record in manifest.records:
        shift = 1.5 * {"neutral": 0, "happy": 1, "surprise": 2}[record.expression]
        expected = shared.to_aligned(POINTS + shift)
        np.testing.assert_allclose(np.array(record.landmarks), expected, atol=0.02)
    neutral, happy = (
        np.asarray(Image.open(manifest.image_path(manifest.select(expression=name)[0]))).astype(int)
        for name in ("neutral", "happy")
    )
    assert np.abs(neutral - happy)[:20].mean() < 0.5, "hair and background match pixel for pixel"
    assert np.abs(neutral - happy)[20:].max() > 60, "the mouths differ"


def test_the_mask_of_a_pair_covers_the_neutral_face_too(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(source, out)
    manifest = load_manifest(out)
    for person in PEOPLE:
        masks = {
            r.expression: np.asarray(Image.open(manifest.mask_path(r)))
            for r in manifest.records
            if r.subject == person
        }
        assert np.all(masks["happy"] >= masks["neutral"])
        assert np.any(masks["happy"] > masks["neutral"])


def test_the_second_run_changes_no_byte(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(source, out)
    before, times = contents(out), {p: p.stat().st_mtime_ns for p in out.rglob("*.jpg")}
    second = run(source, out)
    assert contents(out) == before
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*.jpg")} == times
    assert first == second


def test_a_stopped_run_goes_on(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "whole")

    def stop(done: int, total: int) -> None:
        assert total == 9
        if done >= 6:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run(source, out, progress=stop)
    assert not (out / "manifest.jsonl").exists(), "half a data set must not load"
    done = []
    run(source, out, progress=lambda count, total: done.append((count, total)))
    assert done == [(9, 9)], "only the last person was left"
    assert contents(out, without=UNTIMED) == contents(tmp_path / "whole", without=UNTIMED)


def test_a_remake_that_is_stopped_leaves_no_manifest_of_the_old_images(
    source: Path, tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    run(source, out)
    with pytest.raises(KeyboardInterrupt):
        run(source, out, size=96, progress=stop)
    with pytest.raises(DataError, match="no prepared data"):
        load_manifest(out)


def test_what_a_killed_run_was_writing_is_removed(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(source, out)
    before = contents(out, without=UNTIMED)
    (out / "masks" / ".bob.png.abc123.part").write_bytes(b"half a mask")
    run(source, out)
    assert contents(out, without=UNTIMED) == before


@pytest.mark.parametrize("damage", [lambda data: data[:9000], lambda data: b"{" + data[1:]])
def test_a_damaged_journal_is_made_again(
    damage: Callable[[bytes], bytes], source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(source, out)
    before = contents(out, without=UNTIMED)
    journal = out / ".prepare.db"
    journal.write_bytes(damage(journal.read_bytes()))
    run(source, out)
    assert contents(out, without=UNTIMED) == before
    done: list[int] = []
    run(source, out, progress=lambda count, total: done.append(count))
    assert not done, "it is whole again"


def test_damaged_outputs_are_made_again(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(source, out)
    before = contents(out, without=UNTIMED)
    (out / "images/drawn/happy/ann_1.jpg").write_bytes(b"")
    (out / "masks/drawn/happy/bob_1.png").unlink()
    done = []
    run(source, out, progress=lambda count, total: done.append(count))
    assert done == [6, 9]
    assert contents(out, without=UNTIMED) == before


def test_changed_and_removed_sources_are_noticed(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(source, out)
    write_face(source, "happy/ann_1.png", "someone else", "happy")
    (source / "happy/bob_1.png").unlink()
    report = run(source, out)
    assert report.accepted == 8
    assert [rejection.reason for rejection in report.rejected] == ["missing"]
    assert not (out / "images/drawn/happy/bob_1.jpg").exists()
    assert not (out / "masks/drawn/happy/bob_1.png").exists()
    run(source, tmp_path / "fresh")
    assert contents(out, without=UNTIMED) == contents(tmp_path / "fresh", without=UNTIMED)


def test_other_settings_make_everything_again(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(source, out)
    run(source, out, size=96)
    assert Image.open(out / "images/drawn/happy/ann_1.jpg").size == (96, 96)


def test_added_people_move_nobody(tmp_path: Path) -> None:
    small, large = (
        write_source(tmp_path / "a/s"),
        write_source(tmp_path / "b/s", (*PEOPLE, "dan", "eve")),
    )
    run(small, tmp_path / "one")
    run(large, tmp_path / "two")
    splits = [
        {r.subject: r.split for r in load_manifest(tmp_path / n).records} for n in ("one", "two")
    ]
    assert splits[0].items() <= splits[1].items()


def test_worker_processes_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "one", workers=1)
    run(source, tmp_path / "two", workers=2)
    one, two = (contents(tmp_path / name, without=UNTIMED) for name in ("one", "two"))
    assert one == two


def test_unusable_files_are_rejected_with_a_reason_and_the_rest_goes_on(
    source: Path, tmp_path: Path
) -> None:
    whole = (source / "happy/ann_1.png").read_bytes()
    (source / "happy/ann_1.png").write_bytes(whole[: len(whole) // 2])
    (source / "sad").mkdir()
    (source / "sad/text_1.jpg").write_text("this is no image")
    write_face(source, "sad/nopoints_1.png", "ann", "sad")
    write_face(source, "sad/badpoints_1.png", "ann", "sad")
    (source / "sad/badpoints_1.pts").write_text("version: 1")
    write_face(source, "stray.png", "ann", "sad")
    report = run(source, tmp_path / "out")
    assert {r.file.removeprefix("drawn/"): r.reason for r in report.rejected} == {
        "happy/ann_1.png": "unreadable",
        "sad/text_1.jpg": "unreadable",
        "sad/nopoints_1.png": "no-face",
        "sad/badpoints_1.png": "landmarks",
        "stray.png": "no-label",
    }
    assert all(r.message and "\n" not in r.message for r in report.rejected)
    assert report.accepted == 8
    assert report.found == 13
    assert not list((tmp_path / "out").rglob("*.part"))
    assert not list((tmp_path / "out").rglob("*ann_1*"))


def test_duplicates_are_kept_and_reported_across_people_and_splits(
    source: Path, tmp_path: Path
) -> None:
    rows = (source / "labels.jsonl").read_text().splitlines()
    copies = {
        "happy/copy_1.bmp": ("happy/ann_1.png", "copy0", {}),
        "happy/ann_9.png": ("happy/ann_1.png", "ann", {}),
        "happy/near_1.jpg": ("happy/bob_1.png", "near", {"quality": 70}),
    }
    random = np.random.default_rng(0)
    for photo in sorted(source.rglob("*.png")):  # no photo has two equal halves, as these have
        face = Image.open(photo).convert("RGB")
        texture = Image.fromarray(random.integers(0, 256, (24, 24, 3), dtype=np.uint8))
        Image.blend(face, texture.resize(face.size), 0.3).save(photo)
    for name, (original, subject, options) in copies.items():
        Image.open(source / original).convert("RGB").save(source / name, **options)
        row = {"file": name, "subject": subject, "landmarks": POINTS.tolist(), "pair": None}
        rows.append(json.dumps(row))
    (source / "labels.jsonl").write_text("\n".join(rows))
    report = run(source, tmp_path / "out", split=(1, 1, 1))
    assert report.accepted == 12
    same, near = report.duplicates
    assert (same.kind, same.people) == ("same-pixels", ("ann", "copy0"))
    assert same.files == (
        "drawn/happy/ann_1.png",
        "drawn/happy/ann_9.png",
        "drawn/happy/copy_1.bmp",
    )
    assert near.kind == "near"
    assert {"drawn/happy/bob_1.png", "drawn/happy/near_1.jpg"} <= set(near.files)
    splits = {r.subject: r.split for r in load_manifest(tmp_path / "out").records}
    assert splits["ann"] != splits["copy0"], "or this tests nothing"
    saved = json.loads((tmp_path / "out/report.json").read_text())
    assert "several splits" in saved["warning"]
    assert saved["duplicate_counts"]["same_pixels_across_people"] == 1
    assert saved["duplicates"][0] == {
        "kind": "same-pixels",
        "files": list(same.files),
        "people": ["ann", "copy0"],
        "splits": sorted({splits["ann"], splits["copy0"]}),
    }


def test_a_pair_image_of_another_size_is_rejected(source: Path, tmp_path: Path) -> None:
    write_face(source, "happy/ann_1.png", "ann", "happy", size=200)
    (rejection,) = run(source, tmp_path / "out").rejected
    assert rejection.file == "drawn/happy/ann_1.png"
    assert "160 x 160" in rejection.message


def test_files_of_equal_name_do_not_collide(tmp_path: Path) -> None:
    source = tmp_path / "s"
    for name in ("happy/ann.png", "happy/ann.bmp", "HA/ann.png", "happy/deep/ann.png"):
        write_face(source, name, name, "happy")
    rows = [
        {"file": p.relative_to(source).as_posix(), "landmarks": POINTS.tolist()}
        for p in source.rglob("ann.*")
    ]
    (source / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    report = run(source, tmp_path / "out")
    assert report.accepted == 4
    assert len(list((tmp_path / "out/images").rglob("*.jpg"))) == 4


def test_points_beside_the_photo(tmp_path: Path) -> None:
    path = write_face(tmp_path / "s", "happy/ann.png", "ann", "happy")
    np.save(path.with_suffix(".npy"), POINTS)
    run(tmp_path / "s", tmp_path / "out")
    (record,) = load_manifest(tmp_path / "out").records
    np.testing.assert_allclose(record.landmarks, align(POINTS, 64).to_aligned(POINTS), atol=0.02)


class FakeDetector:
    """Finds the drawn face in every photo but a black one."""

    offset = 2.0

    def detect(self, pixels: np.ndarray) -> list[Face]:
        if not pixels.any():
            return []
        points = POINTS + np.float32([self.offset, 0])
        return [Face(points, (0, 0, 159, 159), 0.0, 0.0, 0.0, 1.0)]


def test_detection_and_its_error(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_worker, "LandmarkDetector", FakeDetector)
    Image.new("RGB", (SIZE, SIZE)).save(source / "happy/black_1.png")
    report = run(source, tmp_path / "out", landmarks="detect")
    assert [(r.file, r.reason) for r in report.rejected] == [("drawn/happy/black_1.png", "no-face")]
    assert report.landmark_error is not None
    assert report.landmark_error.images == 9
    eyes = np.linalg.norm(POINTS[36:42].mean(0) - POINTS[42:48].mean(0))
    assert report.landmark_error.median_of_means == pytest.approx(2 / eyes, rel=1e-3), (
        "2 px for neutral, less for happy, more for surprise"
    )


def test_auto_detects_only_where_nothing_is_given(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_worker, "LandmarkDetector", FakeDetector)
    write_face(source, "happy/dan_1.png", "dan", "happy")
    assert run(source, tmp_path / "out", landmarks="auto").accepted == 10
    found = {
        r.image.rsplit("/", 1)[1]: np.array(r.landmarks)
        for r in load_manifest(tmp_path / "out").records
    }
    np.testing.assert_allclose(found["ann_0.jpg"], align(POINTS, 64).to_aligned(POINTS), atol=0.02)
    assert "dan_1.jpg" in found


def test_a_turned_face_is_rejected_with_its_reason(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Turned(FakeDetector):
        def detect(self, pixels: np.ndarray) -> list[Face]:
            return [Face(POINTS, (0, 0, 159, 159), 80.0, 0.0, 0.0, 1.0)]

    monkeypatch.setattr(prepare_worker, "LandmarkDetector", Turned)
    with pytest.raises(DataError, match="none of the 9 images"):
        run(source, tmp_path / "out", landmarks="detect")
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["rejected_by_reason"] == {"profile": 9}
    assert not (tmp_path / "out/manifest.jsonl").exists()


def test_a_bad_landmark_file_is_a_rejection_or_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_worker, "LandmarkDetector", FakeDetector)
    for person in ("ann", "bob"):
        write_face(tmp_path / "s", f"happy/{person}_1.png", person, "happy")
        np.save(tmp_path / f"s/happy/{person}_1.npy", POINTS)
    (tmp_path / "s/happy/ann_1.npy").write_bytes(b"no landmarks")
    given = run(tmp_path / "s", tmp_path / "given", landmarks="given")
    assert [(r.file, r.reason) for r in given.rejected] == [("s/happy/ann_1.png", "landmarks")]
    assert run(tmp_path / "s", tmp_path / "auto", landmarks="auto").rejected == ()


def test_small_faces_are_taken_where_the_pictures_are_mere_crops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of FER2013 have 48 px; in a photo so small a face is too small."""
    scale = 48 / SIZE

    class Tiny(FakeDetector):
        def detect(self, pixels: np.ndarray) -> list[Face]:
            return [Face(scale * POINTS, (0, 0, 47, 47), 0.0, 0.0, 0.0, 1.0)]

    monkeypatch.setattr(prepare_worker, "LandmarkDetector", Tiny)
    write_face(tmp_path / "s", "happy/ann_1.png", "ann", "happy", 48)
    write_face(tmp_path / "s", "happy/bob_1.png", "bob", "happy", 480)
    report = run(tmp_path / "s", tmp_path / "out", landmarks="detect")
    assert [(r.file, r.reason) for r in report.rejected] == [("s/happy/bob_1.png", "tiny")]
    assert report.accepted == 1


def test_landmark_error_is_in_eye_distances() -> None:
    eyes = np.linalg.norm(POINTS[36:42].mean(0) - POINTS[42:48].mean(0))
    moved = POINTS.copy()
    moved[:17, 0] += eyes
    mean, median = landmark_error(moved, POINTS)
    assert mean == pytest.approx(17 / 68, abs=1e-4)
    assert median == 0


def test_wrong_use(source: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("mine")
    cases: list[tuple[type[Exception], str, Callable[[], object]]] = [
        (UsageError, "at least one source", lambda: prepare([], tmp_path / "o")),
        (UsageError, "inside the source", lambda: run(source, source / "out")),
        (UsageError, "holds other files", lambda: run(source, full)),
        (UsageError, "is a file", lambda: run(source, full / "letter.txt")),
        (UsageError, "named 'drawn'", lambda: prepare([source, source], tmp_path / "o")),
        (UsageError, "three whole numbers", lambda: run(source, tmp_path / "o", split=(1, 2))),
        (UsageError, "32 to 1024", lambda: run(source, tmp_path / "o", size=8)),
        (UsageError, "unknown layout", lambda: run(source, tmp_path / "o", layout="x")),
        (DataError, "not a folder", lambda: run(tmp_path / "nothing", tmp_path / "o")),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message):
            call()
    assert not (tmp_path / "o").exists()
    assert (full / "letter.txt").read_text() == "mine"


SCRIPT = """
import sys, time
from pathlib import Path
from ecgan.data.prepare import prepare
def slowly(done, total):
    print(done, flush=True)
    time.sleep(0.1)
if __name__ == "__main__":
    source, out = map(Path, sys.argv[1:])
    prepare([source], out, size=64, workers=2, landmarks="given", progress=slowly)
    assert "torch" not in sys.modules, "prepare must not load torch"
    assert "mediapipe" not in sys.modules, "given landmarks need no detector"
"""


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_process_goes_on_and_never_loads_torch(source: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run(source, tmp_path / "whole")
    out = tmp_path / "out"
    command = [sys.executable, str(script), str(source), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        workers = _children(process.pid)
        assert len(workers) >= 2
        os.kill(process.pid, signal.SIGKILL)
    assert not (out / "manifest.jsonl").exists()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "workers outlive a killed parent"
        time.sleep(0.05)
    subprocess.run(command, check=True, capture_output=True)
    assert contents(out, without=UNTIMED) == contents(tmp_path / "whole", without=UNTIMED)


@pytest.mark.skipif(sys.platform != "linux", reason="kills as Linux does")
def test_killed_again_and_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    source = write_source(tmp_path / "drawn", tuple(f"p{n}" for n in range(12)))
    run(source, tmp_path / "whole")
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SCRIPT.replace("workers=2", "workers=1"))
    command = [sys.executable, str(script), str(source), str(out)]
    random = np.random.default_rng(0)
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(int(random.integers(1, 4))):
                assert process.stdout.readline(), "killed before it is done"
            time.sleep(float(random.uniform(0, 0.1)))
            process.kill()
        assert not (out / "manifest.jsonl").exists()
    subprocess.run(command, check=True, capture_output=True)
    assert contents(out, without=UNTIMED) == contents(tmp_path / "whole", without=UNTIMED)
    before = contents(out)
    run(source, out)
    assert contents(out) == before


def test_a_real_photo_is_found_and_aligned(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    data = pytest.importorskip("skimage.data")
    photo = tmp_path / "s/happy/astronaut.png"
    photo.parent.mkdir(parents=True)
    Image.fromarray(data.astronaut()).save(photo)
    buffer = io.BytesIO()
    Image.fromarray(data.coffee()).save(buffer, "PNG")
    (tmp_path / "s/happy/coffee.png").write_bytes(buffer.getvalue())
    report = run(tmp_path / "s", tmp_path / "out", landmarks="detect", size=128)
    assert [(r.file, r.reason) for r in report.rejected] == [("s/happy/coffee.png", "no-face")]
    (record,) = load_manifest(tmp_path / "out").records
    points = np.array(record.landmarks)
    np.testing.assert_allclose(points[36:42].mean(0), [48.75, 52.25], atol=2)
    np.testing.assert_allclose(points[42:48].mean(0), [78.75, 52.25], atol=2)
