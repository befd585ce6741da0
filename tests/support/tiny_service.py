"""A service with tiny networks that knows the astronaut's face; run as a script, a server."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from ecgan.apps.service.app import Service
from ecgan.apps.service.server import ServiceServer
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator
from support.tiny_models import (
    KnownFaces,
    astronaut_face,
    astronaut_photo,
    recognizer_snapshot,
    translator_snapshot,
)


def tiny_translator(folder: Path) -> Translator:
    """With random weights, for pictures of the astronaut."""
    if not folder.exists():
        translator_snapshot(folder / "translator")
        recognizer_snapshot(folder / "recognizer", "neutral")
    return Translator.load(
        folder / "translator",
        recognizer=Recognizer.load(folder / "recognizer"),
        finder=KnownFaces(astronaut_face()),
    )


def photo_bytes(kind: str = "JPEG", shade: int = 0, **options: Any) -> bytes:
    """The astronaut, with a corner of some grey so that no two are alike."""
    pixels = astronaut_photo().pixels.copy()
    pixels[:32, :32] = shade
    file = io.BytesIO()
    if kind == "PNG":
        options = {"compress_level": 1, **options}
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def shade_of(data: bytes) -> int:
    """Of such a photo, or what became of it."""
    return round(float(np.asarray(Image.open(io.BytesIO(data)).convert("L"))[4:28, 4:28].mean()))


if __name__ == "__main__":
    folder, page = Path(sys.argv[1]), sys.argv[2] == "page"
    service = Service(tiny_translator(folder), page=page)
    server = ServiceServer(service, "127.0.0.1", 0)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(server.port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    service.close()
    print("stopped", flush=True)
