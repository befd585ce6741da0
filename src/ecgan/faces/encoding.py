"""What an image file holds beside its pixels: how they are stored, whose they are, what is missing.

Of EXIF stays how and when the photo was taken, and whose it is. Not where, not by which copy of a
camera, and not the small picture inside, which would show the face as it was.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import unescape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, IptcImagePlugin, JpegImagePlugin

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


def made_encoding(image: Image.Image) -> Encoding:
    """Of a picture in memory, whose file is closed or that never was one."""
    return Encoding(
        grey=image.mode in _GREY_MODES or image.mode.startswith("I"),
        bits=16 if image.mode.startswith("I") else 8,
        dpi=_dpi(image.info.get("dpi")),
    )


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


def pixels_of(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """8-bit RGB, or gray without channels, as a viewer shows it; and the opacity, if there is
    some."""
    alpha = None
    if image.has_transparency_data and image.mode.startswith("I"):  # one value is transparent
        alpha = np.where(np.asarray(image) != image.info["transparency"], 255, 0).astype(np.uint8)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image), alpha
    return np.array(_rgb(image)), alpha


def _rgb(image: Image.Image) -> Image.Image:
    """Inks by their profile, if it is one."""
    icc = image.info.get("icc_profile")
    if image.mode == "CMYK" and icc:
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            inks = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            srgb = ImageCms.createProfile("sRGB")
            shown = ImageCms.profileToProfile(image, inks, srgb, outputMode="RGB")
            if shown is not None:
                return shown
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Gray of 16 bits or more: the full 16-bit range where it is used, else as it is."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    if values.max(initial=0) > 255:
        values = values / 257
    elif image.mode == "F" and values.max(initial=0) <= 1:
        values = values * 255
    return np.asarray(np.clip(np.round(values), 0, 255), dtype=np.uint8)


_EXIF_IFD = 0x8769
RIGHTS_TAGS = {"Author": 0x013B, "Copyright": 0x8298}
"""EXIF tags by the names of PNG's text chunks."""
_IPTC = {"Author": (2, 80), "Copyright": (2, 116)}
_XMP = {"Author": "dc:creator", "Copyright": "dc:rights"}

# Make, model, resolution with its unit, time.
_KEPT = (0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0132, *RIGHTS_TAGS.values())
# Exposure, version, times, lens and light, colour space, focal plane, scene, kind of lens.
_KEPT_OF_EXPOSURE = (
    *(0x829A, 0x829D, 0x8822, 0x8827, *range(0x8830, 0x8834)),
    *(0x9000, 0x9003, 0x9004, *range(0x9010, 0x9013)),
    *(*range(0x9201, 0x920B), *range(0x9290, 0x9293)),
    *(0xA001, *range(0xA20E, 0xA211), 0xA217, *range(0xA401, 0xA40B), *range(0xA432, 0xA435)),
)


def kept_exif(block: bytes | None) -> Image.Exif:
    """Of an EXIF block, what may stay; nothing of one that is damaged."""
    kept = Image.Exif()
    if not block:
        return kept
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = Image.Exif()
            whole.load(block)
            exposure = whole.get_ifd(_EXIF_IFD)
            kept.update({tag: whole[tag] for tag in _KEPT if tag in whole})
            found = {tag: exposure[tag] for tag in _KEPT_OF_EXPOSURE if tag in exposure}
            if found:
                kept.get_ifd(_EXIF_IFD).update(found)
            kept.tobytes()
    except Exception:  # whatever damage makes of Pillow's parser
        return Image.Exif()
    return kept


def rights_of(image: ImageFile.ImageFile) -> dict[str, str]:
    """Author and copyright that stand outside of EXIF: in PNG's texts, XMP or IPTC."""
    found: dict[str, str] = {}
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else str(xmp)
    try:
        iptc = IptcImagePlugin.getiptcinfo(image) or {}
    except Exception:  # whatever damage makes of Pillow's parser
        iptc = {}
    for name in RIGHTS_TAGS:
        items = re.search(rf"<{_XMP[name]}>(.*?)</{_XMP[name]}>", text, re.DOTALL)
        listed = re.findall(r"<rdf:li[^>]*>([^<]*)</rdf:li>", items[1]) if items else []
        other = iptc.get(_IPTC[name], b"")
        values = [
            image.info.get(name),
            ", ".join(unescape(value.strip()) for value in listed),
            other.decode("utf-8", "replace") if isinstance(other, bytes) else "",
        ]
        value = next((str(value).strip() for value in values if value), "")
        if value:
            found[name] = value
    return found


_END = b"\xff\xd9"
_OTHER = bytes(range(37, 165, 2))
_START_OF_SCAN = 0xDA
_RESTARTS = range(0xD0, 0xD8)


def completed(data: bytes) -> tuple[bytes, float]:
    """The file with an end marker, and the share of the picture, in [0, 1], that it lacks. Of a
    progressive file that is 1 where only a coarse version is there, else 0.

    Raises what Pillow raises where it cannot be decoded even so.
    """
    data = data.rstrip(b"\0")  # a copy may have been given its full length in advance
    if data.endswith(b"\xff"):
        data = data[:-1]
    whole = data + _END
    with Image.open(io.BytesIO(whole), formats=("JPEG",)) as image:
        if "progressive" in image.info:
            return whole, 0.0 if _is_fine(data, len(image.getbands())) else 1.0
    # What changes with bytes behind the cut was not there, and nothing that comes after it.
    shown = _eighth(whole)
    changed = np.argwhere(shown != _eighth(data + _OTHER + _END))
    if not len(changed):
        return whole, 0.0
    height, width = shown.shape[:2]
    row, column = changed[0, :2]
    there = row * width + min(2, height - row) * column  # blocks of 8 px come in rows of 1 or 2
    return whole, 1 - float(there) / (height * width)


def _eighth(data: bytes) -> NDArray[np.uint8]:
    """The picture from the means of its blocks alone."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft(image.mode, (max(1, image.width // 8), max(1, image.height // 8)))
        return np.asarray(image)


def _is_fine(data: bytes, num_channels: int) -> bool:
    """Whether the scans of a progressive file bring all frequencies of all channels, and the one
    that is cut the last bit."""
    complete: set[int] = set()
    last_bit = 0
    at = 2
    while 0 <= at <= len(data) - 4:
        marker = data[at + 1]
        if data[at] != 0xFF or marker in (0x00, 0xFF, *_RESTARTS):
            at = data.find(b"\xff", at + 1)
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _START_OF_SCAN and end <= len(data):
            head = data[at + 4 : end]
            last_frequency, last_bit = head[-2], head[-1] & 0x0F
            if last_frequency == 63:
                complete.update(head[1 : 1 + 2 * head[0] : 2])
        at = end
    return len(complete) >= num_channels and last_bit == 0
