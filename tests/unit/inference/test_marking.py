"""Every output says that it is synthetic: in its sidecar and inside the file."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ecgan import __version__
from ecgan.errors import EcganError
from ecgan.faces.photo import Photo, read_photo
from ecgan.inference import marking
from ecgan.inference.marking import Mark, sidecar_path, source_sha256, write_marked

MARK = Mark(
    source="anna.jpg",
    source_sha256="5" * 64,
    model_sha256="a" * 64,
    settings={"expression": "happy", "strength": 1.0},
    faces=[{"face": 1}],
    credit="CC BY 4.0 somebody",
)


@pytest.fixture
def photo() -> Photo:
    pixels = np.zeros((20, 30, 3), dtype=np.uint8)
    return Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_image_and_sidecar_carry_the_mark(tmp_path: Path, photo: Photo, suffix: str) -> None:
    output = tmp_path / "new" / f"anna.happy{suffix}"
    write_marked(output, photo.pixels, photo, MARK)
    sidecar = json.loads(sidecar_path(output).read_text())
    assert sidecar["synthetic"] is True
    assert sidecar["tool_version"] == __version__
    assert sidecar["source"] == {"file": "anna.jpg", "sha256": "5" * 64}
    assert sidecar["model"]["sha256"] == "a" * 64
    assert sidecar["settings"] == {"expression": "happy", "strength": 1.0}
    assert sidecar["faces"] == [{"face": 1}]
    assert sidecar["credit"] == "CC BY 4.0 somebody"
    data = output.read_bytes()
    assert b"compositeWithTrainedAlgorithmicMedia" in data
    assert b"Synthetic" in data
    with Image.open(output) as image:
        assert image.size == (30, 20)
    assert sorted(path.name for path in output.parent.iterdir()) == [
        f"anna.happy{suffix}",
        f"anna.happy{suffix}.json",
    ]


def test_a_failed_write_leaves_neither(tmp_path: Path, photo: Photo) -> None:
    with pytest.raises(EcganError, match="expected a name that ends in"):
        write_marked(tmp_path / "anna.happy.bmp", photo.pixels, photo, MARK)
    assert list(tmp_path.iterdir()) == []


def test_an_image_never_appears_before_its_sidecar(
    tmp_path: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, value: object, *, durable: bool) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(marking, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        write_marked(tmp_path / "anna.happy.png", photo.pixels, photo, MARK)
    assert list(tmp_path.iterdir()) == []


def test_source_digest_is_of_the_file_or_of_the_pixels(tmp_path: Path, photo: Photo) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(photo.pixels).save(file)
    assert source_sha256(read_photo(file)) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert source_sha256(photo) == hashlib.sha256(bytes(20 * 30 * 3)).hexdigest()


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_sidecar_says_how_far_the_written_file_differs_outside_the_face(
    tmp_path: Path, photo: Photo, suffix: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 30, 3), dtype=np.uint8)
    like, made = replace(photo, pixels=noise), noise.copy()
    made[:9], area = 255, np.zeros((600, 30), bool)
    area[:9] = True
    output = tmp_path / f"a{suffix}"
    write_marked(output, made, like, MARK, face_area=area)
    found = json.loads(sidecar_path(output).read_text())["outside_face"]
    with Image.open(output) as image:
        apart = np.abs(np.asarray(image).astype(int) - noise)[9:]
    assert found["max_difference"] == apart.max() == (0 if suffix == ".png" else apart.max())
    assert found["mean_difference"] == pytest.approx(apart.mean(), abs=1e-4)
    assert (apart.max() > 0) == (suffix == ".jpg")


def test_an_error_outside_the_face_would_show(tmp_path: Path, photo: Photo) -> None:
    made = photo.pixels.copy()
    made[19, 29, 2] = 7
    output = tmp_path / "a.png"
    write_marked(output, made, photo, MARK, face_area=np.zeros((20, 30), bool))
    sidecar = json.loads(sidecar_path(output).read_text())
    assert sidecar["outside_face"]["max_difference"] == 7
    write_marked(output, made, photo, MARK, face_area=np.ones((20, 30), bool))
    sidecar = json.loads(sidecar_path(output).read_text())
    assert sidecar["outside_face"] == {"max_difference": 0, "mean_difference": 0.0}
