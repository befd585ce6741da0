"""`ecgan draw`, and what follows it: prepare and train with no photo and no face detector."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecgan.apps.cli import main
from ecgan.faces import landmarks as landmarks_module

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_draw_prepare_train(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_detector(*arguments: object) -> None:
        raise AssertionError("drawn faces bring their landmarks")

    monkeypatch.setattr(landmarks_module.LandmarkDetector, "detect", no_detector)
    drawn, data, trained = (tmp_path / name for name in ("drawn", "data", "run"))
    options = ("--people", "14", "--size", "64", "--intensities", "1", "--workers", "1")
    said = run(capsys, "draw", "--out", drawn, *options)
    assert "98 images of 14 drawn people at 64 px" in said
    assert f"ecgan prepare {drawn}" in said
    said = run(capsys, "prepare", drawn, "--out", data, "--size", "64", "--workers", "1")
    assert "98 of 98 images accepted" in said
    assert "14 groups of pixel-aligned images" in said
    card = json.loads((data / "card.json").read_text())
    assert (card["licence"], card["synthetic"]) == ("CC0-1.0", "drawn")
    assert card["alignment"]["landmarks"] == "given"
    values = ("size=32", "batch=2", "steps=2", "threads=1", "precision=fp32", "generator.width=4")
    settings = [part for value in values for part in ("--set", value)]
    said = run(capsys, "train", data, "--out", trained, "--preset", "smoke", *settings)
    assert "trained 2 steps" in said


def test_draw_as_json(tmp_path: Path, capsys: Capture) -> None:
    options = ("--people", "1", "--size", "32", "--workers", "1", "--json")
    report = json.loads(run(capsys, "draw", "--out", tmp_path / "d", *options))
    assert (report["people"], report["images"]) == (1, 19)
    assert report["images_per_second"] > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--intensities", "much"), "expected intensities such as 0.4,0.7,1.0; got 'much'"),
        (("--intensities", "2"), "intensities take 0 to 1.2"),
        (("--size", "8"), "the size takes 32 to 1024 pixels, got 8"),
        (("--people", "0"), "--people"),
    ],
)
def test_wrong_use(tmp_path: Path, capsys: Capture, options: tuple[str, str], words: str) -> None:
    assert main(["draw", "--out", str(tmp_path / "d"), *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "d").exists()
