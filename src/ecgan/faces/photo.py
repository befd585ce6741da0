"""Photographs from files: upright 8-bit RGB pixels, with the profile and metadata to keep."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

from ecgan.errors import ImageError
from ecgan.faces.encoding import Encoding, completed, encoding_of
from ecgan.faces.pixels import MAX_SIDE_PX, as_rgb

MAX_PIXELS = 100_000_000
MAX_MISSING = 0.1
"""Share of a JPEG picture that may lie behind the end of its file."""
MAX_FRAMES_TRIED = 100
BLANK_RANGE = 16
"""Levels that a frame of one colour may have after lossy compression."""
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""Pillow's other decoders are left alone: they are for no photographs, and EPS runs a program."""
_BOXED_FORMATS = ("AVIF", "HEIF")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the value of EXIF's orientation, what puts a picture upright."""

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
    notes: tuple[str, ...] = ()
    """What a user should know of how the file was read, in a few words each."""

    def __post_init__(self) -> None:
        """Gray pixels become RGB; what cannot be a photo is refused, see `as_rgb`."""
        object.__setattr__(self, "pixels", as_rgb(self.pixels, "Photo.pixels"))


def read_photo(path: Path | str, data: bytes | None = None) -> Photo:
    """Open a photograph of any common kind; of an animation, the first frame that is not of one
    colour. A JPEG file that lacks its end is read if `MAX_MISSING` allows it.

    `data`: the file's bytes where it lies in an archive; `path` then only names it.

    Raises:
        ImageError: missing, not an image, damaged, or larger than `MAX_PIXELS` and `MAX_SIDE_PX`
            allow (refused before decoding). The message is one line.
    """
    path = Path(path)
    head = b""
    try:
        if data is None and path.exists() and not (path.is_file() or path.is_dir()):
            raise ImageError(f"{path} is a pipe, socket or device, expected an image file")
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            head = file.read(32)
            file.seek(0)
            try:
                return _decoded(file, head, path)
            except _DECODER_ERRORS:
                if not head.startswith(b"\xff\xd8"):
                    raise
                file.seek(0)
                return _cut_jpeg(file.read(), path)
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
        raise ImageError(f"{path} {_unknown(head)}") from None
    except _DECODER_ERRORS as error:
        if isinstance(error, OSError) and error.strerror:
            raise ImageError(f"{path} cannot be read: {error.strerror}") from None
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ImageError(f"{path} cannot be read, the file is damaged: {reason}") from None


def _decoded(file: BinaryIO, head: bytes, path: Path, *notes: str) -> Photo:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(file, formats=_formats(head)) as image:
            return _photo(image, path, notes)


def _cut_jpeg(data: bytes, path: Path) -> Photo:
    whole, missing = completed(data)
    lack = "its end"
    if missing:
        share = "most" if missing == 1 else f"about {max(missing, 0.01):.0%}"
        lack += f", with {share} of the picture"
    if missing > MAX_MISSING:
        raise ImageError(f"{path} cannot be read, the file is damaged: it lacks {lack}")
    return _decoded(io.BytesIO(whole), data[:32], path, f"the file lacks {lack}")


def _formats(head: bytes) -> tuple[str, ...]:
    """The decoders to ask; of AVIF and HEIC those that are there."""
    if head[4:8] != b"ftyp":
        return _FORMATS
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in _BOXED_FORMATS if name in Image.OPEN) or _FORMATS


def _unknown(head: bytes) -> str:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in _HEIC_BRANDS and "HEIF" not in Image.OPEN:
        return "is HEIC, which takes one more package: pip install 'ecgan[heic]'"
    if brand in (b"avif", b"avis") and "AVIF" not in Image.OPEN:
        return "is AVIF, which takes a newer Pillow: pip install 'pillow>=11.3'"
    return "is not an image: expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF"


def _photo(image: ImageFile.ImageFile, path: Path, notes: tuple[str, ...]) -> Photo:
    kind = "JPEG" if image.format == "MPO" else image.format or "unknown"
    _check_size(image, path)
    encoding = encoding_of(image)
    notes += _choose_frame(image, path)
    icc = image.info.get("icc_profile")
    image.load()
    try:
        exif = image.getexif()
        turn = _TURNS.get(exif.pop(_ORIENTATION, None))
        exif_bytes = exif.tobytes() if len(exif) else None
    except _DECODER_ERRORS:
        exif_bytes = turn = None
        notes += ("its EXIF is damaged and left out",)
    upright = image if turn is None else image.transpose(turn)
    alpha = None
    if upright.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in upright.info:
        upright, alpha = _apart(upright)
    if upright.mode.startswith("I") or upright.mode == "F":
        pixels = np.repeat(_eight_bits(upright)[..., None], 3, axis=2)
    else:
        pixels = np.array(_rgb(upright, icc))
    if image.mode in ("CMYK", "LAB"):
        icc = None  # of pixels that are no longer there
    return Photo(pixels, icc, exif_bytes, alpha, path, kind, encoding, notes)


def _check_size(image: Image.Image, path: Path) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(_too_large(path))
    if max(image.size) > MAX_SIDE_PX:
        raise ImageError(
            f"{path} has {image.width} x {image.height} pixels, at most {MAX_SIDE_PX:,} a side can "
            "be used: make it smaller"
        )
    if min(image.size) < 1:
        raise ImageError(f"{path} is empty")


def _choose_frame(image: Image.Image, path: Path) -> tuple[str, ...]:
    """Go to the first frame that shows something; what to say of it, if there are several."""
    if image.format in ("MPO", "HEIF"):  # the main picture comes first
        return ()
    try:
        count = int(getattr(image, "n_frames", 1))
    except _DECODER_ERRORS:
        count = 1
    if count < 2:
        return ()
    chosen = 0
    for number in range(min(count, MAX_FRAMES_TRIED)):
        try:
            image.seek(number)
            _check_size(image, path)
            blank = _is_blank(image)
        except (ImageError, *_DECODER_ERRORS):
            continue
        if not blank:
            chosen = number
            break
    image.seek(chosen)
    _check_size(image, path)
    if image.format == "TIFF":
        return (f"the file has {count} pages: page {chosen + 1} is used",)
    return (f"animated: frame {chosen + 1} of {count} is used",)


def _is_blank(image: Image.Image) -> bool:
    """Whether a frame is transparent or of one colour."""
    shown = np.asarray(image.convert("RGBA"))
    return bool(not shown[..., 3].any() or np.ptp(shown[..., :3], axis=(0, 1)).max() <= BLANK_RANGE)


def _apart(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8]]:
    """Colours and opacity."""
    if image.mode.startswith("I"):  # 16-bit gray with one value that counts as transparent
        values = np.asarray(image)
        opaque = values != image.info["transparency"]
        return image, np.where(opaque, 255, 0).astype(np.uint8)
    whole = image.convert("RGBA")
    return whole, np.asarray(whole.getchannel("A"))


def _rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Inks by their profile, if it is one."""
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


def _too_large(path: Path) -> str:
    return f"{path} has more than {MAX_PIXELS // 1_000_000} million pixels: make it smaller"
