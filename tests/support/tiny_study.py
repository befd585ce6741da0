"""Tiny data, two methods that made something of them, and a study of these; scripted raters."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ecgan.data.manifest import Record, load_manifest
from ecgan.lab.study.design import Trial

Judge = Callable[[Trial], bool]
"""Whether a scripted rater takes the generated picture for the real one."""


def make_methods(data: Path, root: Path) -> dict[str, Path]:
    """Two folders of "generated" pictures of all people: one darker as class folders, one redder
    in the names that `ecgan translate` writes."""
    manifest = load_manifest(data)
    for record in manifest.records:
        with Image.open(manifest.image_path(record)) as image:
            pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
        _save(root / "dark" / record.expression / f"{record.subject}_1.png", pixels * 0.7)
        redder = pixels * (1.0, 0.8, 0.8)
        _save(root / "red" / "more" / _translated_name(record), redder)
    return {"dark": root / "dark", "red": root / "red"}


def _translated_name(record: Record) -> str:
    return f"{record.subject}.{record.expression}.png"


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def post(port: int, address: str, values: object) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a request to a server on this machine."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{address}",
        data=values if isinstance(values, bytes) else json.dumps(values).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
