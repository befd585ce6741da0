"""What comes in place of pixels, landmarks and photos: taken as a viewer would, or one line."""

from pathlib import Path

import numpy as np
import pytest

from ecgan.faces.alignment import align, face_mask
from ecgan.faces.finder import FaceFinder
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import MAX_SIDE_PX, Photo, as_rgb

WRONG = [
    ("me.jpg", TypeError, r"got the str 'me.jpg': open a photo with read_photo"),
    (Path("me.jpg"), TypeError, "read_photo"),
    ([[1, 2]], TypeError, "builtins.list"),
    (np.full((8, 8, 3), 0.5, np.float32), TypeError, r"float32 values from 0.5 to 0.5"),
    (np.full((8, 8, 3), 200.0), TypeError, r"of 0 to 255, got float64 values from 200 to 200"),
    (np.full((8, 8, 3), 300, np.uint16), TypeError, "uint16 values from 300"),
    (np.full((8, 8, 3), np.nan), TypeError, "nan"),
    (np.zeros((0, 0, 3), np.uint8), ValueError, "empty"),
    (np.zeros((8, 0, 3), np.uint8), ValueError, "empty"),
    (np.zeros((3, 8, 8), np.uint8), ValueError, r"got shape \(3, 8, 8\)"),
    (np.zeros((1, 8, 8, 3), np.uint8), ValueError, "got shape"),
    (np.zeros(8, np.uint8), ValueError, "got shape"),
    (np.zeros((1, MAX_SIDE_PX + 1, 3), np.uint8), ValueError, r"32767 x 1 px, at most 32,766"),
]


@pytest.mark.parametrize(("pixels", "error", "message"), WRONG)
def test_wrong_pixels_are_refused_in_a_line(pixels, error, message: str) -> None:
    for call in (
        as_rgb,
        LandmarkDetector().detect,
        lambda pixels: Photo(pixels, None, None, None, None, "PNG"),
    ):
        with pytest.raises(error, match=message) as caught:
            call(pixels)
        assert "\n" not in str(caught.value)


def test_gray_and_opacity_are_taken_as_a_viewer_would() -> None:
    gray = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for pixels in (gray, gray[..., None]):
        np.testing.assert_array_equal(as_rgb(pixels), np.stack([gray] * 3, 2))
    with_alpha = np.dstack([gray, gray, gray, gray])
    photo = Photo(with_alpha, None, None, None, None, "PNG")
    np.testing.assert_array_equal(photo.pixels, with_alpha[..., :3])
    rgb = with_alpha[..., :3].copy()
    assert as_rgb(rgb) is rgb or as_rgb(rgb).base is rgb, "no copy of what is right"


@pytest.mark.parametrize("call", [align, lambda points: face_mask(points, 256)])
def test_wrong_landmarks_are_refused(call) -> None:
    with pytest.raises(TypeError, match=r"expected a \(68, 2\) array of landmarks"):
        call("me.pts")
    with pytest.raises(ValueError, match=r"got shape \(5, 2\)"):
        call(np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"got shape \(68, 3\)"):
        call(np.zeros((68, 3)))


def test_landmarks_that_are_no_numbers_have_no_mask() -> None:
    with pytest.raises(ValueError, match="NaN"):
        face_mask(np.full((68, 2), np.nan), 256)


@pytest.mark.parametrize("photo", ["me.jpg", Path("me.jpg"), np.zeros((8, 8, 3), np.uint8)])
def test_a_photo_is_neither_a_path_nor_an_array(photo) -> None:
    with pytest.raises(TypeError, match="expected a Photo, got"):
        FaceFinder().find(photo)
