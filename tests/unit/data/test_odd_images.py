"""Odd files through `prepare`: each is taken for what it shows, or refused by name; none hangs."""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.mutated import animated, encoded, mutated, sixteen_bits, turned
from support.tiny_data import draw_face, landmarks

from ecgan.data.manifest import load_manifest
from ecgan.data.prepare import prepare
from ecgan.data.report import PrepareReport

SIZE = 96
POINTS = landmarks(SIZE)
FACE = draw_face("ann", "happy", SIZE).convert("RGB")


def run(source: Path, out: Path) -> PrepareReport:
    """Prepare every file of `happy` with the points of the drawn face."""
    files = [path.name for path in (source / "happy").iterdir() if path.name.count(".") == 1]
    rows = [
        {"file": f"happy/{name}", "subject": name.split(".")[0], "landmarks": POINTS, "pair": None}
        for name in sorted(files)
    ]
    (source / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return prepare([source], out, size=64, workers=1, landmarks="given")


GRAY = {"gray.png", "sixteen.png"}
HANDLED: dict[str, Callable[[], bytes]] = {
    "plain.png": lambda: encoded(FACE, "PNG"),
    "animated.gif": lambda: animated(FACE, "GIF"),
    "animated.webp": lambda: animated(FACE, "WEBP", lossless=True),
    "animated.png": lambda: animated(FACE, "PNG"),
    "cmyk.jpg": lambda: encoded(FACE.convert("CMYK"), "JPEG", quality=95),
    "sixteen.png": lambda: sixteen_bits(FACE, "PNG"),
    "gray.png": lambda: encoded(FACE.convert("L"), "PNG"),
    "palette.png": lambda: encoded(FACE.quantize(256), "PNG"),
    "turned.png": lambda: turned(FACE, "PNG"),
    "transparent.png": lambda: encoded(FACE.convert("RGBA"), "PNG"),
    "wrongly-named.jpg": lambda: encoded(FACE, "PNG"),
}


def test_odd_images_show_the_same_face(tmp_path: Path) -> None:
    (tmp_path / "s/happy").mkdir(parents=True)
    for name, make in HANDLED.items():
        (tmp_path / "s/happy" / name).write_bytes(make())
    report = run(tmp_path / "s", tmp_path / "out")
    assert report.rejected == ()
    assert report.accepted == len(HANDLED)
    plain = np.asarray(Image.open(tmp_path / "out/images/s/happy/plain.jpg")).astype(float)
    for path in (tmp_path / "out/images/s/happy").iterdir():
        pixels = np.asarray(Image.open(path)).astype(float)
        gray = path.stem + ".png" in GRAY
        expected = plain @ [0.299, 0.587, 0.114] if gray else plain
        shown = pixels.mean(axis=2) if gray else pixels
        assert np.abs(shown - expected).mean() < 6, path.name


def huge_header() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "zero.jpg": (lambda: b"", "is not an image"),
    "text.jpg": (lambda: b"this is no image", "is not an image"),
    "program.jpg": (
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "is not an image",
    ),
    "cut.png": (lambda: encoded(FACE, "PNG")[:2000], "damaged"),
    "cut.jpg": (lambda: encoded(FACE, "JPEG")[:900], "damaged"),
    "huge.png": (huge_header, "million pixels"),
    "wide.png": (lambda: encoded(Image.new("L", (32_767, 2)), "PNG"), "at most 32,766 a side"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="makes a pipe and links")
def test_unusable_files_are_named_and_nothing_waits_for_a_pipe(tmp_path: Path) -> None:
    happy = tmp_path / "s/happy"
    (happy / "folder.jpg").mkdir(parents=True)
    (happy / "good.png").write_bytes(encoded(FACE, "PNG"))
    (happy / "good.jpg.bak").symlink_to("nowhere")
    for name, (make, _) in REFUSED.items():
        (happy / name).write_bytes(make())
    (happy / "locked.png").write_bytes(encoded(FACE, "PNG"))
    (happy / "locked.png").chmod(0)
    run(tmp_path / "s", tmp_path / "before")  # writes the labels
    os.mkfifo(happy / "pipe.jpg")
    (happy / "dangling.jpg").symlink_to(happy / "not-there.jpg")
    report = prepare([tmp_path / "s"], tmp_path / "out", size=64, workers=1, landmarks="given")
    messages = {r.file.removeprefix("s/happy/"): r.message for r in report.rejected}
    for name, (_, words) in REFUSED.items():
        assert words in messages[name], name
    assert "pipe" in messages["pipe.jpg"]
    assert "not there" in messages["dangling.jpg"]
    if os.geteuid() != 0:  # who may read everything
        assert "permissions" in messages["locked.png"]
    assert "no such image file" in messages["folder.jpg"]
    assert "good.png" not in messages
    assert all("\n" not in message for message in messages.values())


def test_mutated_images_are_taken_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    happy = tmp_path / "s/happy"
    happy.mkdir(parents=True)
    sources = [make() for make in HANDLED.values()]
    (happy / "good.png").write_bytes(encoded(FACE, "PNG"))
    for number in range(300):
        data = mutated(sources[number % len(sources)], random)
        (happy / f"m{number:03}.jpg").write_bytes(data)
    report = run(tmp_path / "s", tmp_path / "out")
    assert report.found == 301
    assert 30 < len(report.rejected) < 290
    assert all(r.reason in {"unreadable", "failed"} for r in report.rejected)
    assert all(r.message and "\n" not in r.message for r in report.rejected)
    assert len(load_manifest(tmp_path / "out").records) == report.accepted
    top = {path.name for path in tmp_path.iterdir()}
    assert top == {"s", "out"}, "nothing is written elsewhere"
