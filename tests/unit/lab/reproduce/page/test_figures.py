"""The figures: there, marked, told apart without colour; what the training curves are made of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ecgan.inference.grid import BACKGROUND
from ecgan.inference.verifying import verify_file
from ecgan.lab.reproduce.page.labels import METHODS, expression_styles, style_of
from ecgan.lab.reproduce.page.sheet import Cell, Row, picture_sheet
from ecgan.lab.reproduce.page.training import read_training

FACES = ("figure-3", "figure-4", "figure-4-methods")
CHARTS = (
    "figure-5a", "figure-5a-expressions", "figure-5bc", "figure-5d", "dose-generated",
    "dose-people",
)  # fmt: skip


@pytest.mark.parametrize("name", [*FACES, *CHARTS])
def test_figures_are_not_empty_and_wide_enough_for_print(reproduction: Path, name: str) -> None:
    with Image.open(reproduction / f"figures/{name}.png") as image:
        pixels = np.asarray(image.convert("L"), dtype=np.float64)
    assert pixels.shape[1] >= 900 if name in FACES else pixels.shape[1] == 1440
    rows = pixels.reshape(len(pixels), -1).std(axis=1) > 5
    assert rows.mean() > 0.6


@pytest.mark.parametrize("name", FACES)
def test_pictures_say_that_they_are_synthetic(reproduction: Path, name: str) -> None:
    path = reproduction / f"figures/{name}.png"
    with Image.open(path) as image:
        assert image.info["Synthetic"] == "true"
        assert "drawn by ecgan" in image.info["Credit"]
    assert verify_file(path).verdict == "synthetic"
    sidecar = json.loads(path.with_name(f"{name}.png.json").read_text())
    assert sidecar["synthetic"] is True
    assert sidecar["settings"]["figure"] == name


RED = (200, 30, 30)


def plain() -> np.ndarray:
    return np.full((64, 64, 3), RED, dtype=np.uint8)


def test_generated_pictures_alone_bear_the_mark() -> None:
    cells = (Cell(plain()), Cell(plain(), synthetic=True), Cell(None, why_empty="none"))
    groups = [("", ("Input", "Made")), ("", ("Truth",))]
    sheet = picture_sheet(groups, [Row("happy", cells)], tile_px=64, footer="notice")
    red = (sheet == RED).all(axis=2)
    columns = np.flatnonzero(red.any(axis=0))
    real, made = columns[:64], columns[64:]
    assert np.ptp(real) == 63 == np.ptp(made)
    assert red[:, real].sum() == 64 * 64
    assert 64 * 64 - 14 * 60 < red[:, made].sum() < 64 * 64 - 14 * 30
    rows = np.flatnonzero(red.any(axis=1))
    assert not red[rows[-1], made[-1]]
    assert red[rows[0], made[-1]]


def test_blocks_have_their_title_and_labels_wrap() -> None:
    row = Row("one", (Cell(plain()),))
    groups = [("", ("a",))]
    once = picture_sheet(groups, [row], tile_px=64, footer="")
    titled = picture_sheet(groups, [Row("one", row.cells, title="photos")], tile_px=64, footer="")
    wrapped = picture_sheet([("", ("a long name",))], [row], tile_px=64, footer="")
    assert len(titled) > len(once)
    assert len(wrapped) > len(once)
    assert (once[:, -3:] == BACKGROUND).all()
    with pytest.raises(ValueError, match="expected rows of 1 cells"):
        picture_sheet(groups, [Row("", ())], tile_px=64, footer="")


def test_methods_and_expressions_are_told_apart_without_colour() -> None:
    styles = [*METHODS.values(), style_of("original"), style_of("nothing")]
    for of in (lambda s: s.marker, lambda s: s.colour):
        assert len({of(style) for style in styles}) == len(styles)
    lines = {METHODS[name].line for name in METHODS}
    assert len(lines) == len(METHODS)
    names = ["neutral", "happy", "sad", "angry", "fear", "disgust", "surprise", "wink", "scream"]
    markers = [marker for _, marker in expression_styles(names).values()]
    assert len(set(markers)) == len(names)


def write_metrics(folder: Path, run: str, losses: list[float | None]) -> None:
    rows = [
        {"step": 10 * (i + 1), "kind": "train", "generator/total": loss, "learning_rate": 0.1}
        for i, loss in enumerate(losses)
    ]
    rows.append({"step": 5, "kind": "validation", "generator/total": 99.0})
    (folder / run).mkdir(parents=True)
    (folder / run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_curves_of_one_run(tmp_path: Path) -> None:
    write_metrics(tmp_path, "run", [10.0, None, *[4.0] * 8])
    found = read_training(tmp_path)
    assert found is not None
    assert found.runs == ("run",)
    assert found.last == {"generator/total": 4.0}
    curve = found.curves["generator/total"]
    assert curve.mean[0] == 10
    assert curve.mean[-1] == 4
    assert (np.diff(curve.steps) > 0).all()
    assert set(found.curves) == {"generator/total"}


def test_curves_of_one_model_an_expression(tmp_path: Path) -> None:
    write_metrics(tmp_path, "run-happy", [1.0] * 100)
    write_metrics(tmp_path, "run-sad", [3.0] * 100)
    found = read_training(tmp_path)
    assert found is not None
    assert found.runs == ("run-happy", "run-sad")
    assert found.last["generator/total"] == 2
    curve = found.curves["generator/total"]
    assert (curve.mean == 2).all()
    assert (curve.low == 1).all()
    assert (curve.high == 3).all()


def test_no_runs_give_no_curves(tmp_path: Path) -> None:
    assert read_training(tmp_path) is None
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.jsonl").write_text('{"step": 1, "kind": "tr')
    assert read_training(tmp_path) is None
