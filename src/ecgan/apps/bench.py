"""`ecgan bench`: how fast training, translation and preparation run on this machine."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan import __version__
from ecgan.apps.console import percent, say, say_json
from ecgan.apps.options import AsJson, BackendName, backend_of
from ecgan.errors import UsageError

if TYPE_CHECKING:
    from ecgan.inference.backends import Backend

EXAMPLE = "Example: ecgan bench train --preset cyclegan --size 256 --json"
PREPARED_PHOTOS, TRANSLATIONS = 64, 5


class What(StrEnum):
    TRAIN = "train"
    TRANSLATE = "translate"
    PREPARE = "prepare"


def bench(
    what: Annotated[What, typer.Argument(help="What to time.", metavar="train|translate|prepare")],
    *,
    preset: Annotated[
        str | None, typer.Option(help="train: configuration; default: the preset default.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="train, prepare: side of the images in pixels.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="train: examples a step, two images each.")
    ] = None,
    backend: BackendName = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="translate --backend: prepared data, for the check of the networks and for int8.",
            metavar="DATA",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="translate: snapshot; default: the packaged one.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time training, translation or preparation, and compare with the machine's own limit.

    The limit is the convolution rate measured in the same run. Other programs on the machine
    make both slower: bench on a quiet one.
    """
    if what is not What.TRAIN and (preset or batch):
        raise UsageError(
            f"--preset and --batch belong to `bench train`, not to `bench {what.value}`"
        )
    if what is What.TRANSLATE and size:
        raise UsageError(
            "--size belongs to `bench train` and `bench prepare`; the model has its own"
        )
    if what is not What.TRANSLATE and model:
        raise UsageError(f"--model belongs to `bench translate`, not to `bench {what.value}`")
    if what is not What.TRANSLATE and (backend not in (None, "torch") or data):
        raise UsageError(
            f"--backend and --data belong to `bench translate`, not to `bench {what.value}`"
        )
    if data and not backend:
        raise UsageError("--data goes with --backend, such as --backend auto")
    if what is What.TRAIN:
        figures = _train(preset, size, batch)
    elif what is What.TRANSLATE:
        figures = _translate(model, backend, data)
    else:
        figures = _prepare(size)
    from ecgan.provenance import provenance

    figures = {"what": what.value, **figures, "backend": backend or "torch", **provenance()}
    if as_json:
        say_json(figures)
    else:
        _print(figures)


def _train(preset: str | None, size: int | None, batch: int | None) -> dict[str, Any]:
    from ecgan.config import Config
    from ecgan.config_loading import load_config

    settings = [
        f"{key}={value}" for key, value in (("size", size), ("batch", batch)) if value is not None
    ]
    preset = preset or "default"
    config = load_config(Config, preset=preset, settings=settings)
    from ecgan.lab.bench import bench_training
    from ecgan.lab.stargan.method import method_of

    return {"preset": preset, **bench_training(config, method=method_of(config)).as_dict()}


