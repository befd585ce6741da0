"""`ecgan profile`: figures and picture of every expression of a face."""

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from ecgan.apps.cli import main
from ecgan.errors import MissingExtra
from ecgan.expressions import EXPRESSIONS
from ecgan.files import sha256_file
from ecgan.lab import profile as lab_profile
from ecgan.lab.profile import Profile

Capture = pytest.CaptureFixture[str]


def test_a_profile_of_each_photo(
    packaged: Path, photos: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    asked = ("profile", str(photos), "--levels", "0,50,100", "--out", str(out))
    assert main([*asked, "--json"]) == 1
    captured = capsys.readouterr()
    assert "wall.png: no face found" in captured.err
    results = {Path(one["photo"]).name: one for one in json.loads(captured.out)}
    assert results["wall.png"]["refused"]["reason"] == "no-face"
    assert results["notes.jpg"]["refused"]["reason"] == "unusable"
    anna = json.loads((out / "anna.profile.json").read_text())
    assert anna["source"]["sha256"] == sha256_file(photos / "anna.jpg")
    assert anna["strengths"] == [0.0, 0.5, 1.0]
    assert tuple(anna["expressions"]) == EXPRESSIONS[1:]
    for name, one in anna["expressions"].items():
        assert one["curve"][-1] == one["probabilities"][name]
        assert (one["recognised"], one["monotone"]) == ("happy", False)
    assert sorted(path.name for path in out.iterdir()) == [
        "anna.profile.json",
        "anna.profile.png",
        "anna.profile.png.json",
    ]
    with Image.open(out / "anna.profile.png") as image:
        assert image.width > 1000
    assert main(["verify", str(out)]) == 0


def test_curves_are_of_what_was_asked_for(tmp_path: Path) -> None:
    seen = [{"happy": 0.1, "sad": 0.9}, {"happy": 0.6, "sad": 0.4}, {"happy": 0.9, "sad": 0.1}]
    found = Profile(
        {"happy": 0.0}, (0.0, 0.9, 1.4), {"happy:laugh": seen, "sad": seen}, 1, True, {}
    )
    shown = found.as_json()["expressions"]
    assert shown["happy:laugh"]["curve"] == [0.1, 0.6, 0.9]
    assert (shown["happy:laugh"]["monotone"], shown["sad"]["monotone"]) == (True, False)
    assert shown["sad"]["probabilities"] == {"happy": 0.6, "sad": 0.4}


def test_without_matplotlib_the_extra_is_named(
    packaged: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra):
        lab_profile.check_matplotlib()
    assert main(["profile", str(photos / "anna.jpg"), "--out", str(tmp_path / "o")]) == 1
    assert "pip install 'ecgan[reproduce]'" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
