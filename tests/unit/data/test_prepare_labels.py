"""`prepare`: published parts, shares, people by likeness, and warnings before the work."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.tiny_data import draw_face, landmarks

from ecgan.apps import prepare as app
from ecgan.apps.cli import main
from ecgan.data.likeness import FaceLikeness, clusters
from ecgan.data.manifest import load_manifest
from ecgan.data.splits import Splits, parse_shares
from ecgan.errors import UsageError

Capture = pytest.CaptureFixture[str]
EXPRESSIONS = ("neutral", "happy")


def drawn(root: Path, names: dict[str, str]) -> Path:
    """A drawn face of a person under each name, with its points beside it."""
    for name, person in names.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_face(person, "happy" if "happy" in name else "neutral", 96).save(path)
        np.save(path.with_suffix(".npy"), np.array(landmarks(96), np.float32))
    return root


def prepared(root: Path, out: Path, *options: str) -> int:
    fixed = ("--landmarks", "given", "--size", "64", "--workers", "1")
    return main(["prepare", str(root), "--out", str(out), *fixed, *options])


def test_the_split_follows_the_parts_when_asked(tmp_path: Path, capsys: Capture) -> None:
    people = {f"p{i}": "test" if i > 5 else "train" for i in range(8)}
    names = {f"{part}/{e}/{p}_1.png": p for p, part in people.items() for e in EXPRESSIONS}
    root = drawn(tmp_path / "set", names)
    assert prepared(root, tmp_path / "by-person") == 0
    assert "published parts (test 4, train 12) are kept" in capsys.readouterr().out
    assert prepared(root, tmp_path / "D", "--use-parts", "--split", "50,50,0") == 0
    assert "the published parts have no val: people of train go there" in capsys.readouterr().err
    splits = {r.subject: (r.split, r.partition) for r in load_manifest(tmp_path / "D").records}
    assert {splits[p] for p in ("p6", "p7")} == {("test", "test")}
    assert {split for split, part in splits.values() if part == "train"} == {"train", "val"}
    assert prepared(root, tmp_path / "whole", "--use-parts", "--split", "100,0,0") == 0
    counts = json.loads((tmp_path / "whole/report.json").read_text())["images_by_split"]
    assert counts == {"train": 12, "val": 0, "test": 4}


def test_people_in_two_parts_are_refused_before_the_work(tmp_path: Path, capsys: Capture) -> None:
    names = {f"{part}/{e}/p{i}_1.png": f"p{i}" for i in range(3) for e in EXPRESSIONS
             for part in ("train", "test")}  # fmt: skip
    root = drawn(tmp_path / "set", names)
    assert prepared(root, tmp_path / "D", "--use-parts") == 2
    said = capsys.readouterr().err
    assert "3 people stand in two parts (p0, p1, p2)" in said
    assert not (tmp_path / "D").exists()
    assert prepared(drawn(tmp_path / "other", {"happy/a_1.png": "a"}), tmp_path / "D",
                    "--use-parts") == 2  # fmt: skip
    assert "no image is in a folder or list called train, val or test" in capsys.readouterr().err


def test_warnings_come_first_and_stay_in_the_report(tmp_path: Path, capsys: Capture) -> None:
    names = {f"happy/IMG_{i:04d}.png": f"p{i}" for i in range(4)}
    root = drawn(tmp_path / "set", names)
    (root / "notes.txt").write_text("x")
    assert prepared(root, tmp_path / "D") == 0
    captured = capsys.readouterr()
    assert captured.err.count("ecgan: warning: ") >= 2
    assert "nothing says who is on 4 of 4 images" in captured.err
    assert "all images are happy: nothing can be learned" in captured.err
    assert "passed over: 1 .txt (set/notes.txt)" in captured.out
    report = json.loads((tmp_path / "D/report.json").read_text())
    assert {f"ecgan: warning: {text}" for text in report["warnings"]} == set(
        captured.err.strip().splitlines()
    )
    assert report["passed_over"] == {".txt": ["set/notes.txt"]}


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["a/x_1.png", "b/x_1.png", "a/y_1.png"], (), "no class is a known expression: a, b"),
        (["hapy/x_1.png", "sad/x_1.png", "sad/y_1.png"], (), "hapy (is it happy?)"),
        (["happy/x_1.png", "sad/x_2.png"], ("--subject-pattern", "(?P<subject>x)"),
         "all 2 images are of one person, x"),
        (["happy/x_1.png", "happy/x_2.png", "sad/x_3.png", "sad/y_1.png"],
         ("--subject-pattern", "/(?P<subject>[xy])"), "x is on 3 of 4 images"),
        (["happy/x_1.png", "sad/y_1.png"], (), "nobody of 2 people is in"),
    ],
)  # fmt: skip
def test_each_doubt_is_said(
    names: list[str], options: tuple[str, ...], words: str, tmp_path: Path, capsys: Capture
) -> None:
    root = tmp_path / "set"
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    assert main(["prepare", str(root), "--dry-run", *options]) == 0
    assert words in capsys.readouterr().err


def test_people_who_are_expressions_are_refused(tmp_path: Path, capsys: Capture) -> None:
    root = drawn(tmp_path / "set", {f"{e}/{n}.png": "p" for e in EXPRESSIONS for n in "ab"})
    rule = ("--subject-pattern", "(?P<subject>happy|neutral)")
    assert main(["prepare", str(root), "--dry-run", *rule]) == 2
    assert "takes the class for the person" in capsys.readouterr().err


def test_a_dry_run_reads_and_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "set/happy").mkdir(parents=True)
    (tmp_path / "set/happy/anna_1.jpg").write_bytes(b"no picture")
    before = sorted(tmp_path.rglob("*"))
    asked = ["prepare", str(tmp_path / "set"), "--dry-run", "--json"]
    assert main([*asked, "--out", str(tmp_path / "D")]) == 0
    assert json.loads(capsys.readouterr().out)["by_expression"] == {"happy": 1}
    assert sorted(tmp_path.rglob("*")) == before
    assert main(["prepare", str(tmp_path / "set")]) == 2
    assert "--out DATA" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["80,20", "a,b,c", "0,50,50", "80,-1,21", "80,10,10,0"])
def test_shares_that_make_no_sense(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="three whole numbers"):
        parse_shares(text)
    assert parse_shares(" 80, 10,10") == (80, 10, 10)


def test_parts_by_any_name() -> None:
    splits = Splits(use_parts=True)
    found = [splits.of("x", name) for name in ("Training", "PublicTest", "PrivateTest", "valid")]
    assert found == ["train", "val", "test", "val"]


def test_faces_that_are_alike_become_one_person(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn people differ in colour; the mean colour stands for a face."""
    numbered = [(p, e) for p in ("ann", "bob", "cat") for e in EXPRESSIONS]
    names = {f"{e}/IMG_{i:04d}.png": p for i, (p, e) in enumerate(numbered)}
    likeness = FaceLikeness(lambda pixels, _: pixels.mean((0, 1)).astype(np.float64), 8.0)
    monkeypatch.setattr(app, "_likeness", lambda: likeness)
    root = drawn(tmp_path / "set", names)
    assert prepared(root, tmp_path / "D", "--group-people") == 0
    assert "nothing says who" not in capsys.readouterr().err
    records = load_manifest(tmp_path / "D").records
    by_file = {record.image.rsplit("/", 1)[1][:8]: record.subject for record in records}
    people = [by_file[f"IMG_{i:04d}"] for i in range(6)]
    assert people[0::2] == people[1::2]
    assert len(set(people)) == 3
    assert prepared(root, tmp_path / "E", "--group-people", "--use-parts") == 2


def test_clusters() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(12, 64)) * 10
    vectors = np.repeat(centres, 30, axis=0) + random.normal(size=(360, 64)) * 0.1
    groups = clusters(vectors, 3.0)
    assert len(set(groups)) == 12
    assert all(len(set(groups[i : i + 30])) == 1 for i in range(0, 360, 30))
    assert clusters(vectors[:1], 3.0) == [0]
