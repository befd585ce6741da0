"""Networks in ONNX Runtime and OpenVINO do what they do in torch, or are not used."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.tiny_models import (
    SIZE,
    KnownFaces,
    astronaut_face,
    astronaut_photo,
    recognizer_snapshot,
    translator_snapshot,
)
from torch.nn import functional

from ecgan.apps import export as command
from ecgan.config import GeneratorConfig
from ecgan.errors import EcganError, MissingExtra, UsageError
from ecgan.expressions import EXPRESSIONS
from ecgan.inference import backends, engines, export, recognizer
from ecgan.inference.backends import in_backend, parse_backend
from ecgan.inference.engines import CPU, Engine, run_with, write_export
from ecgan.inference.parity import MAX_ERROR, Parity, drawn_faces, ssim
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import Snapshot, load_snapshot, save_snapshot
from ecgan.inference.translator import Translator
from ecgan.networks.build import build_generator
from ecgan.networks.output import warp

Networks = dict[str, torch.nn.Module]


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    """No test touches the user's cache; the judge is a tiny recogniser."""
    root = tmp_path_factory.mktemp("cache")
    judge = recognizer_snapshot(root / "judge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECGAN_CACHE", str(root))
        patch.setattr(recognizer, "default_snapshot", lambda kind: judge)
        patch.setattr(backends, "QUICK_FACES", 3)
        patch.setattr(backends, "_TIMES", 1)
        yield root


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return load_snapshot(translator_snapshot(tmp_path_factory.mktemp("model") / "snapshot"))


@pytest.fixture(scope="module")
def networks(snapshot: Snapshot) -> Networks:
    """One of the two: each export takes seconds."""
    name, modules = "to_expression", command.torch_networks(snapshot)
    return {name: in_backend(modules, snapshot, None, CPU).modules[name]}


def still_snapshot(folder: Path) -> Path:
    """A generator whose flow leaves a part of the image where it is."""
    config = GeneratorConfig(
        width=8, max_width=16, conditioning="decoder", output="warp", refine=4, still=True
    )
    torch.manual_seed(0)
    generators = {n: build_generator(config, 7, SIZE) for n in ("to_expression", "to_neutral")}
    for generator in generators.values():
        torch.nn.init.normal_(generator.trunk.flow.weight, 0, 0.02)
        torch.nn.init.normal_(generator.still.weight, 0, 0.5)
    values = {"size": SIZE, "vocabulary": list(EXPRESSIONS), "intensity": True}
    save_snapshot(
        folder,
        "translator",
        generators,
        {**values, "generator": config.model_dump(mode="json")},
        "card",
    )
    return folder


def test_the_grid_of_a_warp_is_that_of_affine_grid() -> None:
    """Which ONNX has not."""
    for height, width in ((8, 8), (7, 30), (320, 256)):
        grid = functional.affine_grid(torch.eye(2, 3)[None], [1, 3, height, width], False)
        image, flow = torch.randn(1, 3, height, width), torch.randn(1, 2, height, width) / 10
        moved = functional.grid_sample(
            image, grid + flow.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
        )
        assert torch.equal(warp(image, flow), moved)


def test_fifty_drawn_faces_come_with_the_package() -> None:
    faces = drawn_faces(50)
    assert faces.shape == (50, 3, 128, 128)
    assert len({face.numpy().tobytes() for face in faces}) == 50


def test_ssim_of_equal_and_of_other_images() -> None:
    faces = drawn_faces(2)
    assert torch.allclose(ssim(faces, faces), torch.ones(2))
    assert ssim(faces, faces.flip(0)).max() < 0.9


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_fp32_is_as_torch_in_batches_of_any_size(
    backend: str, snapshot: Snapshot, networks: Networks
) -> None:
    running = run_with(Engine(backend, "fp32"), networks, snapshot)
    images = drawn_faces(5)[..., :SIZE, :SIZE].contiguous()
    for count in (1, 5):
        code = torch.eye(7)[:count]
        for name, network in networks.items():
            with torch.inference_mode():
                expected, made = (
                    network(images[:count], code),
                    running.modules[name](images[:count], code),
                )
            for field in ("image", "flow", "blend", "pixels"):
                difference = getattr(expected, field) - getattr(made, field)
                assert difference.abs().max() < MAX_ERROR, (name, field)
            assert made.still is None


