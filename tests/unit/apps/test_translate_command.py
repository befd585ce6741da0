"""`ecgan translate` and `ecgan recognize` on photos good and bad."""

import csv
import errno
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.tiny_models import astronaut_photo

from ecgan.apps.cli import main
from ecgan.errors import MissingExtra
from ecgan.faces import finder
from ecgan.inference import marking
from ecgan.inference.snapshot import verify_snapshot

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_good_photos_go_on_when_others_fail(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    code, said, complained = run(capsys, "translate", photos, "--to", "happy,Sadness", "--out", out)
    assert code == 1
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*"))
    assert written == [
        "anna.happy.jpg",
        "anna.happy.jpg.json",
        "anna.sad.jpg",
        "anna.sad.jpg.json",
    ]
    anna = f"ecgan: warning: {photos / 'anna.jpg'}: face 1: sad does not convince, the recogniser"
    assert [line for line in complained.splitlines() if not line.startswith(anna)] == [
        f"ecgan: error: {photos / 'more/wall.png'}: no face found; expected a photo of a face from "
        "the front",
        f"ecgan: error: {photos / 'notes.jpg'} is not an image: "
        "expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF",
    ]
    assert said.splitlines()[-1] == "1 of 3 photos translated, 2 with refusals"


@pytest.mark.parametrize(
    ("name", "mode", "options", "wanted", "exact"),
    [
        ("a.png", "RGB", {}, ("PNG", "RGB"), True),
        ("a.png", "L", {}, ("PNG", "L"), True),
        ("a.png", "LA", {}, ("PNG", "LA"), True),
        ("a.jpg", "L", {"quality": 80}, ("JPEG", "L"), False),
        ("a.jpg", "RGB", {"quality": 60}, ("JPEG", "RGB"), False),
        ("a.webp", "RGB", {"lossless": True}, ("WEBP", "RGB"), True),
        ("a.tif", "RGB", {}, ("PNG", "RGB"), True),
    ],
)
def test_what_comes_in_goes_out(
    packaged: Path,
    tmp_path: Path,
    capsys: Capture,
    *,
    name: str,
    mode: str,
    options: dict[str, object],
    wanted: tuple[str, str],
    exact: bool,
) -> None:
    source = tmp_path / name
    Image.fromarray(astronaut_photo().pixels).convert(mode).save(source, **options)
    out = tmp_path / "o"
    assert run(capsys, "translate", source, "--to", "happy", "--out", out)[::2] == (0, "")
    (output,) = (path for path in out.iterdir() if path.suffix != ".json")
    with Image.open(output) as image, Image.open(source) as original:
        assert (image.format, image.mode) == wanted
        pair = [np.asarray(each.convert("RGB")).astype(int) for each in (image, original)]
        if "quality" in options:
            assert image.quantization == original.quantization
    sidecar = json.loads(output.with_name(output.name + ".json").read_text())
    assert sidecar["lost"] == []
    assert (sidecar["outside_face"]["max_difference"] == 0) == exact
    assert (pair[0] != pair[1]).any()
    if mode.startswith("L"):
        assert np.ptp(pair[0], axis=2).max() == 0


def test_formats_and_quality_are_as_asked(packaged: Path, tmp_path: Path, capsys: Capture) -> None:
    source, out = tmp_path / "a.png", tmp_path / "o"
    Image.fromarray(astronaut_photo().pixels).save(source)
    sizes = []
    for quality in (20, 90):
        options = ("--format", "jpg", "--quality", quality, "--out", out)
        code, _, complained = run(capsys, "translate", source, "--to", "happy", *options)
        assert code == 0
        assert complained == (
            f"ecgan: warning: {source}: a lossless photo is written with loss, outside the face "
            "too\n"
        )
        sizes.append((out / "a.happy.jpg").stat().st_size)
    assert sizes[0] < 0.5 * sizes[1]
    assert run(capsys, "translate", source, "--to", "happy", "--format", "bmp")[0] == 2
    assert run(capsys, "translate", source, "--to", "happy", "--quality", "0")[0] == 2
    png = ("--format", "png", "--quality", "90")
    assert run(capsys, "translate", source, "--to", "happy", *png)[0] == 2


def test_output_keeps_size_and_says_what_it_is(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    source = photos / "anna.jpg"
    code, said, complained = run(
        capsys, "translate", source, "--to", "fear", "--strength", "0.5", "--out", tmp_path / "o"
    )
    output = tmp_path / "o" / "anna.fear.jpg"
    assert (code, complained) == (0, "")
    assert said == f"{source} -> {output}\n"
    with Image.open(output) as image, Image.open(source) as original:
        assert image.size == original.size == (512, 512)
        corner = np.s_[300:, :100]
        difference = np.asarray(image).astype(int)[corner] - np.asarray(original)[corner]
    assert np.abs(difference).max() <= 12  # JPEG only
    sidecar = json.loads(output.with_name("anna.fear.jpg.json").read_text())
    assert sidecar["synthetic"] is True
    assert sidecar["source"]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert sidecar["model"]["sha256"] == verify_snapshot(packaged / "translator")
    assert sidecar["settings"] == {
        "expression": "fear",
        "strength": 0.5,
        "face": "largest",
        "assume_neutral": False,
        "route": "neutral-first",
        "engine": "torch fp32",
    }
    assert sidecar["faces"][0]["neutralised_first"] is True
    assert "CC BY" in sidecar["credit"]


def test_the_direct_route_is_taken_and_named(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    asked = ("translate", photos / "anna.jpg", "--to", "sad")
    for route in ("neutral-first", "direct"):
        assert run(capsys, *asked, "--route", route, "--out", tmp_path / route)[0] == 0
    sidecar = json.loads((tmp_path / "direct" / "anna.sad.jpg.json").read_text())
    assert sidecar["settings"]["route"] == "direct"
    assert sidecar["faces"][0]["neutralised_first"] is False
    assert sidecar["faces"][0]["source_probabilities"]["happy"] > 0.9
    first, direct = (
        np.asarray(Image.open(tmp_path / route / "anna.sad.jpg"))
        for route in ("neutral-first", "direct")
    )
    assert (first != direct).any()


def test_json_and_model_and_assume_neutral(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    arguments = ("--to", "all", "--model", packaged / "translator", "--assume-neutral", "--json")
    code, said, _ = run(
        capsys, "translate", photos / "anna.jpg", *arguments, "--out", tmp_path / "o"
    )
    (result,) = json.loads(said)
    assert code == 0
    assert list(result["outputs"]) == ["happy", "sad", "angry", "fear", "disgust", "surprise"]
    assert all(Path(output).is_file() for output in result["outputs"].values())
    assert result["faces"][0]["neutralised_first"] is False
    assert result["faces"][0]["source_probabilities"] is None
    assert result["refused"] == []


def test_asking_for_a_face_that_is_not_there(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    code, _, complained = run(
        capsys,
        "translate",
        photos / "anna.jpg",
        "--to",
        "sad",
        "--face",
        "2",
        "--out",
        tmp_path / "o",
    )
    assert code == 1
    assert "face 2 was asked for, the photo has 1" in complained
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--to", "hapy"), "did you mean 'happy'"),
        (("--to", "happy", "--strength", "2"), "strength goes from 0 to 1.5"),
        (("--to", "happy", "--face", "best"), "--face takes"),
        (("--to", "happy", "--route", "round"), "a route is neutral-first, direct or auto"),
    ],
)
def test_wrong_options_write_nothing(
    packaged: Path, photos: Path, capsys: Capture, option: tuple, words: str
) -> None:
    code, _, complained = run(capsys, "translate", photos, *option, "--out", photos.parent / "o")
    assert code == 2
    assert complained.count("\n") == 1
    assert words in complained
    assert not (photos.parent / "o").exists()


def test_an_output_that_cannot_be_written_ends_that_file_alone(
    packaged: Path,
    photos: Path,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (photos / "notes.jpg").unlink()
    for name in ("bea.jpg", "cleo.jpg"):
        shutil.copy(photos / "anna.jpg", photos / name)
    original = marking.write_marked

    def full_for_bea(path: Path, *about: Any, **more: Any) -> None:
        if path.name.startswith("bea"):
            raise OSError(errno.ENOSPC, "No space left on device")
        original(path, *about, **more)

    monkeypatch.setattr(marking, "write_marked", full_for_bea)
    code, said, complained = run(
        capsys, "translate", photos, "--to", "happy", "--out", tmp_path / "o"
    )
    assert code == 1
    assert f"{photos / 'bea.jpg'}: cannot be written: No space left on device" in complained
    assert said.splitlines()[-1] == "2 of 4 photos translated, 2 with refusals"
    assert (tmp_path / "o/cleo.happy.jpg").exists()


def test_a_folder_in_the_way_of_an_output_is_named(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "o/anna.happy.jpg").mkdir(parents=True)
    asked = ("translate", photos / "anna.jpg", "--to", "happy,sad", "--out", tmp_path / "o")
    code, _, complained = run(capsys, *asked)
    assert code == 1
    assert "cannot be written" in complained
    assert "anna.happy.jpg" in complained


def test_an_impossible_out_is_found_before_the_models_load(
    photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").touch()
    model = ("--model", tmp_path / "no-model")
    for out in (tmp_path / "file", tmp_path / "file/below"):
        code, _, complained = run(
            capsys, "translate", photos, "--to", "happy", "--out", out, *model
        )
        assert code == 2
        assert complained.splitlines()[-1] == (
            f"ecgan: error: --out {tmp_path / 'file'} is a file, expected a folder"
        )


class WithoutMediapipe:
    def detect(self, pixels: np.ndarray) -> list[Any]:
        raise MissingExtra("finding faces needs mediapipe")


def test_a_missing_package_is_said_once(
    packaged: Path,
    photos: Path,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finder, "LandmarkDetector", WithoutMediapipe)
    shutil.copy(photos / "anna.jpg", photos / "bea.jpg")
    translate = ("translate", photos, "--to", "happy", "--out", tmp_path / "o")
    for asked in (translate, ("recognize", photos, "--csv")):
        code, _, complained = run(capsys, *asked)
        assert code == 1
        assert complained == "ecgan: error: finding faces needs mediapipe\n"


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes there")
def test_a_name_that_is_not_utf8_is_no_crash(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    photo = tmp_path / os.fsdecode(b"M\xfcller.jpg")
    shutil.copy(photos / "anna.jpg", photo)
    out = tmp_path / "o"
    assert main(["translate", str(photo), "--to", "happy", "--out", str(out), "--json"]) == 0
    (sidecar,) = out.glob("*.json")
    assert json.loads(sidecar.read_text())["source"]["file"] == "M\ufffdller.jpg"
    assert main(["recognize", str(photo)]) == 0


def test_how_a_photo_was_read_is_said(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    photo = tmp_path / "cut.jpg"
    photo.write_bytes((photos / "anna.jpg").read_bytes()[:-2])
    photo.with_suffix(".csv").write_text("name\nAnna\n")
    expected = [
        f"ecgan: warning: {photo}: the file lacks its end",
        f"ecgan: warning: {photo.with_suffix('.csv')} does not hold landmarks in the .csv format; "
        "faces are detected",
    ]
    out = ("--out", tmp_path / "o")
    for asked in (
        ("translate", photo, "--to", "sad", *out),
        ("recognize", photo),
        ("demo", "--photo", photo, *out),
    ):
        code, _, complained = run(capsys, *asked)
        read = [line for line in complained.splitlines() if "does not convince" not in line]
        assert (code, read) == (0, expected)


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_what_does_not_convince_is_said(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture, strength: float
) -> None:
    """The generators of these tests change nothing, so a happy face stays happy; at half strength
    it may."""
    anna, out, doubted = photos / "anna.jpg", tmp_path / "o", strength == 1
    asked = ("translate", anna, "--to", "sad", "--strength", strength, "--out", out)
    _, _, complained = run(capsys, *asked)
    (face,) = json.loads((out / "anna.sad.jpg.json").read_text())["faces"]
    assert face["result_probabilities"]["happy"] > 0.5
    assert (face["doubt"] is not None) == doubted
    assert ("sad does not convince, the recogniser sees happy" in complained) == doubted


def test_recognize_csv_has_a_line_for_each_face_and_error(
    packaged: Path, photos: Path, capsys: Capture
) -> None:
    code, said, _ = run(capsys, "recognize", photos, "--csv")
    assert code == 1
    anna, wall, notes = csv.DictReader(said.splitlines())
    assert (anna["photo"], anna["face"], anna["x0"]) == (str(photos / "anna.jpg"), "1", "179.0")
    assert (anna["expression"], anna["doubt"], anna["error"]) == ("happy", "", "")
    assert float(anna["happy"]) > 0.9
    assert (wall["face"], wall["expression"]) == ("", "")
    assert "no face found" in wall["error"]
    assert "is not an image" in notes["error"]
    assert run(capsys, "recognize", photos, "--csv", "--json")[0] == 2


def test_recognize_prints_faces_and_goes_on(packaged: Path, photos: Path, capsys: Capture) -> None:
    code, said, complained = run(capsys, "recognize", photos)
    assert code == 1
    assert said.startswith(f"{photos / 'anna.jpg'}: face 1 at 179,87-271,177: happy 9")
    assert len(said.splitlines()) == 1
    assert len(complained.splitlines()) == 2


def test_recognize_json(packaged: Path, photos: Path, capsys: Capture) -> None:
    code, said, _ = run(capsys, "recognize", photos / "anna.jpg", "--json")
    (result,) = json.loads(said)
    assert code == 0
    (face,) = result["faces"]
    assert face["expression"] == "happy"
    assert face["box"] == [179.0, 87.0, 271.0, 177.0]
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def spoil(photos: Path, part: tuple[slice, slice], value: int) -> Path:
    """The astronaut with a box over part of her face, as it lies in the photo."""
    path = photos / "anna.png"
    with Image.open(photos / "anna.jpg") as image:
        pixels = np.array(image)
    pixels[part] = value
    Image.fromarray(pixels).save(path)
    return path


def test_a_dark_face_is_named_with_doubt(packaged: Path, photos: Path, capsys: Capture) -> None:
    with Image.open(photos / "anna.jpg") as image:
        dark = (np.asarray(image) * 0.06).astype(np.uint8)
    Image.fromarray(dark).save(photos / "dark.png")
    code, said, _ = run(capsys, "recognize", photos / "dark.png")
    assert code == 0
    assert said.endswith(" (unreliable: dark)\n")
    _, said, _ = run(capsys, "recognize", "--json", photos / "dark.png", photos / "anna.jpg")
    assert [photo["faces"][0]["doubt"] for photo in json.loads(said)] == ["dark", None]


def test_no_mouth_is_painted_on_what_covers_it(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = spoil(photos, np.s_[122:185, 185:265], 200)
    code, said, complained = run(capsys, "translate", path, "--to", "happy", "--out", tmp_path)
    assert (code, said) == (1, "")
    assert complained == (
        f"ecgan: error: {path}: the mouth is covered: use a photo that shows it\n"
    )
    assert not (tmp_path / "anna.happy.png").exists()


def test_covered_eyes_stay_as_they_are_with_a_warning(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = spoil(photos, np.s_[94:114, 184:266], 0)
    code, _, complained = run(capsys, "translate", path, "--to", "happy", "--out", tmp_path)
    warning = "face 1: the eyes are covered: they are left as they are"
    assert (code, complained) == (0, f"ecgan: warning: {path}: {warning}\n")
    with Image.open(path) as before, Image.open(tmp_path / "anna.happy.png") as after:
        changed = (np.asarray(before) != np.asarray(after)).any(axis=2)
    assert changed[125:170].any()
    assert not changed[:115].any()
    sidecar = json.loads((tmp_path / "anna.happy.png.json").read_text())
    assert sidecar["faces"][0]["doubt"] == "covered eyes"


def test_blends_and_parts(packaged: Path, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    out, source = tmp_path / "o", photos / "anna.jpg"
    blend = ("--to", "Joy*.7 + surprise*0.3", "--part", "mouth,brows", "--out", out)
    assert run(capsys, "translate", source, *blend)[::2] == (0, "")
    sidecar = json.loads((out / "anna.happy70+surprise30.jpg.json").read_text())
    assert sidecar["settings"]["expression"] == "happy*0.7+surprise*0.3"
    assert sidecar["settings"]["part"] == "brows,mouth"
    for wrong, said in {
        "happy*0.7+sad": "each expression its share",
        "happy*0.7+sad*0.7": "sum up to 1",
        "happy*x": "a share is a number",
        "happy+": "name is missing",
        "happy*0.7+hapy*0.3": "did you mean 'happy'",
    }.items():
        code, _, complained = run(capsys, "translate", source, "--to", wrong, "--out", out)
        assert (code, said in complained) == (2, True), complained
    assert run(capsys, "translate", source, "--to", "sad", "--part", "nose", "--out", out)[0] == 2
