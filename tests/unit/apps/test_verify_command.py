"""`ecgan verify` finds the mark of every output, and none in a photo."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.tiny_models import astronaut_photo

from ecgan.apps.cli import main
from ecgan.faces.photo import read_photo
from ecgan.files import sha256_file
from ecgan.inference.marking import Mark, sidecar_path, write_marked
from ecgan.inference.verifying import described_fields, verify_file

MARK = Mark("anna.jpg", "5" * 64, "a" * 64, {"expression": "happy"}, credit="CC BY 4.0 nobody")
Capture = pytest.CaptureFixture[str]


def verified(capsys: Capture, *paths: Path) -> tuple[int, list[dict[str, Any]]]:
    code = main(["verify", "--json", *map(str, paths)])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    photo = astronaut_photo()
    path = tmp_path / "marked" / "anna.happy.jpg"
    write_marked(path, photo.pixels, photo, MARK)
    return path


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_translations_are_found_in_each_format(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture, kind: str
) -> None:
    source, out = photos / "anna.jpg", tmp_path / "out"
    main(["translate", str(source), "--to", "sad", "--format", kind, "--out", str(out)])
    capsys.readouterr()
    code, (result,) = verified(capsys, out)
    assert (code, result["verdict"], result["unchanged"]) == (0, "synthetic", True)
    assert result["source_sha256"] == sha256_file(source)
    assert (
        result["model"]
        == json.loads(sidecar_path(Path(result["file"])).read_text())["model"]["sha256"]
    )
    assert result["disagreements"] == []
    assert verified(capsys, out, source)[0] == 1


def test_copied_renamed_and_saved_again(marked: Path, tmp_path: Path, capsys: Capture) -> None:
    shutil.copy(marked, tmp_path / "renamed.jpeg")
    with Image.open(marked) as image:
        for name in ("again.jpg", "again.png", "again.webp", "again.tif"):
            image.save(tmp_path / name, exif=image.getexif())
        image.save(marked, quality=30, exif=image.getexif())
    paths = [path for path in tmp_path.iterdir() if path.is_file()]
    code, results = verified(capsys, *paths, marked)
    assert code == 0
    assert {r["model"] for r in results} == {MARK.model_sha256}
    assert {r["source_sha256"] for r in results} == {MARK.source_sha256}
    assert [r["unchanged"] for r in results] == [*[None] * len(paths), False]
    assert main(["verify", str(marked)]) == 0
    assert "changed since it was written" in capsys.readouterr().out


def test_a_photo_is_unknown_whatever_lies_beside_it(
    marked: Path, tmp_path: Path, capsys: Capture
) -> None:
    photo = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x010E] = "Software: ecgan is what I want to try; not Synthetic: true"
    Image.fromarray(astronaut_photo().pixels).save(
        photo, exif=exif, comment="Software: ecgan 0.1.0"
    )
    assert verify_file(photo).verdict == "unknown"
    assert verify_file(photo).disagreements == ()
    shutil.copy(sidecar_path(marked), sidecar_path(photo))
    code, (result,) = verified(capsys, photo)
    assert (code, result["verdict"], result["unchanged"]) == (1, "unknown", False)
    assert "the file carries no mark" in result["disagreements"][0]
    sidecar_path(photo).write_text('{"tool": "another"}')
    assert verify_file(photo).sidecar is None


def test_a_sidecar_of_another_output_is_told(marked: Path, capsys: Capture) -> None:
    sidecar = sidecar_path(marked)
    content = json.loads(sidecar.read_text())
    content["model"]["sha256"], content["source"]["sha256"] = "b" * 64, "c" * 64
    sidecar.write_text(json.dumps(content))
    assert main(["verify", str(marked)]) == 1
    captured = capsys.readouterr()
    assert "different models" in captured.err
    assert "different sources" in captured.err
    assert verify_file(marked).mark.model == MARK.model_sha256  # type: ignore[union-attr]


def test_marks_of_other_tools_count(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    term = "http://cv.iptc.org/newscodes/digitalsourcetype"
    for kind, verdict in (("trainedAlgorithmicMedia", "synthetic"), ("digitalCapture", "unknown")):
        xmp = f'<rdf:Description Iptc4xmpExt:DigitalSourceType="{term}/{kind}"/>'
        Image.new("RGB", (9, 9)).save(path, xmp=xmp.encode())
        assert verify_file(path).verdict == verdict


def test_files_that_are_no_images(marked: Path, tmp_path: Path, capsys: Capture) -> None:
    text = tmp_path / "a.jpg"
    text.write_text("Synthetic: true; Software: ecgan 0.1.0")
    assert main(["verify", str(text), str(marked)]) == 1
    captured = capsys.readouterr()
    assert "cannot be read as an image" in captured.err
    assert "synthetic, by ecgan" in captured.out
    assert main(["verify", str(tmp_path / "none.jpg")]) == 2
    assert main(["verify", str(tmp_path / "marked" / "none")]) == 2


def test_fields_of_a_description(marked: Path) -> None:
    description = str(Image.open(marked).getexif()[0x010E])
    fields = described_fields(description)
    assert fields["Model"] == MARK.model_sha256
    assert described_fields("A photo. " + description) == {}
    assert read_photo(marked).pixels.shape == (512, 512, 3)
