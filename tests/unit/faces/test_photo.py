"""Photos in and out: every kind of file is upright RGB, or refused in one line."""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from support.tiny_data import draw_face

from ecgan.errors import ImageError, UsageError
from ecgan.faces.encoding import completed
from ecgan.faces.photo import MAX_SIDE_PX, Photo, read_photo
from ecgan.faces.photo_writing import DIGITAL_SOURCE_TYPE, write_photo


@pytest.fixture
def pixels() -> np.ndarray:
    rows, columns = np.mgrid[0:40, 0:60]
    return np.stack([rows * 6, columns * 4, rows + columns], axis=2).astype(np.uint8)


def _huge_png(path: Path, side: int = 50_000) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x"))
    return path


def test_png_comes_back_exactly(tmp_path: Path, pixels: np.ndarray) -> None:
    write_photo(tmp_path / "a.png", pixels)
    photo = read_photo(tmp_path / "a.png")
    assert np.array_equal(photo.pixels, pixels)
    assert photo.format == "PNG"
    assert photo.alpha is None


def test_orientation_is_applied_and_reset(tmp_path: Path, pixels: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    exif[0x010F] = "Maker"
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    photo = read_photo(tmp_path / "a.png")
    assert np.array_equal(photo.pixels, np.rot90(pixels, -1))
    write_photo(tmp_path / "b.png", photo.pixels, photo)
    with Image.open(tmp_path / "b.png") as again:
        assert again.getexif().get(0x0112, 1) == 1
        assert again.getexif()[0x010F] == "Maker"


def test_profile_and_opacity_are_kept(tmp_path: Path, pixels: np.ndarray) -> None:
    image = Image.fromarray(pixels)
    image.putalpha(Image.fromarray(pixels[..., 0]))
    image.save(tmp_path / "a.png", icc_profile=b"a profile")
    photo = read_photo(tmp_path / "a.png")
    write_photo(tmp_path / "b.png", photo.pixels, photo)
    again = read_photo(tmp_path / "b.png")
    assert again.icc == b"a profile"
    assert again.alpha is not None
    assert np.array_equal(again.alpha, pixels[..., 0])
    assert np.array_equal(again.pixels, pixels)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "RGBA"])
def test_other_modes_become_rgb(tmp_path: Path, pixels: np.ndarray, mode: str) -> None:
    image = Image.fromarray(pixels).convert("RGBA" if "A" in mode else "RGB").convert(mode)
    image.save(tmp_path / "a.tif")
    photo = read_photo(tmp_path / "a.tif")
    assert photo.pixels.shape == (40, 60, 3)
    assert photo.pixels.dtype == np.uint8


def test_sixteen_bits_keep_their_range(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 40 * 60).reshape(40, 60).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert abs(photo.pixels[..., 0].astype(int) - (values / 257).round()).max() <= 1
    assert photo.pixels.max() == 255


def test_animation_gives_its_first_frame(tmp_path: Path, pixels: np.ndarray) -> None:
    first, second = Image.fromarray(pixels[..., 0]), Image.fromarray(255 - pixels[..., 0])
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert np.array_equal(read_photo(tmp_path / "a.gif").pixels[..., 0], pixels[..., 0])


