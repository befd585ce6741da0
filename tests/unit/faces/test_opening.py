"""Paths, pictures and arrays come in as what a viewer shows, or with one clear error."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.tiny_models import astronaut_photo

from ecgan.errors import EcganWarning, ImageError
from ecgan.faces.opening import are_several, open_photo
from ecgan.faces.photo import Photo, read_photo

RGB = np.ascontiguousarray(astronaut_photo().pixels[:64, :48])
GREY = RGB[..., 1]


def shown(photo) -> np.ndarray:
    return open_photo(photo).pixels


def test_a_path_a_picture_and_an_array_are_the_same_photo(tmp_path: Path) -> None:
    path = tmp_path / "anna.png"
    Image.fromarray(RGB).save(path)
    photo = read_photo(path)
    assert open_photo(photo) is photo
    for given in (path, str(path), Image.open(path), Image.fromarray(RGB), RGB):
        np.testing.assert_array_equal(shown(given), RGB)
    assert open_photo(path).path == path
    own = RGB.copy()
    opened = open_photo(own)
    own[:] = 0
    np.testing.assert_array_equal(opened.pixels, RGB)


def test_pictures_are_what_a_viewer_shows(tmp_path: Path) -> None:
    grey = np.repeat(GREY[..., None], 3, axis=2)
    sixteen = Image.fromarray(GREY.astype(np.uint16) * 257)
    palette = Image.fromarray(RGB).quantize(200)
    transparent = Image.fromarray(np.dstack([RGB, GREY]))
    for given, expected in (
        (Image.fromarray(GREY), grey),
        (GREY, grey),
        (GREY[..., None], grey),
        (sixteen, grey),
        (palette, np.asarray(palette.convert("RGB"))),
        (transparent, RGB),
        (np.dstack([RGB, GREY]), RGB),
        (Image.fromarray(GREY > 99), None),
        (Image.fromarray(RGB).convert("CMYK"), None),
    ):
        got = shown(given)
        assert got.shape == RGB.shape
        if expected is not None:
            np.testing.assert_array_equal(got, expected)
    for given in (transparent, np.dstack([RGB, GREY])):
        np.testing.assert_array_equal(open_photo(given).alpha, GREY)
    assert open_photo(GREY).encoding.grey and open_photo(sixteen).encoding.bits == 16


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_a_turned_picture_is_upright_and_stays_as_it_is(
    tmp_path: Path, suffix: str, loaded: bool
) -> None:
    path = tmp_path / f"turned.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(path, exif=exif, quality=100)
    with Image.open(path) as picture:
        if loaded:
            picture.load()
        opened = open_photo(picture)
        size = picture.size
        assert open_photo(picture).pixels.tobytes() == opened.pixels.tobytes()
        assert picture.size == size
    np.testing.assert_array_equal(opened.pixels, read_photo(path).pixels)
    assert opened.pixels.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (RGB / 255, TypeError, "got float64 values from .* to 1?.*: scale, round and convert"),
        (RGB.astype(np.uint16) * 257, TypeError, "got uint16 values from .* to"),
        (RGB > 99, TypeError, "got bool values"),
        (RGB.transpose(2, 0, 1), ValueError, r"got shape \(3, 64, 48\): move the channels last"),
        (RGB[None], ValueError, r"got shape \(1, 64, 48, 3\): give a list of photos"),
        (RGB[..., :2], ValueError, r"got shape \(64, 48, 2\)$"),
        (RGB[:0], ValueError, "got an empty one"),
        (torch.zeros(3, 8, 8), TypeError, "expected a photo .*, got a torch.Tensor"),
        (None, TypeError, "got a builtins.NoneType"),
        (b"\xff\xd8", TypeError, "got a builtins.bytes"),
        (Image.new("RGB", (0, 5)), ImageError, "the image is empty"),
        (Image.new("1", (33_000, 1)), ImageError, "at most 32,766 a side"),
        ("no such.jpg", ImageError, "no such file"),
    ],
)
def test_what_is_no_photo_is_one_clear_error(given, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        open_photo(given)
    assert "\n" not in str(caught.value)


def test_a_closed_or_damaged_picture_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(RGB).save(path)
    closed = Image.open(path)
    closed.close()
    path.write_bytes(path.read_bytes()[:900])
    for picture in (closed, Image.open(path)):
        with pytest.raises(ImageError, match=r"cut\.png cannot be read"):
            open_photo(picture)


def test_what_a_file_lacks_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "moves.gif"
    frames = [Image.fromarray(RGB), Image.fromarray(RGB[::-1])]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.warns(EcganWarning, match="frame 1 of 2 is used"):
        open_photo(path)


def test_one_photo_or_several() -> None:
    photo = Photo(RGB, None, None, None, None, "PNG")
    for one in ("me.jpg", Path("me.jpg"), RGB, Image.fromarray(RGB), photo, None, b"me.jpg"):
        assert not are_several(one)
    for several in ([], ["me.jpg"], ("me.jpg", RGB), iter([RGB]), Path().glob("*.jpg")):
        assert are_several(several)
