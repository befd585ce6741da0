"""Images of every common kind and zips of them, and random damage to their bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

ORIENTATION = 0x0112


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(face: Image.Image, kind: str) -> bytes:
    """The face on its side, with the EXIF mark that puts it upright."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # shown turned to the right by a quarter
    return encoded(face.transpose(Image.Transpose.ROTATE_90), kind, exif=exif)


def animated(face: Image.Image, kind: str, **options: object) -> bytes:
    other = Image.new("RGB", face.size, (0, 90, 0))
    return encoded(face, kind, save_all=True, append_images=[other], **options)


def sixteen_bits(face: Image.Image, kind: str) -> bytes:
    gray = np.asarray(face.convert("L")).astype(np.uint16) * 257
    return encoded(Image.fromarray(gray), kind)


FORMATS: Mapping[str, Callable[[Image.Image], bytes]] = {
    "plain.jpg": lambda face: encoded(face, "JPEG"),
    "progressive.jpg": lambda face: encoded(face, "JPEG", progressive=True),
    "gray.jpg": lambda face: encoded(face.convert("L"), "JPEG"),
    "cmyk.jpg": lambda face: encoded(face.convert("CMYK"), "JPEG", quality=95),
    "turned.jpg": lambda face: turned(face, "JPEG"),
    "plain.png": lambda face: encoded(face, "PNG"),
    "sixteen.png": lambda face: sixteen_bits(face, "PNG"),
    "palette.png": lambda face: encoded(face.quantize(64), "PNG"),
    "bits.png": lambda face: encoded(face.convert("1"), "PNG"),
    "transparent.png": lambda face: encoded(face.convert("RGBA"), "PNG"),
    "turned.png": lambda face: turned(face, "PNG"),
    "animated.png": lambda face: animated(face, "PNG"),
    "plain.gif": lambda face: encoded(face, "GIF"),
    "animated.gif": lambda face: animated(face, "GIF"),
    "plain.bmp": lambda face: encoded(face, "BMP"),
    "palette.bmp": lambda face: encoded(face.quantize(16), "BMP"),
    "plain.tif": lambda face: encoded(face, "TIFF"),
    "lzw.tif": lambda face: encoded(face, "TIFF", compression="tiff_lzw"),
    "jpeg.tif": lambda face: encoded(face, "TIFF", compression="jpeg"),
    "sixteen.tif": lambda face: sixteen_bits(face, "TIFF"),
    "plain.webp": lambda face: encoded(face, "WEBP"),
    "lossless.webp": lambda face: encoded(face, "WEBP", lossless=True),
    "animated.webp": lambda face: animated(face, "WEBP"),
}
"""Encoders of an RGB image, by a name that tells the kind."""


def zipped(files: Mapping[str, bytes], *, stored: bool = False) -> bytes:
    """A zip of files by name, deflated or stored."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def mutated(
    data: bytes, random: np.random.Generator, *, dense_end: int = 0, cut: float = 0.3
) -> bytes:
    """1 to 8 bytes at random, half of them where the structure lies, and with probability `cut`
    the rest cut off.

    `dense_end`: the structure is in so many last bytes (a zip's directory); 0: in the first 200.
    """
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 9))):
        place = int(random.integers(len(changed)))
        if random.random() < 0.5:
            near = min(len(changed), dense_end or 200)
            place = int(random.integers(near)) + (len(changed) - near if dense_end else 0)
        changed[place] = int(random.integers(256))
    if random.random() < cut:
        del changed[int(random.integers(1, len(changed))) :]
    return bytes(changed)
