"""Photographs from files: upright 8-bit RGB pixels, with the profile and metadata to keep."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from ecgan.errors import ImageError
from ecgan.faces.encoding import Encoding, encoding_of

MAX_PIXELS = 100_000_000
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""Pillow's other decoders are left alone: they are for no photographs, and EPS runs a program."""

_ORIENTATION = 0x0112

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
    encoding: Encoding = field(default_factory=Encoding)
    """How the file holds the pixels."""


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


def _photo(image: ImageFile.ImageFile, path: Path) -> Photo:
    kind = image.format or "unknown"
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(_too_large(path))
    if image.width < 1 or image.height < 1:
        raise ImageError(f"{path} is empty")
    encoding = encoding_of(image)
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
    return Photo(
        pixels, icc, exif.tobytes() if len(exif) else None, alpha, path, kind, encoding=encoding
    )


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
