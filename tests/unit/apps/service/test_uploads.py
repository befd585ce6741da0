"""What counts as a photo: by its bytes, before anything decodes it."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image
from support.tiny_service import photo_bytes

from ecgan.apps.service.problems import Problem
from ecgan.apps.service.uploads import MAX_BYTES, check_upload, open_upload

JPEG = photo_bytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says to be large and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("payload.txt", "hello")
    return file.getvalue()


def animated() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), (shade, 0, 0)) for shade in (0, 99)]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    return file.getvalue()


def with_comment(comment: bytes) -> bytes:
    return JPEG[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + JPEG[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photos_are_taken(kind: str) -> None:
    upload = check_upload(photo_bytes(kind))
    assert (upload.kind, upload.pixels) == (kind, 512 * 512)
    photo = open_upload(upload)
    assert photo.pixels.shape == (512, 512, 3)
    assert photo.path is None


def test_what_cameras_put_behind_a_picture_is_taken() -> None:
    moving = JPEG + b"\0\0\0\x18ftypmp42" + bytes(1000)
    assert check_upload(moving).kind == "JPEG"
    file = io.BytesIO()
    Image.open(io.BytesIO(JPEG)).save(
        file, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))]
    )
    assert open_upload(check_upload(file.getvalue())).pixels.shape == (512, 512, 3)


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"", 400, "empty"),
        (JPEG + bytes(MAX_BYTES), 413, "bytes"),
        (png_header(10_000, 10_000), 413, "25 million"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "JPEG, PNG or WebP"),
        (b"GIF89a" + bytes(100), 415, "JPEG, PNG or WebP"),
        (b"%PDF-1.7", 415, "JPEG, PNG or WebP"),
        (JPEG + zipped(), 415, "ZIP"),
        (photo_bytes("PNG") + zipped(), 415, "ZIP"),
        (with_comment(b"%PDF-1.4 \n1 0 obj"), 415, "PDF"),
        (with_comment(b"<html><body>"), 415, "page"),
        (JPEG + b"<SCRIPT>alert(1)</SCRIPT>", 415, "script"),
        (with_comment(b"<?php system($_GET['c']); ?>"), 415, "script"),
        (JPEG[:2] + b"\xff\xda" * 300 + JPEG[2:], 415, "scans"),
        (animated(), 415, "animated"),
        (JPEG[:12], 400, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), 400, "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", 400, "damaged"),
    ],
)
def test_what_is_refused_and_how(data: bytes, status: int, says: str) -> None:
    with pytest.raises(Problem, match=says) as caught:
        check_upload(data)
    assert caught.value.status == status
    assert len(caught.value.sha256 or "") == 64


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_was_cut_is_damaged(kind: str) -> None:
    data = photo_bytes(kind)
    with pytest.raises(Problem, match="damaged") as caught:
        open_upload(check_upload(data[: len(data) // 2]))
    assert caught.value.status == 400


def test_the_message_names_no_file() -> None:
    with pytest.raises(Problem, match=r"^the photo cannot be read"):
        open_upload(check_upload(JPEG[: len(JPEG) // 2]))
