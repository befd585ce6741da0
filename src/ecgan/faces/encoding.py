"""How an image file holds its pixels, so that what is made of it can be written alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import ImageFile, JpegImagePlugin

from ecgan.faces.exif import rights_of

_GREY_MODES = ("L", "LA", "La", "1", "F")
_SUBSAMPLINGS = (0, 1, 2)
"""Pillow's names of 4:4:4, 4:2:2 and 4:2:0."""
_PNG_DEPTH, _TIFF_DEPTH = 24, 258
"""Where the bits of a sample stand: an offset in the file, a tag."""


@dataclass(frozen=True)
class Encoding:
    """What of a file's kind goes over to a copy with other pixels."""

    grey: bool = False
    """One channel besides opacity."""
    bits: int = 8
    """Of a sample in the file."""
    lossless: bool = True
    tables: tuple[tuple[int, ...], ...] | None = None
    """Quantisation tables of a JPEG."""
    subsampling: int = 0
    """Of a JPEG, as Pillow numbers it."""
    progressive: bool = False
    dpi: tuple[float, float] | None = None
    rights: Mapping[str, str] = field(default_factory=dict)
    """As `rights_of` finds them."""


def encoding_of(image: ImageFile.ImageFile) -> Encoding:
    """Of a file that is opened and not yet decoded."""
    encoding = Encoding(
        grey=image.mode in _GREY_MODES or image.mode.startswith("I"),
        bits=_bits(image),
        dpi=_dpi(image.info.get("dpi")),
        rights=rights_of(image),
    )
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        tables = tuple(tuple(table) for _, table in sorted(image.quantization.items()))
        sampling = JpegImagePlugin.get_sampling(image)
        return replace(
            encoding,
            lossless=False,
            tables=tables or None,
            subsampling=sampling if sampling in _SUBSAMPLINGS else 0,
            progressive=bool(image.info.get("progressive")),
        )
    if image.format == "WEBP":
        return replace(encoding, lossless=_is_lossless_webp(image.fp))
    return replace(encoding, lossless=image.format not in ("AVIF", "HEIF"))


def _dpi(value: Any) -> tuple[float, float] | None:
    try:
        x, y = (float(number) for number in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if min(x, y) > 1 and max(x, y) < 65_536 else None


def _bits(image: ImageFile.ImageFile) -> int:
    if image.format == "PNG" and image.fp is not None:
        return _peek(image.fp, _PNG_DEPTH, 1)[0]
    if image.format == "TIFF":
        tags: Any = getattr(image, "tag_v2", {})
        return max(tags.get(_TIFF_DEPTH) or (8,))
    return 8


def _is_lossless_webp(file: Any) -> bool:
    """Whether the (first) picture is in a VP8L chunk."""
    position = 12
    while len(head := _peek(file, position, 8)) == 8:
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind in (b"VP8L", b"VP8 "):
            return kind == b"VP8L"
        # A frame of an animation holds chunks of its own after 16 bytes.
        position += 8 + (16 if kind == b"ANMF" else size + size % 2)
    return False


def _peek(file: Any, position: int, count: int) -> bytes:
    before = file.tell()
    file.seek(position)
    found: bytes = file.read(count)
    file.seek(before)
    return found
