"""A photo as it comes over the network: its bytes, checked before anything decodes them."""

from __future__ import annotations

import io
import re
import struct
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from ecgan.apps.service.problems import Problem
from ecgan.errors import ImageError
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import sha256_bytes

MAX_BYTES = 10_000_000
MAX_PIXELS = 25_000_000
MAX_SCANS = 200
"""Of a JPEG file: each passes over the whole picture, so that thousands take hours."""
_MAGIC = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
_NAME = Path("the photo")
"""Stands in messages; no name from outside is ever used."""
_HEAD, _TAIL = 1024, 65_557
"""Bytes in which other programs look for a PDF or a page, and for the end of a ZIP archive."""
_OTHERS = re.compile(rb"%pdf-|<!doctype|<html|<svg")
_SCRIPTS = (b"<script", b"<?php ", b"<?php\n", b"<?php\r")


@dataclass(frozen=True)
class Upload:
    """The bytes of a photo that is worth decoding."""

    data: bytes
    sha256: str
    kind: str
    """Pillow's name: JPEG, PNG or WEBP."""
    pixels: int


def check_upload(data: bytes) -> Upload:
    """Look at the bytes of a photo without decoding it.

    Raises:
        Problem: 413 too large; 415 no JPEG, PNG or WebP, or something else beside; 400 damaged.
    """
    sha256 = sha256_bytes(data)
    if not data:
        raise Problem(400, "the photo is empty", sha256=sha256)
    if len(data) > MAX_BYTES:
        raise Problem(
            413,
            f"the photo has {len(data):,} bytes, at most {MAX_BYTES:,} are taken",
            sha256=sha256,
        )
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "WEBP"
    if kind is None:
        raise Problem(415, "expected a JPEG, PNG or WebP picture, got another file", sha256=sha256)
    other = _hidden(data)
    if other is not None:
        raise Problem(
            415, f"the picture is also {other}: send it without what else it holds", sha256=sha256
        )
    if kind == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
        raise Problem(415, f"the JPEG has more than {MAX_SCANS} scans: save it anew", sha256=sha256)
    width, height = _size(data, kind, sha256)
    if width * height > MAX_PIXELS:
        raise Problem(
            413,
            f"the photo has {width} x {height} pixels, at most {MAX_PIXELS // 1_000_000} million "
            "are taken: make it smaller",
            sha256=sha256,
        )
    return Upload(data, sha256, kind, width * height)


def open_upload(upload: Upload) -> Photo:
    """Decode a checked photo.

    Raises:
        Problem: 400, it is damaged.
    """
    try:
        photo = read_photo(_NAME, upload.data)
    except ImageError as error:
        raise Problem(400, str(error), sha256=upload.sha256) from None
    return replace(photo, path=None)  # no file of that name is ever looked for


def _size(data: bytes, kind: str, sha256: str) -> tuple[int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=[kind]) as image:
                if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
                    raise Problem(415, "the picture is animated: send one frame", sha256=sha256)
                return image.size
    except Image.DecompressionBombError:
        raise Problem(413, "the photo has far too many pixels", sha256=sha256) from None
    except Problem:
        raise
    except Exception:  # for damaged files Pillow raises errors of nearly every kind
        raise Problem(
            400, f"the photo is damaged: its {kind} header cannot be read", sha256=sha256
        ) from None


def _hidden(data: bytes) -> str | None:
    """What another program would take the file for. What cameras put behind a picture (previews,
    the seconds of a moving photo) is no harm: nothing of it passes on."""
    lower = data.lower()
    if found := _OTHERS.search(lower, 0, _HEAD):
        return "a PDF" if found[0] == b"%pdf-" else "a page or drawing"
    if any(script in lower for script in _SCRIPTS):
        return "a script"
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _TAIL))
    if 0 <= end <= len(data) - 22:
        length = struct.unpack_from("<I", data, end + 12)[0]
        if not length or data[max(0, end - length) :].startswith(b"PK\x01\x02"):
            return "a ZIP archive"
    return None