def test_bad_files_are_refused_in_one_line(tmp_path: Path, pixels: np.ndarray) -> None:
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((600, 400)).save(buffer, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (tmp_path / "text.jpg").write_text("not a photo")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "folder.jpg").mkdir()
    _huge_png(tmp_path / "huge.png")
    for name in ("cut.jpg", "text.jpg", "empty.png", "folder.jpg", "huge.png", "missing.jpg"):
        with pytest.raises(ImageError) as caught:
            read_photo(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert name in str(caught.value)


def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="million pixels"):
        read_photo(_huge_png(tmp_path / "a.png", 12_000))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_the_mark_is_inside_the_file(tmp_path: Path, pixels: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_photo(path, pixels, metadata={"Software": "ecgan", "Synthetic": "expression <changed>"})
    assert DIGITAL_SOURCE_TYPE.encode() in path.read_bytes()
    with Image.open(path) as image:
        assert "Synthetic: expression <changed>" in image.getexif()[0x010E]


def test_other_suffixes_are_refused_and_nothing_is_left(tmp_path: Path, pixels: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"\.jpg, \.png or \.webp"):
        write_photo(tmp_path / "a.bmp", pixels)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_no_damaged_file_escapes_as_another_error(
    tmp_path: Path, pixels: np.ndarray, kind: str
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    whole, path = buffer.getvalue(), tmp_path / "damaged"
    random = np.random.default_rng(0)
    for length in np.linspace(1, len(whole) - 1, 25).astype(int):
        path.write_bytes(whole[:length])
        _read_or_refuse(path)
    for _ in range(60):
        broken = np.frombuffer(whole, np.uint8).copy()
        where = random.integers(0, min(len(broken), 400), 4)
        broken[where] = random.integers(0, 256, 4)
        path.write_bytes(broken.tobytes())
        _read_or_refuse(path)


def _read_or_refuse(path: Path) -> None:
    try:
        photo = read_photo(path)
    except ImageError as error:
        assert "\n" not in str(error)
    else:
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.shape[2] == 3


@pytest.mark.parametrize("turn", range(1, 9))
def test_all_eight_orientations(tmp_path: Path, pixels: np.ndarray, turn: int) -> None:
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(np.ascontiguousarray(undo(pixels))).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "a.png").pixels, pixels)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def face() -> Image.Image:
    return draw_face("ann", "happy", 160).convert("RGB")


def distance(photo: Photo, image: Image.Image) -> float:
    return float(np.abs(photo.pixels.astype(float) - np.asarray(image.convert("RGB"))).mean())


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("cut", [1, 2, 12])
def test_a_jpeg_without_its_end_is_read_and_said(
    tmp_path: Path, face: Image.Image, cut: int, progressive: bool
) -> None:
    data = encoded(face, "JPEG", progressive=progressive)
    photo = read_photo(tmp_path / "a.jpg", data[:-cut])
    assert distance(photo, face) < 4
    (note,) = photo.notes
    assert note.startswith("the file lacks its end")
    assert read_photo(tmp_path / "a.jpg", data).notes == ()


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}, {"progressive": True}])
def test_a_jpeg_that_lacks_much_is_refused(
    tmp_path: Path, face: Image.Image, options: dict[str, object]
) -> None:
    data = encoded(face, "JPEG", quality=90, **options)
    half = data[: len(data) // 2]
    for cut in (half, half + bytes(len(half))):  # the room for it may have been made before
        with pytest.raises(ImageError, match=r"damaged: it lacks its end, with .+ of the picture"):
            read_photo(tmp_path / "a.jpg", cut)


def test_how_much_a_jpeg_lacks(face: Image.Image) -> None:
    data = encoded(face.resize((320, 320)), "JPEG", quality=95)
    start = data.index(b"\xff\xda")
    for share in (0.05, 0.3, 0.7):  # of bytes; of the picture about as much
        cut = int(share * (len(data) - start))
        assert completed(data[:-cut])[1] == pytest.approx(share, abs=0.2)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})],
)
def test_the_first_frame_that_shows_something_is_used_and_said(
    tmp_path: Path, face: Image.Image, kind: str, options: dict[str, object]
) -> None:
    def black() -> Image.Image:
        return Image.new("RGB", face.size)

    data = encoded(black(), kind, save_all=True, append_images=[face, black()], **options)
    photo = read_photo(tmp_path / "a", data)
    assert distance(photo, face) < 8  # GIF has a palette
    assert photo.notes == (
        "the file has 3 pages: page 2 is used"
        if kind == "TIFF"
        else "animated: frame 2 of 3 is used",
    )
    data = encoded(black(), kind, save_all=True, append_images=[Image.new("RGB", face.size, "red")])
    assert "1 of 2" in read_photo(tmp_path / "a", data).notes[0].replace(
        "2 pages: page 1", "1 of 2"
    )


