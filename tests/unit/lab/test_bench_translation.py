"""The timing of translation by backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.tiny_models import (
    KnownFaces,
    astronaut_face,
    astronaut_photo,
    recognizer_snapshot,
    translator_snapshot,
)

from ecgan.apps.export import torch_networks
from ecgan.errors import EcganError, MissingExtra, UsageError
from ecgan.inference import backends
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import load_snapshot
from ecgan.inference.translator import Translator
from ecgan.lab import bench_translation
from ecgan.lab.bench_translation import enlarged, networks_alone, photo_paths


def test_the_networks_take_turns_in_all_engines_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def measure(modules: Any, snapshot: Any, engines: Any, **given: Any) -> list[dict[str, Any]]:
        asked[:] = [str(engine) for engine in engines]
        return [{"engine": name, "ms": 8.0 / (1 + i)} for i, name in enumerate(asked)]

    monkeypatch.setattr(bench_translation, "measure", measure)
    monkeypatch.setattr(backends, "has_hardware_bf16", lambda device: True)
    snapshot = load_snapshot(translator_snapshot(tmp_path / "t"))
    rows = networks_alone(torch_networks(snapshot), snapshot, "onnx")
    assert asked == ["torch fp32", "torch bf16", "onnx fp32"]
    assert [row["times_torch_fp32"] for row in rows] == [1, 2, 3]
    networks_alone(torch_networks(snapshot), snapshot, "auto", calibration=torch.zeros(1, 3, 8, 8))
    bf16, int8 = {"torch bf16", "openvino bf16"}, {"onnx int8", "openvino int8"}
    assert set(asked) == {"torch fp32", "onnx fp32", "openvino fp32"} | bf16 | int8
    assert asked[0] == "torch fp32"


def test_photos_by_backend_and_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PHOTO_PX": 512, "PHOTOS": 2, "TARGETS": 1, "_TIMES": 1}.items():
        monkeypatch.setattr(bench_translation, name, value)
    seeing = Recognizer.load(recognizer_snapshot(tmp_path / "r"), precision="fp32")

    def load(name: str) -> Translator:
        if name == "openvino":
            raise MissingExtra("pip install")
        if name == "onnx":
            raise EcganError("onnx does not agree")
        finder = KnownFaces(astronaut_face())
        return Translator.load(tmp_path / "t", recognizer=seeing, finder=finder)

    translator_snapshot(tmp_path / "t")
    rows = {row["backend"]: row for row in photo_paths(load, astronaut_photo(), "auto")}
    assert list(rows) == ["torch", "onnx", "openvino", "auto"]
    faults = [rows[name]["fault"] for name in ("torch", "onnx", "openvino")]
    assert faults == [None, "onnx does not agree", "pip install"]
    assert rows["torch"]["seconds_first_target"] > 0 < rows["torch"]["seconds_further_target"]
    assert rows["auto"]["seconds_an_image_one_call"] > 0
    with pytest.raises(EcganError, match="agree"):
        photo_paths(load, astronaut_photo(), "onnx")


def test_an_export_has_one_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = load_snapshot(translator_snapshot(tmp_path / "t"))
    monkeypatch.setitem(snapshot.config, "export", {})
    with pytest.raises(UsageError, match="one engine"):
        networks_alone({}, snapshot, "torch")


def test_a_photo_is_enlarged_to_the_side() -> None:
    assert enlarged(astronaut_photo(), 600).pixels.shape == (600, 600, 3)
