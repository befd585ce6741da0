"""`ecgan prepare` on real faces in four data sets' own formats: planes, GIFs, a table, zips."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.layout_trees import LayoutTree, hostile_members, table_bytes, write_tree, write_zip

from ecgan.apps.cli import main
from ecgan.data.manifest import load_manifest

pytest.importorskip("mediapipe")
ASTRONAUT = pytest.importorskip("skimage.data").astronaut()


def _encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(ASTRONAUT).save(buffer, kind)
    return buffer.getvalue()


def _planes() -> bytes:
    pixels = np.zeros((576, 768, 3), np.uint8)
    pixels[:512, :512] = ASTRONAUT
    return pixels.transpose(2, 0, 1).tobytes()


def _row() -> str:
    face = Image.fromarray(ASTRONAUT[70:190, 165:285]).convert("L").resize((48, 48))
    return " ".join(map(str, np.asarray(face).ravel()))


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """AR's planes in a zip with hostile members, Yale's GIFs, a FER2013 table in a zip, JAFFE."""
    shots = {f"ar/M-01-{shot}.raw": _planes() for shot in ("01", "17", "08")}
    ar = write_zip(tmp_path / "ar.zip", LayoutTree({**shots, "ar/M-02-01.raw": b"cut"}, {}, {}))
    with zipfile.ZipFile(ar, "a") as archive:
        for member in hostile_members():
            archive.writestr(member, b"x")
    gif = _encoded("GIF")
    names = ("normal", "happy", "wink", "leftlight", "grin")
    yale = write_tree(
        tmp_path / "yale", LayoutTree({f"subject07.{name}": gif for name in names}, {}, {})
    )
    rows = [["3", _row(), "Training"], ["6", _row(), "PublicTest"], ["9", _row(), "Training"]]
    table = table_bytes([["emotion", "pixels", "Usage"], *rows])
    fer = write_zip(tmp_path / "fer.zip", LayoutTree({"fer2013/fer2013.csv": table}, {}, {}))
    tiff = LayoutTree({"KA.AN1.39.tiff": _encoded("TIFF")}, {}, {})
    return [ar, yale, fer, write_tree(tmp_path / "jaffe", tiff)]


def _contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_prepare_recognises_reads_and_labels(
    sources: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "data"
    command = ["prepare", *map(str, sources), "--out", str(out), "--size", "64", "--workers", "1"]
    assert main(command) == 0
    said = capsys.readouterr().out
    for line in (
        "ar: layout ar (4 of 4 images are named like M-01-05.raw",
        "yale: layout yale (",
        "fer: layout fer2013 (fer2013/fer2013.csv has the columns emotion, pixels, usage)",
        "Cite: A. M. Martinez and R. Benavente",
        "rejected ar/ar/M-02-01.raw: expected raw planes of 768 x 576 x 3",
        "... and 13 more, see ",
        "left out by the options: variant glasses 1, variant left-light 1",
    ):
        assert line in said, line

    manifest = load_manifest(out)
    keys = [json.loads(line).keys() for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert all("variant" not in found for found in keys)
    assert sum("session" in found for found in keys) == 2
    found = {
        record.image: (record.subject, record.expression, record.session, record.partition)
        for record in manifest.records
    }
    assert found == {
        "images/ar/neutral/M-01-01.jpg": ("ar-m-001", "neutral", "1", None),
        "images/ar/scream/M-01-17.jpg": ("ar-m-001", "scream", "2", None),
        "images/yale/neutral/subject07.normal.jpg": ("yale-07", "neutral", None, None),
        "images/yale/happy/subject07.happy.jpg": ("yale-07", "happy", None, None),
        "images/yale/wink/subject07.wink.jpg": ("yale-07", "wink", None, None),
        "images/fer/happy/fer0000000.jpg": ("fer2013-fer0000000", "happy", None, "Training"),
        "images/fer/neutral/fer0000001.jpg": ("fer2013-fer0000001", "neutral", None, "PublicTest"),
        "images/jaffe/angry/KA.AN1.39.jpg": ("jaffe-KA", "angry", None, None),
    }
    assert manifest.vocabulary.names == ("neutral", "happy", "angry", "scream", "wink")
    grays = [
        np.asarray(Image.open(manifest.image_path(record)).convert("L")).astype(float)
        for record in manifest.records
    ]
    for gray in grays[1:]:
        likeness = np.corrcoef(gray[20:50, 12:52].ravel(), grays[0][20:50, 12:52].ravel())[0, 1]
        assert likeness > 0.85, "the same face, aligned, whatever the format"

    card = manifest.card
    assert [entry["layout"] for entry in card["sources"]] == ["ar", "yale", "fer2013", "jaffe"]
    assert "not to be passed on to third parties" in card["licence"]
    assert "Eigenfaces vs. Fisherfaces" in card["attribution"]
    report = json.loads((out / "report.json").read_text())
    assert report["rejected_by_reason"] == {
        "naming": 1,
        "row": 1,
        "unreadable": 1,
        "unsafe": 30,
    }
    reasons = {entry["file"]: entry["message"] for entry in report["rejected"]}
    assert reasons["yale/subject07.grin"].startswith("there is no condition 'grin' among")
    assert {path.name for path in tmp_path.iterdir()} == {"ar.zip", "yale", "fer.zip"} | {
        "jaffe",
        "data",
    }

    before = _contents(out)
    assert main(command) == 0
    assert _contents(out) == before


def test_options_select_and_the_users_card_goes_first(
    sources: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, card = tmp_path / "data", tmp_path / "mine.json"
    card.write_text('{"licence": "as agreed"}')
    command = ["prepare", str(sources[1]), "--out", str(out), "--size", "64", "--workers", "1"]
    assert main([*command, "--variants", "hat"]) == 2
    assert main([*command, "--layout", "jaffy"]) == 2
    assert not out.exists()
    said = capsys.readouterr().err
    assert "unknown variant 'hat', the images have left-light" in said
    assert "unknown layout 'jaffy'" in said
    options = ["--variants", "all", "--only-basic", "--layout", "yale", "--card", str(card)]
    assert main([*command, *options, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["by_expression"] == {"happy": 1, "neutral": 2}
    assert report["left_out"] == {"expression wink": 1}
    manifest = load_manifest(out)
    assert {record.variant for record in manifest.records} == {None, "left-light"}
    assert manifest.card["licence"] == "as agreed"
    assert manifest.card["name"] == "Yale face database"