def test_the_picture_of_a_phone_that_holds_further_ones_is_a_jpeg(
    tmp_path: Path, face: Image.Image
) -> None:
    data = encoded(face, "MPO", save_all=True, append_images=[Image.new("RGB", face.size)])
    photo = read_photo(tmp_path / "a.jpg", data)
    assert (photo.format, photo.notes) == ("JPEG", ())
    assert distance(photo, face) < 4


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
def test_avif(tmp_path: Path, face: Image.Image) -> None:
    photo = read_photo(tmp_path / "a.avif", encoded(face, "AVIF", quality=90))
    assert photo.format == "AVIF"
    assert distance(photo, face) < 4


def test_heic_with_its_package(tmp_path: Path, face: Image.Image) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    photo = read_photo(tmp_path / "a.heic", encoded(face, "HEIF", quality=90))
    assert photo.format == "HEIF"
    assert distance(photo, face) < 4


def test_heic_without_its_package_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
    with pytest.raises(ImageError, match=r"pip install 'ecgan\[heic\]'"):
        read_photo(tmp_path / "a.heic", data)


@pytest.mark.parametrize("size", [(MAX_SIDE_PX + 1, 3), (3, MAX_SIDE_PX + 1)])
def test_a_side_too_long_is_refused_before_decoding(tmp_path: Path, size: tuple[int, int]) -> None:
    data = encoded(Image.new("L", size), "PNG")
    with pytest.raises(ImageError, match="at most 32,766 a side"):
        read_photo(tmp_path / "a.png", data[: len(data) // 2])  # which cannot be decoded
    longest = Image.new("L", (MAX_SIDE_PX, 3))
    assert read_photo(tmp_path / "a.png", encoded(longest, "PNG")).pixels.shape[1] == MAX_SIDE_PX


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_does_not_close_a_photo(tmp_path: Path, face: Image.Image, kind: str) -> None:
    for exif in (b"Exif\0\0rubbish", b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\x01", b"x"):
        photo = read_photo(tmp_path / "a", encoded(face, kind, exif=exif))
        assert distance(photo, face) < 5


def gray16(face: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(face.convert("L")).astype(np.uint16) * 257)


SHOWN_AS_GRAY = {
    "16 bits": lambda face: encoded(gray16(face), "PNG"),
    "16 bits, one of them transparent": lambda face: encoded(gray16(face), "PNG", transparency=0),
    "32 bits": lambda face: encoded(
        Image.fromarray(np.asarray(face.convert("L")).astype(np.int32) * 257), "TIFF"
    ),
    "floats": lambda face: encoded(
        Image.fromarray(np.asarray(face.convert("L")).astype(np.float32) / 255), "TIFF"
    ),
}
SHOWN_IN_COLOUR = {
    "lab": lambda face: encoded(face.convert("LAB"), "TIFF"),
    "cmyk": lambda face: encoded(face.convert("CMYK"), "TIFF"),
    "cmyk, bad profile": lambda face: encoded(face.convert("CMYK"), "TIFF", icc_profile=b"none"),
    "palette": lambda face: encoded(face.quantize(256), "PNG"),
    "opaque but for one colour": lambda face: encoded(face, "PNG", transparency=(1, 2, 3)),
}


@pytest.mark.parametrize("name", [*SHOWN_AS_GRAY, *SHOWN_IN_COLOUR])
def test_pixels_are_what_a_viewer_shows(tmp_path: Path, face: Image.Image, name: str) -> None:
    data = (SHOWN_AS_GRAY | SHOWN_IN_COLOUR)[name](face)
    photo = read_photo(tmp_path / "a", data)
    assert distance(photo, face.convert("L") if name in SHOWN_AS_GRAY else face) < 3


def test_a_path_may_be_a_string(tmp_path: Path, pixels: np.ndarray) -> None:
    write_photo(tmp_path / "a.png", pixels)
    assert np.array_equal(read_photo(str(tmp_path / "a.png")).pixels, pixels)
