"""`ecgan demo` leaves a grid, the translations with sidecars, and a report."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_models import astronaut_photo

from ecgan.apps.cli import main

EXPRESSIVE = ["happy", "sad", "angry", "fear", "disgust", "surprise"]


def test_demo_on_the_astronaut(
    packaged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out)]) == 0
    said, complained = capsys.readouterr()
    assert complained == ""
    assert "so it was neutralised first" in said
    assert said.splitlines()[-2].startswith("1 of 6 recognised as asked")
    names = {"grid.png", "grid.png.json", "report.json"}
    names |= {f"{e}.png" for e in EXPRESSIVE} | {f"{e}.png.json" for e in EXPRESSIVE}
    assert {path.name for path in out.iterdir()} == names
    report = json.loads((out / "report.json").read_text())
    assert list(report["expressions"]) == EXPRESSIVE
    assert report["expressions"]["happy"]["recognised"] == "happy"
    assert report["expressions"]["sad"]["probability_of_asked"] < 0.1
    assert len(report["model_sha256"]) == 64
    assert report["seconds"]["all"] > 0
    pixels = [np.asarray(Image.open(out / f"{e}.png")) for e in EXPRESSIVE]
    source = astronaut_photo().pixels
    for made in pixels:
        assert made.shape == source.shape
        assert (made[300:] == source[300:]).all()
        assert (made != source).any()
    assert len({made.tobytes() for made in pixels}) == 6
    with Image.open(out / "grid.png") as grid:
        assert grid.width > 4 * 320
        last_of_eight = np.asarray(grid)[500, -100]  # the neutral face has a tile too
        assert last_of_eight.min() < 240
        assert "Synthetic" in grid.text  # type: ignore[attr-defined]
    assert main(["verify", str(out)]) == 0


def test_demo_on_a_photo(
    packaged: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"
    asked = ["demo", "--photo", str(photos / "anna.jpg"), "--out", str(out), "--json"]
    assert main([*asked, "--route", "direct"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["photo"], report["route"]) == ("anna.jpg", "direct")
    assert report["faces"][0]["neutralised_first"] is False
    sidecar = json.loads((out / "sad.png.json").read_text())
    assert sidecar["settings"]["route"] == "direct"


@pytest.mark.parametrize("name", ["notes.jpg", "more/wall.png", "missing.jpg"])
def test_a_bad_photo_leaves_nothing(
    packaged: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / "demo"
    assert main(["demo", "--photo", str(photos / name), "--out", str(out)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()
