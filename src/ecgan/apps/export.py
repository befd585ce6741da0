"""`ecgan export`: networks for ONNX Runtime or OpenVINO, checked against torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import say, say_json
from ecgan.apps.options import AsJson
from ecgan.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ecgan.inference.snapshot import Snapshot

EXAMPLE = "Example: ecgan export translator --format openvino --precision bf16 --out exported"
CHECKED, CALIBRATED = 50, 100
"""At most so many faces."""
PACKAGED = ("translator", "recognizer")


def export(
    snapshot: Annotated[
        str,
        typer.Argument(
            help="Snapshot folder or hub id; `translator` and `recognizer` are the packaged ones.",
            metavar="SNAPSHOT",
        ),
    ],
    *,
    file_format: Annotated[
        str, typer.Option("--format", help="onnx or openvino.", metavar="FORMAT")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the export.", metavar="DIR")],
    precision: Annotated[
        str, typer.Option(help="fp32, bf16 (openvino) or int8.", metavar="PRECISION")
    ] = "fp32",
    data: Annotated[
        Path | None,
        typer.Option(
            help="Prepared data: its test people are the faces of the check, its training people "
            "calibrate int8, which takes them. Without it the check uses drawn faces.",
            metavar="DATA",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Convert the networks and check that they do what they do in torch in fp32.

    The export takes the place of the snapshot: --model of translate and recognize, and SNAPSHOT
    of evaluate. An fp32 export whose outputs differ by more than 0.001 is not written, nor is
    one in bf16 or int8 whose pictures are unlike or are recognised differently.
    """
    from ecgan.inference.backends import in_backend
    from ecgan.inference.engines import CPU, Engine, write_export
    from ecgan.inference.export import parse_format, parse_precision, require

    kind = parse_format(file_format)
    engine = Engine(kind, parse_precision(precision, kind))
    if engine.precision == "int8" and data is None:
        raise UsageError("int8 is calibrated on faces: give prepared data with --data DATA")
    _check_out(out)
    require(kind)
    loaded = _loaded(snapshot)
    if loaded.export is not None:
        raise UsageError(f"{loaded.folder} is an export already, expected a snapshot")
    training, test = faces_of(data)
    networks = in_backend(torch_networks(loaded), loaded, None, CPU).modules
    found = write_export(out, networks, loaded, engine, test=test, calibration=training)
    if as_json:
        shown = {name: parity.to_json() for name, parity in found.items()}
        say_json({"out": str(out), "engine": str(engine), "parity": shown})
        return
    for name, parity in found.items():
        say(f"{name}: {_shown(parity.to_json())}")
    say(f"{engine}: {out}")


def _shown(values: dict[str, Any]) -> str:
    alike = "" if values["ssim"] is None else f"SSIM {values['ssim']:.4f}, "
    return (
        f"{values['faces']} faces, largest difference {values['max_error']:.1e}, {alike}"
        f"same expression seen in {values['same_expression']:.0%}"
    )


def _check_out(out: Path) -> None:
    """Raises UsageError for what must not be replaced."""
    if out.is_dir():
        if not any(out.iterdir()):
            return
        try:
            config = json.loads((out / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            config = None
        if isinstance(config, dict) and "export" in config:
            return
    if out.exists():
        raise UsageError(f"--out {out} is there and is no export; give another folder")


def _loaded(source: str) -> Snapshot:
    from ecgan.inference.snapshot import default_snapshot, load_snapshot

    if source in PACKAGED and not Path(source).exists():
        return load_snapshot(
            default_snapshot("translator" if source == PACKAGED[0] else "recognizer")
        )
    return load_snapshot(source)


def torch_networks(snapshot: Snapshot) -> dict[str, nn.Module]:
    """What the snapshot describes, without its weights."""
    from ecgan.config import GeneratorConfig, RecognizerConfig
    from ecgan.config_loading import build
    from ecgan.networks.build import build_generator
    from ecgan.networks.vgg import VGGRecognizer

    with snapshot.reading_config():
        entries = len(snapshot.config["vocabulary"])
        if snapshot.kind == "recognizer":
            config = build(RecognizerConfig, snapshot.config["recognizer"])
            return {"recognizer": VGGRecognizer(config, entries)}
        generator = build(GeneratorConfig, snapshot.config["generator"])
        size = int(snapshot.config["size"])
        names = ("to_expression", "to_neutral")
        return {name: build_generator(generator, entries, size) for name in names}


def faces_of(data: Path | None) -> tuple[Tensor | None, Tensor]:
    """Faces to calibrate on, None without data, and faces to check on."""
    from ecgan.inference.parity import drawn_faces

    if data is None:
        return None, drawn_faces(CHECKED)
    from ecgan.data.manifest import load_manifest

    manifest = load_manifest(data)
    training = manifest.select(split="train") or manifest.records
    test = manifest.select(split="test") or manifest.select(split="val") or manifest.records
    return _read(manifest, training, CALIBRATED), _read(manifest, test, CHECKED)


def _read(manifest: Any, records: Any, most: int) -> Tensor:
    """At most so many of the records, evenly taken, as images in [-1, 1]."""
    import numpy as np

    from ecgan.data.images import ImageStore
    from ecgan.inference.crops import to_tensor

    places = np.linspace(0, len(records) - 1, min(most, len(records))).round().astype(int)
    store = ImageStore(manifest, 256, 0)
    return to_tensor(np.stack([store.image(records[place]) for place in places]))
