"""Photographs from files: upright 8-bit RGB pixels, with the profile and metadata to keep."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from ecgan.errors import ImageError
from ecgan.faces.encoding import (
    Encoding,
    completed,
    encoding_of,
    made_encoding,
    pixels_of,
)

MAX_PIXELS = 100_000_000
MAX_SIDE_PX = 32_766
"""Of a longer picture OpenCV's 16-bit coordinates overflow, which ends the whole process."""
MAX_MISSING = 0.1
"""Share of a JPEG picture that may lie behind the end of its file."""
MAX_FRAMES_TRIED = 100
BLANK_RANGE = 16
"""Levels that a frame of one colour may have after lossy compression."""
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
"""Pillow's other decoders are left alone: they are for no photographs, and EPS runs a program."""
_BOXED_FORMATS = ("AVIF", "HEIF")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


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


def as_rgb(pixels: Any, name: str = "pixels") -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB; gray arrays become RGB and opacity is dropped, as in a viewer.

    The order of the channels cannot be seen: turn OpenCV's BGR around first.

    Raises:
        TypeError: no array, or one whose values are not whole numbers from 0 to 255.
        ValueError: a shape that no photo has, or a side of more than `MAX_SIDE_PX`.
    """
    expected = f"{name}: expected a (height, width, 3) uint8 RGB array"
    if not isinstance(pixels, np.ndarray):
        raise TypeError(f"{expected}, got {described(pixels)}")
    if pixels.dtype != np.uint8:
        values = f"{pixels.dtype} values"
        if pixels.size and pixels.dtype.kind in "fiu":
            values += f" from {pixels.min():.4g} to {pixels.max():.4g}"
        raise TypeError(f"{expected} of 0 to 255, got {values}: scale, round and convert them")
    if pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 1):
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    elif pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        order = ": move the channels last" if 3 in pixels.shape[:1] and pixels.ndim == 3 else ""
        several = ": give a list of photos" if pixels.ndim == 4 else ""
        raise ValueError(f"{expected}, got shape {pixels.shape}{order}{several}")
    height, width = pixels.shape[:2]
    if not height or not width:
        raise ValueError(f"{expected}, got an empty one of shape {pixels.shape}")
    if max(height, width) > MAX_SIDE_PX:
        raise ValueError(
            f"{name}: {width} x {height} px, at most {MAX_SIDE_PX:,} a side can be worked on: "
            "make the photo smaller"
        )
    rgb: NDArray[np.uint8] = pixels[..., :3]
    return rgb


def described(value: Any) -> str:
    """A value in an error message; a path comes with the way to open it."""
    if isinstance(value, str) or hasattr(value, "__fspath__"):
        return f"the {type(value).__name__} {str(value)!r}: open a photo with read_photo(Path(...))"
    if isinstance(value, np.ndarray):
        return f"a {value.dtype} array of shape {value.shape}"
    return f"a {type(value).__module__}.{type(value).__qualname__}"


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
            except (ImageError, Image.DecompressionBombError):
                raise
            except Exception:  # for damaged files Pillow raises errors of nearly every kind
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
    except Exception as error:
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
    image.load()
    return _shown(image, path, kind, encoding, notes)


def photo_of_image(image: Image.Image) -> Photo:
    """A picture that Pillow has opened or made, as a viewer shows it; it stays as it is.

    Raises:
        ImageError: its file is damaged or closed, or it is larger than `read_photo` takes.
    """
    path = Path(getattr(image, "filename", "") or "the image")
    _check_size(image, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if isinstance(image, ImageFile.ImageFile) and image.fp is not None:
                encoding = encoding_of(image)
            else:
                encoding = made_encoding(image)
            image.load()
            return _shown(image.copy(), None, image.format or "PNG", encoding, ())
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ImageError(f"{path} cannot be read: {reason}") from None


def _shown(
    image: Image.Image, path: Path | None, kind: str, encoding: Encoding, notes: tuple[str, ...]
) -> Photo:
    """A decoded picture, turned upright."""
    icc = image.info.get("icc_profile")
    exif = None
    try:
        ImageOps.exif_transpose(image, in_place=True)
        tags = image.getexif()
        tags.pop(ExifTags.Base.Orientation, None)
        exif = tags.tobytes() if len(tags) else None
    except Exception:
        notes += ("its EXIF is damaged and left out",)
    pixels, alpha = pixels_of(image)
    if image.mode in ("CMYK", "LAB"):
        icc = None  # of pixels that are no longer there
    return Photo(pixels, icc, exif, alpha, path, kind, encoding, notes)


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
    count = 1
    with contextlib.suppress(Exception):  # of what is damaged, the first frame
        count = int(getattr(image, "n_frames", 1))
    if count < 2:
        return ()
    chosen = 0
    for number in range(min(count, MAX_FRAMES_TRIED)):
        with contextlib.suppress(Exception):
            image.seek(number)
            _check_size(image, path)
            if not _is_blank(image):
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


def _too_large(path: Path) -> str:
    return f"{path} has more than {MAX_PIXELS // 1_000_000} million pixels: make it smaller"
