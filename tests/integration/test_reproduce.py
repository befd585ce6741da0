"""`ecgan reproduce` from end to end on tiny faces, then again, when nothing is left to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ecgan.apps.cli import main
from ecgan.data.manifest import load_manifest

BUDGET = {
    "size": 32,
    "batch": 2,
    "images": 6,
    "common": [
        "precision=fp32",
        "log.metrics_steps=1",
        "optimizer.ema=0",
        "generator.width=4",
        "generator.max_width=8",
        "generator.blocks=1",
        "discriminator.width=4",
        "discriminator.layers=2",
    ],
    "recognizer": {
        "batch": 8,
        "width": 0.1,
        "pool_size": 1,
        "hidden": 16,
        "features": 16,
        "precision": "fp32",
        "augment": {"flip": True},
    },
    "recognizer_images": 16,
    "seeds": 1,
    "dose_methods": ["paper"],
    "doses": [1],
    "people": [2],
    "evaluation_without": ["perceptual", "identity", "landmarks", "monotonicity"],
    "grid_people": 1,
}


@pytest.fixture(scope="module")
def done(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reproduced") / "out"
    assert main(_command(tiny_data, out)) == 0
    return out


def _command(data: Path, out: Path, *more: str) -> list[str]:
    budget = out.parent / "tiny.yaml"
    budget.write_text(yaml.safe_dump(BUDGET))
    methods = ["--methods", "cyclegan,paper"]
    return ["reproduce", str(data), "--out", str(out), "--budget", str(budget), *methods, *more]


def _values(out: Path, part: str) -> dict:
    return json.loads((out / "results" / f"{part}.json").read_text())["values"]


def test_every_part_is_there(done: Path) -> None:
    parts = {path.stem for path in (done / "results").glob("*.json")}
    assert parts == {
        *("features", "judge", "vgg_score", "table2", "dose_generated", "dose_people"),
        *("two_sample", "grid", "tsne"),
        *(f"{step}-{key}" for step in ("train", "generate", "evaluation") for key in METHODS),
    }
    assert (done / "report.html").is_file()
    plan = json.loads((done / "plan.json").read_text())
    assert plan["methods"] == list(METHODS)
    assert plan["data"]["people"] == {"train": 4, "val": 2, "test": 2}
    assert str(done.parent) not in json.dumps(plan)


METHODS = ("cyclegan", "paper")


def test_figures_of_every_method(done: Path) -> None:
    judge = _values(done, "judge")
    assert judge["chance"] == 0.25
    assert judge["learned"] is (judge["accuracy_on_test"] > 0.375)
    rows = _values(done, "table2")["rows"]
    assert [row["method"] for row in rows] == [None, *METHODS]
    assert all(0 <= row["tested_on_original"]["value"] <= 1 for row in rows)
    assert set(_values(done, "vgg_score")) == {*METHODS, "original", "nothing"}
    assert [point["per_class"] for point in _values(done, "dose_generated")["paper"]] == [0, 1, 4]
    curves = _values(done, "dose_people")
    assert [point["people"] for point in curves["original + paper"]] == [2, 4]
    assert _values(done, "train-cyclegan")["runs"] == ["run-happy", "run-sad", "run-surprise"]
    shown = _values(done, "grid")["rows"][0]
    assert all((done / shown[key]).is_file() for key in ("input", "truth", *METHODS))
    assert len(_values(done, "tsne")["paper"]["xy"]) == 6


def test_no_recogniser_learns_from_a_val_or_test_person(tiny_data: Path, done: Path) -> None:
    split_of = {r.subject: r.split for r in load_manifest(tiny_data).records}
    folders = [path.parent for path in (done / "recognizers").glob("*/data/manifest.jsonl")]
    assert len(folders) >= 7
    for folder in folders:
        for record in load_manifest(folder).records:
            assert record.split == split_of[record.subject]
            assert record.split == "train" or record.source != "generated"


def test_the_second_time_nothing_is_done_again(
    tiny_data: Path, done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.is_file()}
    assert main(_command(tiny_data, done)) == 0
    assert {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.is_file()} == before
    assert capsys.readouterr().out.count("done before") == 15
    assert main(_command(tiny_data, done, "--only", "grid", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["parts_done"] == 0


def test_wrong_use_is_one_line(
    tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more, expected in (
        (("--only", "table3"), "no part 'table3'"),
        (("--size", "48"), "--size takes a power of two from 32 to 64"),
        (("--methods", "stylegan"), "no method 'stylegan'"),
    ):
        assert main(_command(tiny_data, tmp_path / "out", *more)) == 2
        assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
