"""Networks of a snapshot in another engine than torch in fp32: exported, opened, and compared."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ecgan.errors import EcganError, SnapshotError
from ecgan.files import sha256_bytes, write_bytes, write_json
from ecgan.inference import export as exporting
from ecgan.inference.exported import ExportedGenerator, ExportedRecognizer, open_session
from ecgan.inference.parity import Parity, Precision, compare_generators, compare_recognizers
from ecgan.inference.recognizer import Recognizer, resize
from ecgan.inference.snapshot import CARD, FORMAT, Snapshot, load_snapshot, new_folder
from ecgan.networks.vgg import VGGRecognizer
from ecgan.provenance import machine, versions
from ecgan.shapes import Codes, Images
from ecgan.window import Window

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Engine:
    """A backend with a precision."""

    backend: Literal["torch", "onnx", "openvino"]
    precision: Precision

    def __str__(self) -> str:
        return f"{self.backend} {self.precision}"


TORCH = Engine("torch", "fp32")
"""What all others are compared with."""


@dataclass(frozen=True)
class Running:
    """Networks, ready to run."""

    modules: dict[str, nn.Module]
    engine: Engine
    is_export: bool = False
    """Whether torch has no weights of them."""


def check(
    reference: Mapping[str, nn.Module],
    others: Mapping[str, nn.Module],
    snapshot: Snapshot,
    faces: Images,
) -> dict[str, Parity]:
    """Each network against the same in torch, in fp32."""
    _, entries = network_shape(snapshot)
    faces = seen_by_networks(faces, snapshot)
    if snapshot.kind == "recognizer":
        return {n: compare_recognizers(reference[n], others[n], faces) for n in reference}
    judge = Recognizer.load(precision="fp32", device=CPU)
    return {
        name: compare_generators(reference[name], others[name], faces, entries=entries, judge=judge)
        for name in reference
    }


def worst_fault(found: Mapping[str, Parity], precision: Precision) -> str | None:
    """The first network's that does not agree."""
    faults = ((name, parity.fault(precision)) for name, parity in found.items())
    return next((f"{name}: {fault}" for name, fault in faults if fault is not None), None)


def network_shape(snapshot: Snapshot) -> tuple[int, int]:
    """Side in pixels of the images that the networks take, and the entries of z."""
    config = snapshot.config
    with snapshot.reading_config():
        size = config["recognizer"]["size"] if snapshot.kind == "recognizer" else config["size"]
        return int(size), len(config["vocabulary"])


def seen_by_networks(faces: Images, snapshot: Snapshot) -> Images:
    """Of canonical crops, what the networks are given, at their size."""
    size, _ = network_shape(snapshot)
    if snapshot.kind == "translator":
        faces = Window(float(snapshot.config.get("zoom", 1.0))).cut(faces)
    return resize(faces, size)


def run_with(
    engine: Engine,
    modules: Mapping[str, nn.Module],
    snapshot: Snapshot,
    calibration: Images | None = None,
) -> Running:
    """Networks in torch as an engine runs them; their export is kept in the user's cache folder.
    `calibration`: canonical crops, for int8, which is made anew."""
    if engine == TORCH:
        return Running(dict(modules), engine)
    if engine.backend == "torch":
        return Running({name: _Rounded(module) for name, module in modules.items()}, engine)
    exporting.require(engine.backend)
    folder = cache_folder(snapshot) / engine.backend
    if engine.precision == "int8":
        folder = folder.with_name(f"{engine.backend}-int8")
        write_export(folder, modules, snapshot, engine, calibration=calibration)
    else:
        with contextlib.suppress(SnapshotError):  # not there yet, or damaged: made anew
            return Running(opened_export(load_snapshot(folder), engine), engine)
        write_export(folder, modules, snapshot, Engine(engine.backend, "fp32"))
    return Running(opened_export(load_snapshot(folder), engine), engine)


