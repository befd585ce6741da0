"""Photographs in and out: upright 8-bit RGB pixels, with the profile and metadata to keep."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from ecgan.errors import ImageError, UsageError
from ecgan.faces.pixels import as_rgb
from ecgan.files import write_bytes

MAX_PIXELS = 100_000_000
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""Pillow's other decoders are left alone: they are for no photographs, and EPS runs a program."""
DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
"""IPTC's term for a photograph that a model changed in part."""

_ORIENTATION, _DESCRIPTION, _SOFTWARE = 0x0112, 0x010E, 0x0131
_PNG_LEVEL = 3
"""Three times as fast as the usual 6, and a tenth larger."""


_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for damaged files."""


@dataclass(frozen=True)
class Photo:
    """An opened photograph."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) RGB, upright."""
    icc: bytes | None
    """Colour profile of `pixels`."""
    exif: bytes | None
    """EXIF block with the orientation reset."""
    alpha: NDArray[np.uint8] | None
    """(height, width) opacity, if the file has one."""
    path: Path | None
    format: str
    """Pillow's name, such as JPEG."""

    def __post_init__(self) -> None:
        """Gray pixels become RGB; what cannot be a photo is refused, see `as_rgb`."""
        object.__setattr__(self, "pixels", as_rgb(self.pixels, "Photo.pixels"))


def read_photo(path: Path, data: bytes | None = None) -> Photo:
    """Open a photograph of any common kind; of an animation, the first frame.

    `data`: the file's bytes where it lies in an archive; `path` then only names it.

    Raises:
        ImageError: missing, not an image, damaged, or more than `MAX_PIXELS` (refused before
            decoding). The message is one line.
    """
    try:
        if data is None and path.exists() and not (path.is_file() or path.is_dir()):
            raise ImageError(f"{path} is a pipe, socket or device, expected an image file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = path if data is None else io.BytesIO(data)
            with Image.open(file, formats=_FORMATS) as image:
                return _photo(image, path)
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ImageError(f"{path} is a folder, expected an image file") from None
    except PermissionError:
        raise ImageError(f"{path} may not be read: check its permissions") from None
    except Image.DecompressionBombError:
        raise ImageError(_too_large(path)) from None
    except UnidentifiedImageError:
        raise ImageError(f"{path} is not an image: expected JPEG, PNG, WebP, TIFF or BMP") from None
    except _DECODER_ERRORS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ImageError(f"{path} cannot be read, the file is damaged: {reason}") from None


def write_photo(
    path: Path,
    pixels: NDArray[np.uint8],
    like: Photo | None = None,
    metadata: Mapping[str, str] = {},
    *,
    durable: bool = True,
) -> None:
    """Write RGB pixels whole or not at all, in the format of the suffix (.jpg, .png, .webp).

    The colour profile, EXIF and opacity of `like` are kept. `metadata` and IPTC's mark of an image
    that a model changed go into the file: text chunks in PNG, XMP and the EXIF description in all.
    What is not `durable` may be empty after a power cut.

    Raises:
        UsageError: a suffix that cannot carry the mark.
    """
    suffix = path.suffix.lower()
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    if like is not None and like.exif:
        exif.load(like.exif)
    if metadata:
        exif[_DESCRIPTION] = "; ".join(f"{key}: {value}" for key, value in metadata.items())
    icc = like.icc if like is not None else None
    alpha = like.alpha if like is not None else None
    xmp = _xmp(metadata) if metadata else None
    buffer = io.BytesIO()
    if suffix in (".jpg", ".jpeg"):
        extra = {"xmp": xmp} if xmp else {}
        image.save(buffer, "JPEG", quality=95, subsampling=0, exif=exif, icc_profile=icc, **extra)
    elif suffix in (".png", ".webp"):
        if alpha is not None:
            image.putalpha(Image.fromarray(alpha))
        if suffix == ".webp":
            extra = {"xmp": xmp} if xmp else {}
            image.save(buffer, "WEBP", quality=95, exif=exif, icc_profile=icc, **extra)
        else:
            chunks = PngImagePlugin.PngInfo()
            for key, value in metadata.items():
                chunks.add_itxt(key, value)
            if xmp:
                chunks.add_itxt("XML:com.adobe.xmp", xmp.decode())
            image.save(
                buffer,
                "PNG",
                pnginfo=chunks,
                exif=exif,
                icc_profile=icc,
                compress_level=_PNG_LEVEL,
            )
    else:
        raise UsageError(f"cannot write {path}: expected a name that ends in .jpg, .png or .webp")
    write_bytes(path, buffer.getvalue(), durable=durable)


def _photo(image: Image.Image, path: Path) -> Photo:
    kind = image.format or "unknown"
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(_too_large(path))
    if image.width < 1 or image.height < 1:
        raise ImageError(f"{path} is empty")
    icc = image.info.get("icc_profile") if image.mode not in ("CMYK", "LAB") else None
    exif = image.getexif()
    image.load()
    upright = ImageOps.exif_transpose(image)
    exif.pop(_ORIENTATION, None)
    alpha = None
    if "A" in upright.getbands() or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        alpha = np.asarray(upright.getchannel("A"))
    if upright.mode.startswith("I") or upright.mode == "F":
        pixels = np.repeat(_eight_bits(upright)[..., None], 3, axis=2)
    else:
        pixels = np.array(upright.convert("RGB"))
    return Photo(pixels, icc, exif.tobytes() if len(exif) else None, alpha, path, kind)


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Gray of 16 bits or more: the full 16-bit range where it is used, else as it is."""
    values = np.asarray(image, dtype=np.float64)
    if values.max(initial=0) > 255:
        values = values / 257
    elif image.mode == "F" and values.max(initial=0) <= 1:
        values = values * 255
    return np.asarray(np.clip(np.round(values), 0, 255), dtype=np.uint8)


def _too_large(path: Path) -> str:
    return f"{path} has more than {MAX_PIXELS // 1_000_000} million pixels: make it smaller"


def _xmp(metadata: Mapping[str, str]) -> bytes:
    from xml.sax.saxutils import escape

    description = escape("; ".join(f"{key}: {value}" for key, value in metadata.items()))
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<Iptc4xmpExt:DigitalSourceType>{DIGITAL_SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{description}</rdf:li></rdf:Alt></dc:description>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()
