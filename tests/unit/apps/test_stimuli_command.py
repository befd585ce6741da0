"""`ecgan stimuli`: whole sets, equal in light, that a stopped run goes on with."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.tiny_models import astronaut_photo

from ecgan.apps.cli import main
from ecgan.inference.translator import Translator

Capture = pytest.CaptureFixture[str]
ASKED = ("--to", "happy,sad*0.5+fear*0.5", "--between", "happy,sad", "--levels", "0,50,100")
NUM_SERIES = 3
SHORT = ("--to", "happy", "--levels", "0,100", "--equalise", "--oval", "--size", "96")
NUM_SHORT = 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos of different light, and one without a face."""
    root = tmp_path / "photos"
    (root / "bertha B").mkdir(parents=True)
    pixels = astronaut_photo().pixels
    Image.fromarray(pixels).save(root / "anna.png")
    Image.fromarray((pixels * 0.6 + 30).astype(np.uint8)).save(root / "bertha B" / "b.jpg")
    Image.new("RGB", (64, 64)).save(root / "wall.png")
    return root


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def run(*arguments: object) -> int:
    return main(["stimuli", *map(str, arguments)])


@pytest.mark.parametrize("oval", [True, False])
def test_a_set_is_equal_in_light_and_listed(
    packaged: Path, folder: Path, tmp_path: Path, capsys: Capture, oval: bool
) -> None:
    out = tmp_path / "set"
    shown = ("--oval", "--size", 128) if oval else ()
    assert run(folder, *ASKED, "--equalise", *shown, "--out", out) == 1
    assert f"{folder / 'wall.png'}: no face found" in capsys.readouterr().err
    rows = table(out / "stimuli.csv")
    assert len(rows) == 2 * NUM_SERIES * 3
    assert [row["stimulus"] for row in rows[:4]] == [
        *(f"images/anna_happy_{level}.png" for level in ("000", "050", "100")),
        "images/anna_sad50+fear50_000.png",
    ]
    assert {row["person"] for row in rows} == {"anna", "bertha B"}
    assert rows[7]["expression"] == "happy*0.5+sad*0.5"
    assert all(name.isidentifier() for name in rows[0])
    light: list[tuple[float, float]] = []
    for row in rows:
        with Image.open(out / row["stimulus"]) as image:
            grey = np.asarray(image.convert("RGB")) @ np.array([0.299, 0.587, 0.114])
            assert image.size == ((128, 128) if oval else (512, 512))
        with Image.open(out / "masks" / f"{row['photo']}.png") as mask:
            inside = grey[np.asarray(mask.convert("L")) > 0]
        light.append((float(inside.mean()), float(inside.std())))
        assert float(row["mean_luminance"]) == pytest.approx(inside.mean(), abs=0.01)
        if oval:
            assert grey[0, 0] == pytest.approx(128)
    for values in np.transpose(light):
        assert values.max() / values.min() < 1.01
    refused = table(out / "refused.csv")
    assert [(row["source"], row["reason"]) for row in refused] == [("wall.png", "no-face")]
    whole = json.loads((out / "stimuli.json").read_text())
    assert len(whole["series"]) == len(table(out / "series.csv")) == 2 * NUM_SERIES
    lines = (out / "stimuli_eprime.txt").read_bytes().decode("ascii").split("\r\n")
    assert lines[0].startswith("Weight\tNested\tProcedure\tstimulus\t")
    assert lines[1].startswith("1\t\tTrialProc\timages\\anna_happy_000.png\t")
    assert main(["verify", str(out / "images"), str(out / "sheet.png")]) == 0


def test_a_stopped_set_is_gone_on_with(
    packaged: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "set"
    (folder / "wall.png").unlink()
    assert run(folder, *SHORT, "--out", whole) == 0
    render, calls = Translator.render, 0

    def stopped(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == NUM_SHORT + 2:
            raise KeyboardInterrupt
        return render(*given, **more)

    monkeypatch.setattr(Translator, "render", stopped)
    assert run(folder, *SHORT, "--out", out) == 130
    assert not (out / "stimuli.csv").exists()
    assert not list(out.rglob("*.part"))
    assert run(folder, *SHORT, "--out", out) == 0
    assert calls == 2 * NUM_SHORT + 2
    assert files(out) == files(whole)
    (out / "images" / "anna_happy_100.png").unlink()
    assert run(folder, *SHORT, "--out", out) == 0
    assert calls == 3 * NUM_SHORT + 2
    assert files(out) == files(whole)
    assert run(folder, "--to", "sad", "--out", out) == 2
    assert "holds a set with another plan" in capsys.readouterr().err
    assert files(out) == files(whole)


def test_wrong_use(packaged: Path, folder: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "set"
    for wrong in (
        (),
        ("--to", "neutral"),
        ("--to", "happy", "--size", 300),
        ("--to", "happy", "--levels", "0,30,...,100"),
        ("--between", "happy"),
    ):
        assert run(folder, *wrong, "--out", out) == 2, wrong
    assert not out.exists()
    assert run(folder, "--to", "happy", "--out", folder) == 2
    assert "not empty" in capsys.readouterr().err
