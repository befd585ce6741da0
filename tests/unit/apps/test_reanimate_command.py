"""`ecgan reanimate` as it is typed."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_facekit import photo_of_nobody, points_in_photo, write_facekit

from ecgan.apps.cli import main


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "ann_1.png"
    Image.fromarray(photo_of_nobody(160)).save(file)
    np.save(file.with_suffix(".npy"), points_in_photo(160))
    return file


def test_it_makes_pictures_and_says_so(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = write_facekit(tmp_path / "kit.npz")
    command = ["reanimate", str(photo), "--facekit", str(kit), "--out", str(tmp_path / "out"),
               "--expressions", "anger,happy", "--pictures", "1", "--size", "96",
               "--workers", "1"]  # fmt: skip
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "3 pictures of 1 people" in said
    assert "neutral 1, angry 1, happy 1" in said
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures_made"] == 0


def test_a_missing_model_says_where_it_is(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["reanimate", str(photo), "--facekit", str(tmp_path / "x"), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "github.com/ICT-VGL/ICT-FaceKit" in error
    assert "MIT" in error
    assert not out.exists()
