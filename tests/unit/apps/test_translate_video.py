"""`ecgan translate` on videos."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.tiny_clips import (
    SIDE,
    ToldDetector,
    face_at,
    frame_with,
    head,
    packets,
    read_clip,
    write_clip,
)
from torch import Tensor

from ecgan.apps.cli import main
from ecgan.faces import finder
from ecgan.inference import video
from ecgan.inference.translator import Translator

EMPTY = frame_with()
OTHER = np.ascontiguousarray(head()[..., ::-1])
"""Another person: blue in the face."""


@pytest.fixture(autouse=True)
def readable(packaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "check_readable", lambda crop: ())


def told(monkeypatch: pytest.MonkeyPatch, *lefts: tuple[int, ...]) -> None:
    """Where the detector sees heads, frame by frame."""
    faces = [[face_at(left) for left in frame] for frame in lefts]
    monkeypatch.setattr(finder, "LandmarkDetector", lambda: ToldDetector(faces))


def run(*arguments: object) -> int:
    return main(["translate", *map(str, arguments)])


def test_a_still_photo_stays_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    still = frame_with((head(), 80))
    path = write_clip(tmp_path / "a.mkv", [still] * 6)
    told(monkeypatch, *[(80,)] * 6)
    assert run(path, "--to", "happy", "--out", tmp_path / "out") == 0
    frames, _ = read_clip(tmp_path / "out" / "a.happy.mkv")
    assert len(frames) == 6
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    changed = (frames[0] != still).any(2)
    assert 0.02 < changed.mean() < 0.5
    assert not changed[:, :80].any()


def test_frames_without_a_face_pass_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [frame_with((head(), 80))] * 10 + [EMPTY] * 10
    path = write_clip(tmp_path / "a.mkv", frames, sound=True)
    told(monkeypatch, *[(80,)] * 10, *[()] * 10)
    assert run(path, "--to", "sad", "--out", tmp_path / "out", "--json") == 0
    made, times = read_clip(tmp_path / "out" / "a.sad.mkv")
    assert times == read_clip(path)[1]
    assert packets(tmp_path / "out" / "a.sad.mkv", "audio") == packets(path, "audio") != []
    assert all(np.array_equal(frame, EMPTY) for frame in made[10:])
    assert not np.array_equal(made[5], frames[5])
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["frames"], result["translated_frames"]) == (20, 10)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.webm"])
def test_verify_finds_the_mark(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    still = frame_with((head(), 80))
    codec = {"codec": "libvpx-vp9" if name == "a.webm" else "libx264", "pix_fmt": "yuv420p"}
    path = write_clip(tmp_path / name, [still] * 3, **codec)
    told(monkeypatch, *[(80,)] * 3)
    out = tmp_path / "out"
    assert run(path, "--to", "happy", "--out", out) == 0
    capsys.readouterr()
    assert main(["verify", "--json", str(out)]) == 0
    (seen,) = json.loads(capsys.readouterr().out)
    sidecar = json.loads((out / f"a.happy{path.suffix}.json").read_text())
    assert (seen["verdict"], seen["model"]) == ("synthetic", sidecar["model"]["sha256"])
    assert main(["verify", str(path)]) == 1


@pytest.mark.parametrize(("part", "said"), [((), True), (("--part", "mouth"), False)])
def test_one_part_need_not_show_the_expression(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    part: tuple[str, ...],
    said: bool,
) -> None:
    path = write_clip(tmp_path / "a.mkv", [frame_with((head(), 80))] * 3)
    told(monkeypatch, *[(80,)] * 3)
    assert run(path, "--to", "sad", *part, "--out", tmp_path / "out") == 0
    assert ("sad does not convince" in capsys.readouterr().err) == said


def test_output_and_sidecar_say_that_it_is_synthetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = frame_with((head(), 80))
    path = write_clip(tmp_path / "a.mp4", [still] * 5, codec="libx264", pix_fmt="yuv420p")
    told(monkeypatch, *[(80,)] * 5)
    assert run(path, "--to", "happy", "--out", tmp_path, "--strength", "0:0,100ms:1") == 0
    sidecar = json.loads((tmp_path / "a.happy.mp4.json").read_text())
    assert sidecar["synthetic"] is True
    assert "Synthetic video" in sidecar["notice"]
    assert sidecar["settings"]["strength"] == "0s:0,0.1s:1"
    assert sidecar["frames"] == 5
    data = (tmp_path / "a.happy.mp4").read_bytes()
    for part in ("Synthetic: true", sidecar["source"]["sha256"], sidecar["model"]["sha256"]):
        assert part.encode() in data


def test_crossing_faces_keep_their_expressions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, frames, lefts = 21, [], []
    for i in range(count):
        one, other = 16 * i, 320 - 16 * i
        frames.append(frame_with((OTHER, other), (head(), one), width=480))
        lefts.append((one,) if 6 < i < 14 else (other, one))
    path = write_clip(tmp_path / "a.mkv", frames)
    told(monkeypatch, *lefts)
    assert run(path, "--to", "happy", "--face", "left", "--out", tmp_path) == 0
    made, _ = read_clip(tmp_path / "a.happy.mkv")
    for i in (0, 3, 17, 20):
        changed = (made[i] != frames[i]).any(2)
        one, other = 16 * i, 320 - 16 * i
        assert changed[:, one : one + SIDE].any()
        outside = np.delete(changed, slice(one, one + SIDE), axis=1)
        assert not outside.any(), f"frame {i}: the other face ({other}) was changed"


def test_the_way_is_chosen_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mkv", [frame_with((head(), 4 * i)) for i in range(20)])
    told(monkeypatch, *[(4 * i,) for i in range(20)])
    asked = 0
    inner = Translator.seen_in

    def count(self: Translator, crops: Sequence[Tensor]) -> list[dict[str, float]]:
        nonlocal asked
        asked += len(crops)
        return inner(self, crops)

    monkeypatch.setattr(Translator, "seen_in", count)
    assert run(path, "--to", "happy", "--out", tmp_path) == 0
    assert 0 < asked <= 16


@pytest.mark.parametrize("strength", ["0:0,2s:1", "much"])
def test_wrong_strengths_end_early(
    tmp_path: Path, strength: str, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photos, "--to", "happy", "--strength", strength, "--out", tmp_path / "o") == 2
    assert "--strength takes" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_without_any_face_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_clip(tmp_path / "a.mkv", [EMPTY] * 3)
    told(monkeypatch, (), (), ())
    assert run(path, "--to", "happy", "--out", tmp_path / "out") == 1
    assert capsys.readouterr().err == f"ecgan: error: {path}: no face found in 3 frames\n"
    assert not (tmp_path / "out").exists()


def test_a_failure_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_clip(tmp_path / "a.mkv", [frame_with((head(), 80))] * 5)
    told(monkeypatch, *[(80,)] * 5)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video, "change_face", fail)
    assert run(path, "--to", "happy", "--out", tmp_path / "out") == 1
    assert "No space left" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_without_pyav_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_clip(tmp_path / "a.mkv", [EMPTY])
    monkeypatch.setitem(sys.modules, "av", None)
    assert run(path, "--to", "happy", "--out", tmp_path / "out") == 1
    assert capsys.readouterr().err == "ecgan: error: videos need PyAV: pip install 'ecgan[video]'\n"
