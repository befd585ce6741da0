"""`ecgan bench`: how fast training, translation and preparation run on this machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ecgan.apps.console import percent, say, say_json
from ecgan.errors import UsageError

EXAMPLE = "Example: ecgan bench train --preset cyclegan --size 256 --json"
PREPARED_PHOTOS = 64


class What(StrEnum):
    TRAIN = "train"
    TRANSLATE = "translate"
    PREPARE = "prepare"


class Backend(StrEnum):
    TORCH = "torch"


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
    backend: Annotated[Backend, typer.Option(help="What computes.")] = Backend.TORCH,
    model: Annotated[
        str | None,
        typer.Option(help="translate: snapshot; default: the packaged one.", metavar="DIR"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
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
    if what is What.TRAIN:
        figures = _train(preset, size, batch)
    elif what is What.TRANSLATE:
        figures = _translate(model)
    else:
        figures = _prepare(size)
    from ecgan.provenance import provenance

    figures = {"what": what.value, **figures, "backend": backend.value, **provenance()}
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
    from ecgan.lab.stargan.method import method_of
    from ecgan.training.bench import bench_training

    return {"preset": preset, **bench_training(config, method=method_of(config)).as_dict()}


def _translate(model: str | None) -> dict[str, Any]:
    from ecgan.apps.demo import demo_photo
    from ecgan.inference.bench import bench_translation
    from ecgan.inference.translator import Translator
    from ecgan.training.bench import convolution_limit

    translator = Translator.load(model)
    photo = demo_photo()
    figures = bench_translation(translator, photo).as_dict()
    limit = convolution_limit("fp32", translator.device) / 1e12
    share = figures["tflops"] / limit
    return {**figures, "limit_tflops": limit, "share_of_limit": share, "precision": "fp32"}


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
    if "share_of_limit" in figures:
        say(
            f"{figures['tflops']:.3f} TFLOP/s, {percent(figures['share_of_limit'])} of the "
            f"{figures['limit_tflops']:.2f} that convolutions reach here"
        )
    machine = figures["machine"]
    say(f"{machine['processor']}, {machine['cpus']} CPUs, {machine['gpu'] or 'no GPU'}")
