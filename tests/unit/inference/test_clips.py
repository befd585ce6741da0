"""Videos keep their time stamps, sound and untouched pixels."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from support.tiny_clips import frame_with, head, packets, read_clip, write_clip, write_sound

from ecgan.errors import VideoError
from ecgan.inference import clips
from ecgan.inference.clips import VideoFile, VideoWriter, errors_named, open_video

UNEVEN = [0, 40, 55, 160, 200, 230]
FRAMES = [frame_with((head(), 20 * i)) for i in range(len(UNEVEN))]


def copied(video: VideoFile, change: bool = False) -> bytes:
    """The file written again; with `change`, a square of each frame white."""
    file = io.BytesIO()
    with VideoWriter(file, video, {"comment": "made"}) as writer:
        for part in video.parts():
            if not hasattr(part, "planes"):
                writer.copy(part)
                continue
            pixels = video.pixels(part) if change else None
            if pixels is not None:
                pixels[41:80, 31:90] = 255
            writer.write(part, pixels)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv444p"),
        ("a.mkv", "mpeg4", "yuv420p"),
        ("a.mkv", "ffv1", "yuv422p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
    ],
)
def test_timing_and_sound_are_kept(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    sound = not name.endswith("webm")
    times = [0, 40, 80, 120, 160, 200] if codec == "mpeg4" else UNEVEN
    path = write_clip(tmp_path / name, FRAMES, times, codec=codec, pix_fmt=pix_fmt, sound=sound)
    out = tmp_path / f"out.{name}"
    out.write_bytes(copied(open_video(path)))
    before, after = read_clip(path), read_clip(out)
    assert after[1] == before[1]
    shown = [[one[:2] for one in packets(file, "video")] for file in (path, out)]
    assert sorted(shown[0]) == sorted(shown[1])
    heard = [[(one[0], one[2]) for one in packets(file, "audio")] for file in (path, out)]
    assert heard[0] == heard[1]
    assert bool(packets(out, "audio")) == sound
    apart = [np.abs(a.astype(int) - b) for a, b in zip(before[0], after[0], strict=True)]
    assert np.mean(apart) < (0.001 if codec == "ffv1" else 3)


@pytest.mark.parametrize("pix_fmt", ["bgr0", "yuv420p", "yuv444p"])
def test_of_a_lossless_video_only_what_changes_changes(tmp_path: Path, pix_fmt: str) -> None:
    path = write_clip(tmp_path / "a.mkv", FRAMES, UNEVEN, pix_fmt=pix_fmt)
    out = tmp_path / "out.mkv"
    out.write_bytes(copied(open_video(path), change=True))
    for before, after in zip(read_clip(path)[0], read_clip(out)[0], strict=True):
        assert after[44:78, 34:88].min() >= 254
        before[36:84, 26:94] = after[36:84, 26:94]  # chroma samples are shared by neighbours
        assert np.array_equal(before, after)


def test_a_turned_video_comes_out_upright(tmp_path: Path) -> None:
    frames = [np.ascontiguousarray(np.rot90(frame)) for frame in FRAMES]
    path = write_clip(tmp_path / "a.mp4", frames, UNEVEN, codec="libx264", pix_fmt="yuv420p")
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    quarter = [0, 1, 0, -1, 0, 0, 0, 0, 16384]
    turn = b"".join((value << 16).to_bytes(4, "big", signed=True) for value in quarter)
    path.write_bytes(data[:at] + turn + data[at + 36 :])
    video = open_video(path)
    assert (video.width, video.height) == (320, 160)
    out = tmp_path / "out.mp4"
    out.write_bytes(copied(video))
    assert np.abs(read_clip(out)[0][0].astype(int) - FRAMES[0]).mean() < 4


def test_an_odd_size_is_kept(tmp_path: Path) -> None:
    frames = [np.ascontiguousarray(frame[:-1, :-3]) for frame in FRAMES]
    path = write_clip(tmp_path / "a.mp4", frames, UNEVEN, codec="libx264", pix_fmt="yuv444p")
    out = tmp_path / "out.mp4"
    out.write_bytes(copied(open_video(path), change=True))
    assert read_clip(out)[0][0].shape == (159, 317, 3)


def test_tags_are_kept_but_not_the_place(tmp_path: Path) -> None:
    tags = {"title": "Anna", "location": "+48.2+016.4/", "artist": "Ben"}
    path = write_clip(tmp_path / "a.mkv", FRAMES, UNEVEN, tags=tags)
    data = copied(open_video(path))
    assert b"Anna" in data
    assert b"Ben" in data
    assert b"made" in data
    assert b"+48.2" in path.read_bytes()
    assert b"+48.2" not in data


def broken(folder: Path, kind: str) -> Path:
    path = folder / "bad.mp4"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not a video\n" * 100)
    elif kind == "photo":
        Image.new("RGB", (64, 64)).save(path, "PNG")
    elif kind == "folder":
        path.mkdir()
    elif kind == "cut":
        write_clip(path, FRAMES, UNEVEN, codec="libx264", pix_fmt="yuv420p")
        path.write_bytes(path.read_bytes()[:2000])
    elif kind == "sound":
        write_sound(path)
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "photo", "folder", "cut", "sound"])
def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path = broken(tmp_path, kind)
    with pytest.raises(VideoError) as refusal:
        list(open_video(path).parts())
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_too_large_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mkv", FRAMES, UNEVEN)
    monkeypatch.setattr(clips, "MAX_FRAMES", 5)
    with pytest.raises(VideoError, match="more than 5 frames"):
        list(open_video(path).parts())
    monkeypatch.setattr(clips, "MAX_FRAME_PIXELS", 100)
    with pytest.raises(VideoError, match="320 x 160 px"):
        open_video(path)


def test_a_file_that_lacks_its_end_gives_what_is_there(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", FRAMES, UNEVEN)
    path.write_bytes(path.read_bytes()[:-30_000])
    count = sum(hasattr(part, "planes") for part in open_video(path).parts())
    assert 1 <= count < len(FRAMES)


def test_what_the_encoder_refuses_is_one_line(tmp_path: Path) -> None:
    refusal = pytest.raises(VideoError, match=r"out.mkv cannot be written: no\Z")
    with refusal, errors_named(tmp_path / "out.mkv"):
        raise av.error.InvalidDataError(1, "no")
