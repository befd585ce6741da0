"""What comes in goes out: mode, loss, tables, resolution, rights and profile; and what does not."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin

from ecgan.errors import UsageError
from ecgan.faces.photo import read_photo
from ecgan.faces.photo_writing import encode_photo, what_is_lost, write_photo

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
MARK = {"Synthetic": "true"}


@pytest.fixture
def pixels() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 1.5)


def again(path: Path, name: str = "", **options: object) -> Image.Image:
    """The photo at `path`, written like itself."""
    photo = read_photo(path)
    output = path.with_name(f"out.{name}" if name else f"out{path.suffix}")
    write_photo(output, photo.pixels, photo, MARK, **options)
    return Image.open(output)


def rgb(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "I;16"])
@pytest.mark.parametrize("output", ["png", "jpg", "webp"])
def test_grey_stays_grey(tmp_path: Path, pixels: np.ndarray, mode: str, output: str) -> None:
    image = Image.fromarray(pixels[..., 0])
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    image.convert(mode).save(tmp_path / "a.png")
    made = again(tmp_path / "a.png", output)
    assert made.mode[0] == ("R" if output == "webp" else "L")
    assert np.ptp(rgb(made), axis=2).max() == 0


def test_a_grey_photo_that_got_colour_keeps_it(tmp_path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels[..., 0]).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    write_photo(tmp_path / "b.png", pixels, photo)
    assert np.array_equal(rgb(Image.open(tmp_path / "b.png")), pixels)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("output", ["png", "webp"])
def test_lossless_goes_into_lossless(
    tmp_path: Path, pixels: np.ndarray, kind: str, output: str
) -> None:
    extra = {"lossless": True} if kind == "WEBP" else {}
    Image.fromarray(pixels).save(tmp_path / "a.img", kind, **extra)
    assert np.array_equal(rgb(again(tmp_path / "a.img", output)), pixels)


def test_a_lossless_webp_keeps_what_is_transparent(tmp_path: Path, pixels: np.ndarray) -> None:
    image = Image.fromarray(np.dstack([pixels, (pixels[..., 0] > 128) * 255]).astype(np.uint8))
    image.save(tmp_path / "a.webp", lossless=True, exact=True, icc_profile=SRGB)
    assert np.array_equal(np.asarray(again(tmp_path / "a.webp")), np.asarray(image))


def test_a_lossy_webp_stays_lossy(tmp_path: Path, pixels: np.ndarray) -> None:
    for options in ({}, {"save_all": True, "append_images": [Image.fromarray(255 - pixels)]}):
        Image.fromarray(pixels).save(tmp_path / "a.webp", quality=50, **options)
        assert not read_photo(tmp_path / "a.webp").encoding.lossless
    Image.fromarray(pixels).save(
        tmp_path / "a.webp",
        lossless=True,
        save_all=True,
        append_images=[Image.fromarray(255 - pixels)],
    )
    assert read_photo(tmp_path / "a.webp").encoding.lossless


@pytest.mark.parametrize("quality", [30, 75, 98])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_keeps_its_own_quality(
    tmp_path: Path, pixels: np.ndarray, quality: int, subsampling: int, progressive: bool
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(pixels).save(
        path, quality=quality, subsampling=subsampling, progressive=progressive
    )
    with Image.open(path) as source, again(path) as made:
        assert made.quantization == source.quantization
        assert JpegImagePlugin.get_sampling(made) == subsampling
        assert bool(made.info.get("progressive")) == progressive
        assert np.abs(rgb(made) - rgb(source)).mean() < 2


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_tables_of_other_jpegs(tmp_path: Path, pixels: np.ndarray, mode: str) -> None:
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.jpg", quality=60)
    with Image.open(tmp_path / "a.jpg") as source, again(tmp_path / "a.jpg") as made:
        assert made.quantization[0] == source.quantization[0]
        assert made.mode == ("L" if mode == "L" else "RGB")


@pytest.mark.parametrize("output", ["jpg", "webp"])
def test_quality_can_be_asked_for(tmp_path: Path, pixels: np.ndarray, output: str) -> None:
    Image.fromarray(pixels).save(tmp_path / f"a.{output}", quality=90)
    photo = read_photo(tmp_path / f"a.{output}")
    sizes = [
        len(encode_photo(Path(f"b.{output}"), photo.pixels, photo, quality=quality))
        for quality in (10, 50, 95)
    ]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3


@pytest.mark.parametrize("output", ["jpg", "png"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_resolution_is_kept(tmp_path: Path, pixels: np.ndarray, kind: str, output: str) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.img", kind, dpi=(300, 300))
    assert again(tmp_path / "a.img", output).info["dpi"] == pytest.approx((300, 300), abs=0.1)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0x8298] = "Maker", "Ann Artist", "(c) Ann"
    exif[0x9C9B] = "a title".encode("utf-16-le")
    exif.get_ifd(0x8769).update(
        {0x829D: 2.8, 0x9003: "2024:01:02 03:04:05", 0x927C: b"secret", 0xA431: "SERIAL7"}
    )
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return exif


@pytest.mark.parametrize("output", ["jpg", "png", "webp"])
def test_exif_keeps_rights_and_exposure_alone(
    tmp_path: Path, pixels: np.ndarray, output: str
) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=_exif())
    made = again(tmp_path / "a.jpg", output)
    exif = made.getexif()
    kept = (exif[0x010F], exif[0x013B], exif[0x8298])
    assert kept == ("Maker", "Ann Artist", "(c) Ann")
    exposure = exif.get_ifd(0x8769)
    assert float(exposure[0x829D]) == pytest.approx(2.8)
    assert exposure[0x9003] == "2024:01:02 03:04:05"
    assert set(exposure) == {0x829D, 0x9003}
    assert not exif.get_ifd(0x8825)
    data = (tmp_path / f"out.{output}").read_bytes()
    assert b"secret" not in data and b"SERIAL7" not in data
    assert b"(c) Ann" in data.partition(b"xmpmeta")[2], "the mark in XMP names the owner too"


def test_the_small_picture_of_the_old_face_is_dropped(tmp_path: Path, pixels: np.ndarray) -> None:
    small = io.BytesIO()
    Image.fromarray(pixels).resize((32, 24)).save(small, "JPEG")
    # Pillow writes no second directory: one is appended to a block that has a first one alone.
    block = bytearray(b"Exif\0\0II*\0\x08\0\0\0" + b"\x01\0" + b"\x0f\x01\x02\0\x02\0\0\0A\0\0\0")
    tail = len(block) - 6 + 4
    block += tail.to_bytes(4, "little") + b"\x02\0"
    data_at = tail + 2 + 24 + 4
    block += b"\x01\x02\x04\0\x01\0\0\0" + data_at.to_bytes(4, "little")
    block += b"\x02\x02\x04\0\x01\0\0\0" + len(small.getvalue()).to_bytes(4, "little")
    block += bytes(4) + small.getvalue()
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=bytes(block))
    assert small.getvalue() in (tmp_path / "a.jpg").read_bytes()
    assert again(tmp_path / "a.jpg").getexif()[0x010F] == "A"
    assert (tmp_path / "out.jpg").read_bytes().count(b"\xff\xd8\xff") == 1


def test_damaged_exif_is_left_out(tmp_path: Path, pixels: np.ndarray) -> None:
    whole = _exif().tobytes()
    random = np.random.default_rng(0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    for _ in range(100):
        block = np.frombuffer(whole, np.uint8).copy()
        block[random.integers(6, len(block), 6)] = random.integers(0, 256, 6)
        object.__setattr__(photo, "exif", block.tobytes())
        data = encode_photo(Path("b.jpg"), photo.pixels, photo, MARK)
        assert b"Synthetic" in data


def test_rights_in_text_chunks_and_xmp_are_kept(tmp_path: Path, pixels: np.ndarray) -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Copyright", "(c) Bea & Co")
    chunks.add_text("Comment", "private")
    Image.fromarray(pixels).save(tmp_path / "a.png", pnginfo=chunks)
    made = again(tmp_path / "a.png")
    assert made.text["Copyright"] == "(c) Bea & Co"
    assert "Comment" not in made.text
    assert made.getexif()[0x8298] == "(c) Bea & Co"
    xmp = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>"
        b"(c) Cy &amp; Co</rdf:li></rdf:Alt></dc:rights><dc:creator><rdf:Seq><rdf:li>Cy</rdf:li>"
        b"</rdf:Seq></dc:creator><exif:GPSLatitude>52</exif:GPSLatitude></x:xmpmeta>"
    )
    Image.fromarray(pixels).save(tmp_path / "b.jpg", xmp=xmp)
    exif = again(tmp_path / "b.jpg").getexif()
    assert (exif[0x013B], exif[0x8298]) == ("Cy", "(c) Cy & Co")
    assert b"GPSLatitude" not in (tmp_path / "out.jpg").read_bytes()


@pytest.mark.parametrize("output", ["jpg", "png", "webp"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("profile", [SRGB, GREY_PROFILE], ids=["RGB", "GRAY"])
def test_a_profile_is_one_of_the_pixels_that_it_is_on(
    tmp_path: Path, pixels: np.ndarray, mode: str, profile: bytes, output: str
) -> None:
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.png", icc_profile=profile)
    photo, made = read_photo(tmp_path / "a.png"), again(tmp_path / "a.png", output)
    fits = profile[16:20] == (b"GRAY" if made.mode == "L" else b"RGB ")
    assert made.info.get("icc_profile") == (profile if fits else None)
    lost = what_is_lost(photo, f".{output}")
    assert any("profile" in text for text in lost) == (not fits)


def test_what_a_format_cannot_hold_is_said(tmp_path: Path, pixels: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), pixels.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "deep.tif"), pixels.astype(np.uint16) * 257)
    for name in ("deep.png", "deep.tif"):
        assert what_is_lost(read_photo(tmp_path / name), ".png") == (
            "16 bits a sample are written as 8",
        )
    Image.fromarray(pixels).convert("RGBA").save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert what_is_lost(photo, ".png") == what_is_lost(photo, ".webp") == ()
    assert [text.split()[0] for text in what_is_lost(photo, ".jpg")] == ["JPEG", "a"]
    assert len(what_is_lost(photo, ".webp", 80)) == 1


def test_other_formats_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"\.jpg, \.png or \.webp"):
        encode_photo(Path("a.tif"), pixels)