def test_an_export_takes_the_place_of_its_snapshot(tmp_path: Path) -> None:
    folder = still_snapshot(tmp_path / "snapshot")
    plain = load_snapshot(folder)
    networks = in_backend(command.torch_networks(plain), plain, None, CPU).modules
    write_export(tmp_path / "out", networks, plain, Engine("openvino", "fp32"))
    seeing, finder = Recognizer.load(device=CPU), KnownFaces(astronaut_face())
    made = []
    for source in (folder, tmp_path / "out"):
        translator = Translator.load(source, recognizer=seeing, finder=finder, device=CPU)
        assert translator.sha256 == plain.sha256
        made.append(translator.translate(astronaut_photo(), "sad").pixels.astype(int))
    assert translator.engine == "openvino fp32"
    difference = np.abs(made[0] - made[1])
    assert difference.max() <= 8 and difference.mean() < 0.01
    with pytest.raises(UsageError, match="export for openvino"):
        Translator.load(tmp_path / "out", backend="torch")


def test_a_recogniser_runs_elsewhere_and_its_export_has_no_torch(tmp_path: Path) -> None:
    plain = Recognizer.load(precision="fp32", device=CPU)
    other = Recognizer.load(device=CPU, backend="onnx")
    assert (plain.engine, other.engine) == ("torch fp32", "onnx fp32")
    faces = drawn_faces(3)
    assert torch.allclose(plain.probabilities(faces), other.probabilities(faces), atol=1e-3)
    assert torch.allclose(plain.features(faces), other.features(faces), atol=1e-3)
    assert other.model is not None
    kept = load_snapshot(recognizer.default_snapshot("recognizer"))
    write_export(tmp_path / "out", {"recognizer": plain.model}, kept, Engine("openvino", "fp32"))
    exported = Recognizer.load(tmp_path / "out", device=CPU)
    assert torch.allclose(plain.probabilities(faces), exported.probabilities(faces), atol=1e-3)
    with pytest.raises(UsageError, match="is an export"):
        _ = exported.model


def test_int8_is_calibrated_and_compared(
    tmp_path: Path, snapshot: Snapshot, networks: Networks
) -> None:
    faces = drawn_faces(4)
    engine = Engine("openvino", "int8")
    found = write_export(
        tmp_path / "out", networks, snapshot, engine, test=faces, calibration=faces
    )
    assert found["to_expression"].max_error > 0
    assert found["to_expression"].ssim > 0.95
    assert b'"precision": "int8"' in (tmp_path / "out" / "config.json").read_bytes()


def test_what_is_not_as_torch_is_not_written(
    tmp_path: Path, snapshot: Snapshot, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(engines.ExportedGenerator):
        def forward(self, source, code):
            return super().forward(source, 2 * code)

    monkeypatch.setattr(engines, "ExportedGenerator", Wrong)
    engine = Engine("onnx", "fp32")
    with pytest.raises(EcganError, match="not as torch, so nothing is written: to_expression"):
        write_export(tmp_path / "out", networks, snapshot, engine, test=drawn_faces(2))
    assert not list(tmp_path.iterdir())


def test_auto_takes_the_fastest_that_agrees_and_measures_once(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "has_hardware_bf16", lambda device: False)
    calls = []
    rows = {
        "torch fp32": {"ms": 9.0, "fault": None},
        "onnx fp32": {"ms": 5.0, "fault": None},
        "openvino fp32": {"ms": 1.0, "fault": "outputs differ"},
    }

    def measure(modules, found, wanted):
        calls.append([str(engine) for engine in wanted])
        named = [{"engine": str(e), "backend": e.backend, "precision": e.precision} for e in wanted]
        return [row | rows[row["engine"]] for row in named]

    monkeypatch.setattr(backends, "measure", measure)
    run = engines.Running({}, Engine("onnx", "fp32"))
    monkeypatch.setattr(
        backends, "run_with", lambda engine, *_: run if engine == run.engine else None
    )
    for _ in range(2):
        assert in_backend(command.torch_networks(snapshot), snapshot, "auto", CPU) is run
    assert len(calls) == 1
    with pytest.raises(EcganError, match=r"openvino cannot be used here .*outputs differ"):
        in_backend(command.torch_networks(snapshot), snapshot, "openvino", CPU)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(MissingExtra, match=r"pip install 'ecgan\[openvino\]'"):
        export.require("openvino")
    export.require("onnx")


def test_faults_of_each_precision() -> None:
    good = Parity(10, 1e-4, 0.99, 0.98, 1.0)
    assert all(good.fault(precision) is None for precision in ("fp32", "bf16", "int8"))
    assert "differ" in str(Parity(10, float("inf"), 1.0, 1.0, 1.0).fault("fp32"))
    assert "SSIM" in str(Parity(10, 0.1, 0.9, 0.9, 1.0).fault("int8"))
    assert "recogniser" in str(Parity(10, 0.1, 1.0, 1.0, 0.5).fault("bf16"))


def test_names() -> None:
    assert parse_backend("OpenVINO") == "openvino"
    with pytest.raises(UsageError, match="a backend is auto, torch, onnx or openvino"):
        parse_backend("tensorrt")
    with pytest.raises(UsageError, match="onnx takes fp32, int8, got 'bf16'"):
        export.parse_precision("bf16", "onnx")
