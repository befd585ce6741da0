"""Speed of translation on this machine: the networks alone, and photos from file to file, by what
runs the networks."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from ecgan.errors import EcganError, MissingExtra, UsageError
from ecgan.faces.photo import Photo, read_photo
from ecgan.faces.photo_writing import write_photo
from ecgan.inference.backends import Backend, candidates, in_backend, measure
from ecgan.inference.engines import CPU, TORCH, Engine
from ecgan.inference.snapshot import Snapshot
from ecgan.inference.translator import Translator
from ecgan.shapes import Images

PHOTO_PX = 1024
"""Longer side of the photo."""
PHOTOS, TARGETS = 16, 6
"""Of one call, against a call for each photo."""
_TIMES = 5


def asked_for(backend: Backend) -> list[Backend]:
    """Torch, for comparison, and the backend; `auto`: all."""
    if backend == "auto":
        return ["torch", "onnx", "openvino", "auto"]
    return ["torch"] if backend == "torch" else ["torch", backend]


def networks_alone(
    networks: dict[str, torch.nn.Module],
    snapshot: Snapshot,
    backend: Backend,
    *,
    faces: Images | None = None,
    calibration: Images | None = None,
) -> list[dict[str, Any]]:
    """As `backends.measure`, with `times_torch_fp32`; all engines take turns in one run.

    Args:
        networks: in torch, without weights.
        snapshot: whose they are; no export.
        backend: whose engines, beside torch.
        faces: canonical crops on which they are compared with torch; None: a few drawn ones.
        calibration: the same, for int8; None: without it.

    Raises:
        UsageError: an export.
    """
    if snapshot.export is not None:
        raise UsageError("an export has one engine only: give the snapshot it was made from")
    engines = [TORCH]
    for name in asked_for(backend):
        engines += candidates(name)
        if calibration is not None and name in ("onnx", "openvino"):
            engines.append(Engine(name, "int8"))
    ready = in_backend(networks, snapshot, None, CPU).modules
    engines = list(dict.fromkeys(engines))
    rows = measure(ready, snapshot, engines, faces=faces, calibration=calibration)
    for row in rows:
        row["times_torch_fp32"] = row["ms"] and round(rows[0]["ms"] / row["ms"], 2)
    return rows


def photo_paths(
    load: Callable[[Backend], Translator], photo: Photo, backend: Backend
) -> list[dict[str, Any]]:
    """By backend, `photo_path` and `many_photos`; or the `fault` for which it cannot be used."""
    rows = []
    for name in asked_for(backend):
        row: dict[str, Any] = {"backend": name, "fault": None}
        rows.append(row)
        try:
            translator = load(name)
            row["engine"] = translator.engine
            row["recognizer_engine"] = translator.recognizer.engine
        except MissingExtra as error:
            row["fault"] = str(error)
            continue
        except EcganError as error:
            if name == backend:
                raise
            row["fault"] = str(error)
            continue
        row |= photo_path(translator, photo) | many_photos(translator, photo)
    return rows


def photo_path(translator: Translator, photo: Photo) -> dict[str, Any]:
    """Seconds from file to file, at `PHOTO_PX`: `first`, with decoding and finding the face, and
    each `further` target; medians."""
    first: list[float] = []
    further: list[float] = []
    names = targets(translator)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "photo.jpg"
        write_photo(file, enlarged(photo, PHOTO_PX).pixels)
        for _ in range(1 + _TIMES):  # the first warms up
            start = time.perf_counter()
            ready = translator.prepare(read_photo(file))
            for name in names[:3]:
                translator.render(ready, name).save(file.with_name(f"{len(first)}.{name}.jpg"))
                times = first if name == names[0] else further
                times.append(time.perf_counter() - start)
                start = time.perf_counter()
        crop_px = ready.faces[0].aligned.alignment.size
    return {
        "seconds_first_target": statistics.median(first[1:]),
        "seconds_further_target": statistics.median(further[2:]),
        "photo_px": PHOTO_PX,
        "crop_px": crop_px,
    }


def many_photos(translator: Translator, photo: Photo) -> dict[str, Any]:
    """Seconds an image of `PHOTOS` x `TARGETS` images in one call, and in a call for each photo."""
    names, photos = targets(translator)[:TARGETS], [photo] * PHOTOS
    translator.translate(photo, names)  # warms up
    start = time.perf_counter()
    translator.translate(photos, names)
    middle = time.perf_counter()
    for one in photos:
        translator.translate(one, names)
    count = PHOTOS * len(names)
    return {
        "seconds_an_image_one_call": (middle - start) / count,
        "seconds_an_image_a_call_each": (time.perf_counter() - middle) / count,
    }


def targets(translator: Translator) -> Sequence[str]:
    """The expressions, without recipes."""
    return translator.vocabulary.expressive


def enlarged(photo: Photo, side: int) -> Photo:
    """With its longer side as asked."""
    scale = side / max(photo.pixels.shape[:2])
    pixels = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return Photo(np.asarray(pixels, np.uint8), None, None, None, None, "PNG")
