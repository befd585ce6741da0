"""A recording is a whole, marked video with a sidecar, or nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.tiny_clips import read_clip

from ecgan.errors import VideoError
from ecgan.inference.live import Asked, LiveFrame
from ecgan.inference.marking import Mark
from ecgan.inference.recording import recording
from ecgan.inference.verifying import verify_file

MARK = Mark("camera 0", "", "abc", {"expression": "happy"})


def frame(seconds: float, level: int, target: str = "happy", width: int = 64) -> LiveFrame:
    return LiveFrame(np.full((48, width, 3), level, np.uint8), seconds, Asked(target), None, "")


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
@pytest.mark.parametrize("width", [64, 63])
def test_pictures_keep_their_times(tmp_path: Path, name: str, width: int) -> None:
    path = tmp_path / name
    with recording(path, MARK) as record:
        for i, seconds in enumerate((7.0, 7.1, 7.1, 7.45)):
            record(frame(seconds, 50 * i, "happy" if i < 2 else "sad", width))
    frames, times = read_clip(path)
    assert [round(float(time - times[0]), 3) for time in times] == [0, 0.1, 0.45]
    assert [round(float(one.mean()) / 50) for one in frames] == [0, 1, 3]
    assert verify_file(path).verdict == "synthetic"
    sidecar = json.loads(path.with_name(f"{name}.json").read_text())
    assert (sidecar["frames"], sidecar["translated_frames"]) == (3, 0)
    assert sidecar["asked"] == [
        {"seconds": 0.0, "target": "happy", "strength": 1.0},
        {"seconds": 0.1, "target": "sad", "strength": 1.0},
    ]


def test_without_a_picture_nothing_is_written(tmp_path: Path) -> None:
    with (
        pytest.raises(VideoError, match="there was no picture"),
        recording(tmp_path / "a.mp4", MARK),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), recording(tmp_path / "a.mkv", MARK) as record:
        record(frame(0, 0))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
