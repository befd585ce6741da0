"""Photographs into files: as their source was encoded, whole or not at all, marked as synthetic."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ecgan.errors import UsageError
from ecgan.faces.encoding import RIGHTS_TAGS, Encoding, kept_exif
from ecgan.faces.photo import Photo
from ecgan.files import write_bytes

DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
"""IPTC's term for a photograph that a model changed in part."""

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg"})
QUALITY = 95
"""Of JPEG and WebP where the source has none of its own."""
_DESCRIPTION = 0x010E
_PNG_LEVEL = 3
"""Three times as fast as the usual 6, and a tenth larger."""


def write_photo(
    path: Path,
    pixels: NDArray[np.uint8],
    like: Photo | None = None,
    metadata: Mapping[str, str] = {},
    *,
    quality: int | None = None,
    durable: bool = True,
) -> None:
    """Write what `encode_photo` gives, whole or not at all.

    What is not `durable` may be empty after a power cut.

    Raises:
        UsageError: a suffix that cannot carry the mark.
    """
    data = encode_photo(path, pixels, like, metadata, quality=quality)
    write_bytes(path, data, durable=durable)


def encode_photo(
    path: Path,
    pixels: NDArray[np.uint8],
    like: Photo | None = None,
    metadata: Mapping[str, str] = {},
    *,
    quality: int | None = None,
) -> bytes:
    """RGB pixels as the bytes of a file in the format of the suffix (.jpg, .png, .webp).

    What comes in goes out: of `like` grey stays one channel, a lossless file gives a lossless one
    where the format can, a JPEG keeps its quantisation tables, subsampling and progression; the
    colour profile, if it is one of such pixels, the resolution, the opacity and what `kept_exif`
    keeps stay. `metadata` and IPTC's mark of an image that a model changed go into the file: text
    chunks in PNG, XMP and the EXIF description in all.

    Args:
        path: gives the format.
        pixels: (height, width, 3).
        like: the photo that they were made from.
        metadata: texts by name.
        quality: 1 to 100, of JPEG and WebP, in place of the source's own.

    Raises:
        UsageError: a suffix that cannot carry the mark.
    """
    suffix = path.suffix.lower()
    if suffix not in JPEG_SUFFIXES | {".png", ".webp"}:
        raise UsageError(f"cannot write {path}: expected a name that ends in .jpg, .png or .webp")
    encoding = like.encoding if like else None
    image = _image(pixels, like, suffix)
    exif, rights = kept_exif(like.exif if like else None), dict(encoding.rights if encoding else {})
    for name, tag in RIGHTS_TAGS.items():
        if name in rights:
            exif.setdefault(tag, rights[name])
        elif tag in exif:
            rights[name] = str(exif[tag])
    if metadata:
        exif[_DESCRIPTION] = "; ".join(f"{key}: {value}" for key, value in metadata.items())
    options: dict[str, Any] = {"exif": exif, "icc_profile": _profile(like, image.mode)}
    if encoding is not None and encoding.dpi is not None and suffix != ".webp":
        options["dpi"] = encoding.dpi
    if metadata:
        options["xmp"] = _xmp(metadata, rights)
    buffer = io.BytesIO()
    if suffix == ".png":
        chunks = PngImagePlugin.PngInfo()
        for key, value in {**rights, **metadata}.items():
            chunks.add_itxt(key, value)
        if metadata:
            chunks.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode())
        image.save(buffer, "PNG", pnginfo=chunks, compress_level=_PNG_LEVEL, **options)
    elif suffix == ".webp":
        lossless = encoding is not None and encoding.lossless and quality is None
        image.save(
            buffer, "WEBP", lossless=lossless, exact=lossless, quality=quality or QUALITY, **options
        )
    else:
        image.save(buffer, "JPEG", **_jpeg_options(encoding, quality), **options)
    return buffer.getvalue()


def what_is_lost(photo: Photo, suffix: str, quality: int | None = None) -> tuple[str, ...]:
    """What of a photo a file of the format of the suffix cannot hold, a sentence each."""
    lost = []
    encoding, kind = photo.encoding, suffix.lower()
    if encoding.bits > 8:
        lost.append(f"{encoding.bits} bits a sample are written as 8")
    if photo.alpha is not None and kind in JPEG_SUFFIXES:
        lost.append("JPEG has no opacity: it is left out")
    if encoding.lossless and (kind in JPEG_SUFFIXES or (kind == ".webp" and quality)):
        lost.append("a lossless photo is written with loss, outside the face too")
    if photo.icc and _profile(photo, _mode(photo, kind)) is None:
        lost.append("its colour profile is not one of such pixels and is left out")
    return tuple(lost)


def _image(pixels: NDArray[np.uint8], like: Photo | None, suffix: str) -> Image.Image:
    image = Image.fromarray(pixels)
    if like is None:
        return image
    if _mode(like, suffix) == "L" and not np.any(pixels[..., 1:] != pixels[..., :1]):
        image = image.getchannel(0)
    if like.alpha is not None and suffix not in JPEG_SUFFIXES:
        image.putalpha(Image.fromarray(like.alpha))
    return image


def _mode(like: Photo, suffix: str) -> str:
    return "L" if like.encoding.grey and suffix != ".webp" else "RGB"


def _profile(like: Photo | None, mode: str) -> bytes | None:
    """The colour profile, unless it is one of other channels."""
    icc = like.icc if like is not None else None
    wrong = (b"CMYK", b"Lab ", b"RGB " if mode.startswith("L") else b"GRAY")
    return None if icc is None or icc[16:20] in wrong else icc


def _jpeg_options(encoding: Encoding | None, quality: int | None) -> dict[str, Any]:
    if encoding is None or encoding.tables is None:
        return {"quality": quality or QUALITY, "subsampling": 0}
    options = {"subsampling": encoding.subsampling, "progressive": encoding.progressive}
    if quality is not None:
        return {**options, "quality": quality}
    return {**options, "qtables": [list(table) for table in encoding.tables]}


def _xmp(metadata: Mapping[str, str], rights: Mapping[str, str]) -> bytes:
    description = "; ".join(f"{key}: {value}" for key, value in metadata.items())
    owner = ""
    if "Copyright" in rights:
        owner += f"<dc:rights>{_alternative(rights['Copyright'])}</dc:rights>"
    if "Author" in rights:
        author = escape(rights["Author"])
        owner += f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<Iptc4xmpExt:DigitalSourceType>{DIGITAL_SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
        f"<dc:description>{_alternative(description)}</dc:description>{owner}"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


def _alternative(text: str) -> str:
    return f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt>'