def write_export(
    folder: Path,
    modules: Mapping[str, nn.Module],
    snapshot: Snapshot,
    engine: Engine,
    *,
    test: Images | None = None,
    calibration: Images | None = None,
) -> dict[str, Parity]:
    """Write the networks, the snapshot's config with `export`, its card and checksums, whole or not
    at all.

    Args:
        folder: where they appear; an old one is replaced.
        modules: the networks in torch.
        snapshot: whose they are.
        engine: what they are for.
        test: canonical crops on which they are compared with torch; None: they are not.
        calibration: the same, on which int8 is calibrated.

    Returns:
        How each network agrees with torch.

    Raises:
        MissingExtra: the backend is not installed.
        EcganError: a network that cannot be converted, or is not as torch.
    """
    file_format = exporting.parse_format(engine.backend)
    size, entries = network_shape(snapshot)
    outputs = {}
    with new_folder(folder) as new:
        for name, module in modules.items():
            outputs[name] = exporting.export_network(
                module,
                new / f"{name}{exporting.SUFFIX[file_format]}",
                file_format,
                engine.precision,
                size=size,
                entries=entries,
                faces=None if calibration is None else seen_by_networks(calibration, snapshot),
            )
        found = {}
        if test is not None:
            found = check(modules, _opened(new, snapshot.kind, outputs, engine), snapshot, test)
            if fault := worst_fault(found, engine.precision):
                raise EcganError(f"{engine} is not as torch, so nothing is written: {fault}")
        export = {
            "format": file_format,
            "precision": engine.precision,
            "snapshot_sha256": snapshot.sha256,
            "outputs": outputs,
            "parity": {name: parity.to_json() for name, parity in found.items()},
            "versions": engine_versions(),
        }
        config = {"format": FORMAT, "kind": snapshot.kind, **snapshot.config, "export": export}
        write_json(new / "config.json", config)
        card = snapshot.folder / CARD
        if card.is_file():
            write_bytes(new / CARD, card.read_bytes())
    return found


def opened_export(snapshot: Snapshot, engine: Engine) -> dict[str, nn.Module]:
    assert snapshot.export is not None
    with snapshot.reading_config():
        outputs = {name: tuple(found) for name, found in snapshot.export["outputs"].items()}
    return _opened(snapshot.folder, snapshot.kind, outputs, engine)


def _opened(
    folder: Path, kind: str, outputs: Mapping[str, Sequence[str]], engine: Engine
) -> dict[str, nn.Module]:
    modules: dict[str, nn.Module] = {}
    for name, names in outputs.items():
        path = folder / f"{name}{exporting.SUFFIX[exporting.parse_format(engine.backend)]}"
        network = ExportedRecognizer if kind == "recognizer" else ExportedGenerator
        modules[name] = network(open_session(path, engine.precision, names), names)
    return modules


class _Rounded(nn.Module):
    """A network in torch with bf16 convolutions and matrix products."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Images, *code: Codes) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return self.network(images.contiguous(memory_format=torch.channels_last), *code)

    def features(self, images: Images) -> Tensor:
        """fc7 of a recogniser."""
        assert isinstance(self.network, VGGRecognizer)
        with torch.autocast("cpu", torch.bfloat16):
            return self.network.features(images.contiguous(memory_format=torch.channels_last))


def cache_folder(snapshot: Snapshot) -> Path:
    """Of this snapshot with these versions on this machine."""
    root = os.environ.get("ECGAN_CACHE") or (
        Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ecgan"
    )
    here = machine()
    about = {
        "snapshot": snapshot.sha256,
        "versions": engine_versions(),
        "processor": here["processor"],
        "cpus": here["cpus"],
        "threads": torch.get_num_threads(),
    }
    key = sha256_bytes(json.dumps(about, sort_keys=True).encode())[:16]
    return Path(root) / "backends" / f"{snapshot.kind}-{snapshot.sha256[:12]}-{key}"


def engine_versions() -> dict[str, str]:
    """Of what converts and runs the networks."""
    found = versions()
    names = ("ecgan", "torch", "onnx", "onnxscript", "onnxruntime", "openvino")
    return {name: found[name] for name in names if name in found}
