"""`prepare`, `train`, `train-recognizer`, `evaluate` and `bench` on tiny inputs."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_models import astronaut_photo, astronaut_points

from ecgan.apps.cli import main
from ecgan.data import prepare as prepare_module
from ecgan.inference import backends
from ecgan.lab import bench as training_bench
from ecgan.lab import bench_translation

Capture = pytest.CaptureFixture[str]
TINY = ("size=32", "batch=2", "steps=2", "threads=1", "precision=fp32", "generator.width=4")


def run(capsys: Capture, *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two people with landmarks beside their photos, and a file that is no image."""
    for person in ("anna", "bert"):
        for expression in ("neutral", "happy"):
            file = tmp_path / "set" / expression / f"{person}_1.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(astronaut_photo().pixels).save(file)
            np.save(file.with_suffix(".npy"), astronaut_points())
    (tmp_path / "set" / "happy" / "notes_1.jpg").write_text("no image")
    return tmp_path / "set"


def test_prepare_summarises_and_names_rejections(
    labelled: Path, tmp_path: Path, capsys: Capture
) -> None:
    card = tmp_path / "card.json"
    card.write_text('{"licence": "CC BY 4.0"}')
    options = ("--landmarks", "given", "--size", "64", "--workers", "1", "--card", card)
    said = run(capsys, "prepare", labelled, "--out", tmp_path / "D", *options)
    assert "4 of 5 images accepted (80.0%)" in said
    assert "rejected set/happy/notes_1.jpg: " in said
    assert "happy 2, neutral 2" in said
    assert json.loads((tmp_path / "D" / "card.json").read_text())["licence"] == "CC BY 4.0"
    again = json.loads(
        run(capsys, "prepare", labelled, "--out", tmp_path / "D", *options, "--json")
    )
    assert again["accepted"] == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot read"), ("{", "expected a JSON object"), ("[]", "holds a list")],
)
def test_prepare_refuses_a_bad_card(
    labelled: Path, tmp_path: Path, capsys: Capture, text: str | None, words: str
) -> None:
    card = tmp_path / "card.json"
    if text is not None:
        card.write_text(text)
    assert main(["prepare", str(labelled), "--out", str(tmp_path / "D"), "--card", str(card)]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "D").exists()


def test_train_then_resume_with_the_same_command(
    tiny_data: Path, tmp_path: Path, capsys: Capture
) -> None:
    run_folder = tmp_path / "run"
    settings = [part for value in TINY for part in ("--set", value)]
    command = ("train", tiny_data, "--out", run_folder, "--preset", "smoke", *settings)
    said = run(capsys, *command)
    assert "trained 2 steps" in said
    assert f"snapshot: {run_folder / 'snapshot'}" in said
    again = json.loads(run(capsys, *command, "--json"))
    assert again["step"] == 2
    assert again["weights_sha256"][:12] in said


def test_train_recognizer(tiny_data: Path, tmp_path: Path, capsys: Capture) -> None:
    values = ("size=32", "batch=8", "epochs=1", "width=0.1", "hidden=8", "features=8")
    settings = [
        part for value in (*values, "pool_size=1", "threads=1") for part in ("--set", value)
    ]
    command = ("train-recognizer", tiny_data, "--out", tmp_path / "r", *settings)
    said = run(capsys, *command)
    assert said.startswith("epoch 1/1: loss ")
    assert "best epoch 1 of 1" in said
    report = json.loads(run(capsys, *command, "--json"))
    assert report["epochs"] == 1
    assert Path(report["snapshot"]).is_dir()


def test_evaluate(packaged: Path, tiny_data: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "scores.json"
    said = run(capsys, "evaluate", packaged / "translator", tiny_data, "--out", out)
    scores = json.loads(out.read_text())
    apart = {"outside_largest", "by_people", "by_strength"}
    figures = [key for key in scores["expressions"]["model"] if key not in apart]
    assert figures
    for figure in figures:
        assert f"  {figure} " in said
    for strength in scores["expressions"]["model"]["by_strength"]:
        assert f"  at strength {strength}: mean_probability " in said
    assert "at strength 1.2: " in said
    assert f"all figures: {out}" in said
    assert main(["evaluate", "x", str(tiny_data), "--out", str(tmp_path)]) == 2


def test_evaluate_takes_a_route_and_a_split(
    packaged: Path, tiny_data: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "scores.json"
    asked = ["evaluate", packaged / "translator", tiny_data, "--out", out, "--without", "landmarks"]
    said = run(capsys, *asked, "--route", "direct", "--split", "val")
    scores = json.loads(out.read_text())
    assert (scores["route"], scores["data"]["split"]) == ("direct", "val")
    (source,) = scores["from_expression"]
    assert f"expression to another (direct), {source}" in said
    for option, words in (("--route", "a route is"), ("--split", "--split takes train, val, test")):
        assert main([*map(str, asked), option, "round"]) == 2
        assert words in capsys.readouterr().err


def test_bench_train(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(training_bench, "convolution_limit", lambda *args, **kwargs: 1e12)
    said = run(
        capsys, "bench", "train", "--preset", "smoke", "--size", "32", "--batch", "1", "--json"
    )
    figures = json.loads(said)
    assert figures["seconds_per_step"] > 0
    assert figures["share_of_limit"] == pytest.approx(figures["tflops"], rel=1e-6)
    assert (figures["preset"], figures["size"], figures["batch"]) == ("smoke", 32, 1)
    assert {"machine", "versions"} <= figures.keys()


def test_bench_translate(packaged: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(training_bench, "convolution_limit", lambda *args, **kwargs: 1e12)
    said = run(capsys, "bench", "translate")
    assert " s an image\n" in said
    assert "TFLOP/s" in said
    figures = json.loads(run(capsys, "bench", "translate", "--json"))
    assert figures["photo_px"] == [512, 512]
    assert figures["share_of_limit"] == pytest.approx(figures["tflops"], rel=1e-6)


def test_bench_names_the_backends_in_words(
    packaged: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(training_bench, "convolution_limit", lambda *args, **kwargs: 1e12)
    for name, value in {"PHOTO_PX": 512, "PHOTOS": 1, "TARGETS": 1, "_TIMES": 1}.items():
        monkeypatch.setattr(bench_translation, name, value)
    monkeypatch.setattr(backends, "QUICK_FACES", 1)
    monkeypatch.setattr(backends, "_TIMES", 1)
    monkeypatch.setattr(backends, "has_hardware_bf16", lambda device: False)
    said = run(capsys, "bench", "translate", "--backend", "torch")
    assert "torch fp32: " in said and " ms a face by the network alone" in said
    assert "torch: " in said and "each further target (torch fp32)" in said
    assert main(["bench", "translate", "--data", "D"]) == 2
    assert "--data goes with --backend" in capsys.readouterr().err
    assert main(["bench", "train", "--backend", "onnx"]) == 2
    assert "belong to `bench translate`" in capsys.readouterr().err


def test_bench_prepare(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    class Report:
        seconds, found = 2.0, 64

    def prepared(sources: list[Path], out: Path, *, size: int) -> Report:
        assert len(list((sources[0] / "neutral").iterdir())) == 64
        assert size == 128
        return Report()

    monkeypatch.setattr(prepare_module, "prepare", prepared)
    figures = json.loads(run(capsys, "bench", "prepare", "--size", "128", "--json"))
    assert figures["images_per_second"] == 32
    assert figures["seconds_per_image"] == pytest.approx(1 / 32)
