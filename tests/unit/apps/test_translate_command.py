"""`ecgan translate` and `ecgan recognize` on photos good and bad."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_models import astronaut_photo

from ecgan.apps.cli import main
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
    assert complained.splitlines() == [
        f"ecgan: error: {photos / 'more/wall.png'}: no face found; expected a photo of a face from "
        "the front",
        f"ecgan: error: {photos / 'notes.jpg'} is not an image: "
        "expected JPEG, PNG, WebP, TIFF or BMP",
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