def _translate(model: str | None, backend: str | None, data: Path | None) -> dict[str, Any]:
    """One photo, from pixels to pixels, and with `backend` what `_by_backend` says; operations of
    the networks, the recogniser's included, a multiply-add counted as two."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from ecgan.apps.demo import demo_photo
    from ecgan.inference.translator import Translator
    from ecgan.lab.bench import convolution_limit

    chosen = backend_of(backend)
    compared = _by_backend(model, chosen, data) if chosen else {}
    translator, photo = Translator.load(model, backend=chosen), demo_photo()
    target = translator.vocabulary.expressive[0]
    with FlopCounterMode(display=False) as counter:
        translator.render(translator.prepare(photo), target)
    whole, further = [], []
    for _ in range(1 + TRANSLATIONS):  # the first warms up
        start = time.perf_counter()
        ready = translator.prepare(photo)
        translator.render(ready, target)
        middle = time.perf_counter()
        translator.render(ready, target)
        whole.append(middle - start)
        further.append(time.perf_counter() - middle)
    seconds, tflop = statistics.median(whole[1:]), counter.get_total_flops() / 1e12
    limit = convolution_limit("fp32", translator.device) / 1e12
    return {
        **compared,
        "engine": translator.engine,
        "recognizer_engine": translator.recognizer.engine,
        "seconds_per_image": seconds,
        "seconds_per_expression": statistics.median(further[1:]),
        "tflop_per_image": tflop,
        "tflops": tflop / seconds,
        "photo_px": (photo.pixels.shape[1], photo.pixels.shape[0]),
        "network_px": translator.size,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "ecgan": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "limit_tflops": limit,
        "share_of_limit": tflop / seconds / limit,
        "precision": translator.engine.rpartition(" ")[2],
    }


def _by_backend(model: str | None, backend: Backend, data: Path | None) -> dict[str, Any]:
    """The generator alone, by engine, and photos from file to file, by backend; torch is always
    among them."""
    from ecgan.apps.demo import demo_photo
    from ecgan.apps.export import faces_of, torch_networks
    from ecgan.inference.snapshot import default_snapshot, load_snapshot
    from ecgan.inference.translator import Translator
    from ecgan.lab.bench_translation import networks_alone, photo_paths

    snapshot = load_snapshot(model or default_snapshot("translator"), "translator")
    calibration, faces = faces_of(data) if data else (None, None)
    networks = networks_alone(
        torch_networks(snapshot), snapshot, backend, faces=faces, calibration=calibration
    )

    def load(name: Backend) -> Translator:
        return Translator.load(model, backend=name)

    return {"networks": networks, "photos": photo_paths(load, demo_photo(), backend)}


def _prepare(size: int | None) -> dict[str, Any]:
    """Copies of one photo through the whole of `prepare`, model loading included."""
    import tempfile

    from ecgan.apps.demo import demo_photo
    from ecgan.data.prepare import prepare
    from ecgan.faces.photo_writing import write_photo

    photo = demo_photo()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photos"
        for number in range(PREPARED_PHOTOS):
            write_photo(source / "neutral" / f"{number:03d}.jpg", photo.pixels)
        report = prepare([source], Path(folder) / "data", size=size or 256)
    seconds = report.seconds / report.found
    height, width = photo.pixels.shape[:2]
    return {
        "seconds_per_image": seconds,
        "images_per_second": 1 / seconds,
        "images": report.found,
        "photo_px": [width, height],
        "size": size or 256,
    }


def _print(figures: dict[str, Any]) -> None:
    if "seconds_per_step" in figures:
        kind = f"{figures['preset']}, {figures['size']} px, batch {figures['batch']}"
        say(f"{figures['seconds_per_step']:.3f} s a step ({kind}, {figures['precision']})")
    else:
        say(f"{figures['seconds_per_image']:.3f} s an image")
    if "seconds_per_expression" in figures:
        say(f"{figures['seconds_per_expression']:.3f} s for each further expression of a photo")
    if "images_per_second" in figures:
        say(f"{figures['images_per_second']:.1f} images/s")
    for row in figures.get("networks", []):
        times = f", {row['times_torch_fp32']} times as fast as torch fp32" if row["ms"] else ""
        fault = f"; {row['fault']}" if row["fault"] else ""
        say(f"{row['engine']}: {row['ms'] or '-'} ms a face by the network alone{times}{fault}")
    for row in figures.get("photos", []):
        say(f"{row['backend']}: {row['fault'] or _photos(row)}")
    if "share_of_limit" in figures:
        say(
            f"{figures['tflops']:.3f} TFLOP/s, {percent(figures['share_of_limit'])} of the "
            f"{figures['limit_tflops']:.2f} that convolutions reach here"
        )
    machine = figures["machine"]
    say(f"{machine['processor']}, {machine['cpus']} CPUs, {machine['gpu'] or 'no GPU'}")


def _photos(row: dict[str, Any]) -> str:
    first, further, one_call, each = (
        f"{1e3 * row[name]:.0f} ms"
        for name in (
            "seconds_first_target",
            "seconds_further_target",
            "seconds_an_image_one_call",
            "seconds_an_image_a_call_each",
        )
    )
    return (
        f"{first} a photo of {row['photo_px']} px from file to file, {further} each further target "
        f"({row['engine']}); {one_call} an image in one call of 16 photos x 6 targets, {each} in "
        "a call for each photo"
    )
