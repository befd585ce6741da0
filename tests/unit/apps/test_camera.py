"""`ecgan camera`: the loop with pictures and a window that are made up, and what it refuses."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from support.tiny_clips import Frame, face_at, frame_with, head, read_clip, write_clip

from ecgan.apps import camera_window
from ecgan.apps.camera_loop import CameraLoop, Newest, labelled
from ecgan.apps.camera_window import named
from ecgan.apps.cli import main
from ecgan.errors import EcganError, VideoError
from ecgan.faces import finder
from ecgan.inference import video
from ecgan.inference.live import Asked, LiveFrame

STILL = frame_with((head(), 80))


class Pictures:
    """A capture: one picture for each that is asked for, in steps of 40 ms."""

    def __init__(self, count: int = 10**6, error: Exception | None = None) -> None:
        self.count, self.error, self.given = count, error, 0

    def read(self) -> tuple[Frame, float] | None:
        if self.given == self.count:
            if self.error is not None:
                raise self.error
            return None
        self.given += 1
        time.sleep(0.001)
        return np.full((48, 64, 3), self.given % 200, np.uint8), self.given / 25


class Screen:
    """A window: presses a key after each picture that it is shown."""

    def __init__(self, *keys: str) -> None:
        self.waiting, self.shown = list(keys), list[tuple[Frame, str]]()
        self.new, self.closed = False, False

    def show(self, pixels: Frame, text: str) -> None:
        self.shown.append((pixels, text))
        self.new = True

    def pressed(self) -> list[str]:
        if not self.new or not self.waiting:
            return []
        self.new = False
        return [self.waiting.pop(0)]

    def close(self) -> None:
        self.closed = True


class Plain:
    """A translator that takes its time, and gives what it was given."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.translator, self.seconds, self.error = self, seconds, error
        self.asked: list[tuple[float, Asked]] = []

    def check(self, target: str, strength: float) -> None:
        if target == "fear":
            raise EcganError("no fear here")

    def translate(self, pixels: Frame, seconds: float, asked: Asked) -> LiveFrame:
        if self.error is not None:
            raise self.error
        time.sleep(self.seconds)
        self.asked.append((seconds, asked))
        return LiveFrame(pixels, seconds, asked, None, "no face")


def loop(
    screen: Screen, pictures: Any = None, plain: Any = None, save: Callable[..., str] = str
) -> CameraLoop:
    capture, live = pictures or Pictures(), plain or Plain()
    return CameraLoop(capture, live, screen, Asked("happy"), save=save)


def test_of_a_queue_of_one_the_newest_is_taken() -> None:
    queue = Newest[int]()
    assert queue.take(0.01) is None
    for i in range(3):
        queue.put(i)
    assert queue.take() == 2
    assert queue.take(0.01) is None
    threading.Timer(0.05, queue.close).start()
    assert queue.take() is None and queue.closed


def test_a_slow_translator_lags_by_no_more_than_one_picture() -> None:
    pictures, plain = Pictures(), Plain(0.03)
    behind: list[float] = []
    running = loop(Screen(*[""] * 8, "q"), pictures, plain)
    running.record = lambda made: behind.append(pictures.given - made.time * 25)
    began = time.monotonic()
    running.run()
    per_picture = (time.monotonic() - began) / pictures.given
    assert pictures.given > 3 * len(plain.asked), "pictures were not left out"
    assert max(behind) < 4 * 0.03 / per_picture + 10, "the lag grows"


def test_keys_change_what_is_asked_for() -> None:
    screen, plain = Screen("2", "up", "down", "down", "4", "0", "x", "q"), Plain()
    running = loop(screen, plain=plain)
    running.run()
    asked = [("sad", 1.0), ("sad", 1.1), ("sad", 1.0), ("sad", 0.9), ("neutral", 0.9)]
    seen = list(dict.fromkeys((one.target, one.strength) for _, one in plain.asked))
    assert seen[0] == ("happy", 1.0)
    assert (running.asked.target, running.asked.strength) == asked[-1]
    assert any("no fear here" in text for _, text in screen.shown)
    assert {text[:7] for _, text in screen.shown} >= {"happy 1", "sad 1.1"}


def test_strength_stays_in_its_range() -> None:
    screen = Screen(*["up"] * 8, "q")
    running = loop(screen)
    running.run()
    assert running.asked.strength == 1.5
    for _ in range(20):
        running.press("down")
    assert running.asked.strength == 0


def test_a_frozen_picture_stays_and_is_translated_again() -> None:
    screen, plain, records = Screen("space"), Plain(), list[float]()
    running = loop(screen, plain=plain)
    running.record = lambda made: records.append(made.time)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.frozen:
        time.sleep(0.01)
    time.sleep(0.1)
    before = len(plain.asked)
    time.sleep(0.1)
    assert len(plain.asked) == before, "frozen: nothing new is translated"
    running.press("3")
    while len(plain.asked) == before:
        time.sleep(0.01)
    assert plain.asked[-1] == (plain.asked[-2][0], Asked("angry"))
    assert any("frozen" in text for _, text in screen.shown)
    running.press("q")
    thread.join()
    assert records == sorted(set(records)), "recorded once"


def test_pictures_are_mirrored_and_labelled_in_the_window_alone() -> None:
    class Sided(Pictures):
        def read(self) -> tuple[Frame, float]:
            frame = np.zeros((480, 640, 3), np.uint8)
            frame[:, :100] = 200
            return frame, super().read()[1]

    screen, recorded = Screen("m", "", "q"), list[Frame]()
    running = loop(screen, Sided())
    running.record = lambda made: recorded.append(made.pixels)
    running.run()
    first, last = screen.shown[0][0], screen.shown[-1][0]
    assert first[0, -1, 0] == 200 and first[0, 0, 0] == 0
    assert last[0, 0, 0] == 200 and last[0, -1, 0] == 0
    for shown in (first, last):
        assert (shown[-40:, :150] == 255).any(), "the label is not mirrored"
    assert all(np.array_equal(one[:, :100], np.full((480, 100, 3), 200)) for one in recorded)


def test_the_label_fits_pictures_of_any_size() -> None:
    for shape in ((480, 640, 3), (1080, 1920, 3), (64, 96, 3), (10, 10, 3)):
        pixels = np.full(shape, 60, np.uint8)
        assert (labelled(pixels) != pixels).any() and (pixels == 60).all()


def test_without_a_translated_face_nothing_is_saved() -> None:
    screen = Screen("s", "q")
    loop(screen, save=lambda _: pytest.fail("saved")).run()
    assert any("nothing saved" in text for _, text in screen.shown)


@pytest.mark.parametrize("where", ["capture", "translate", "record"])
def test_what_a_thread_runs_into_is_raised(where: str) -> None:
    error = VideoError("gone")
    running = loop(
        Screen(),
        Pictures(3, error) if where == "capture" else None,
        Plain(error=error) if where == "translate" else None,
    )
    if where == "record":

        def fail(_: LiveFrame) -> None:
            raise error

        running.record = fail
    with pytest.raises(VideoError, match="gone"):
        running.run()


def test_the_end_of_a_file_is_the_end() -> None:
    plain = Plain()
    loop(Screen(), Pictures(4), plain).run()
    assert plain.asked[-1][0] == 4 / 25, "the last picture was not shown"


def test_names_of_keys() -> None:
    keys = ["KP_1", "KP_Up", "Up", "space", "S", "q", "Escape", "5"]
    assert [named(key) for key in keys] == ["1", "up", "up", "space", "s", "q", "q", "5"]


class AlwaysThere:
    """A detector that sees the head of `STILL` in every picture."""

    def detect(self, pixels: Frame) -> list[Any]:
        return [face_at(80)]


@pytest.fixture
def window(packaged: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """What the command shows its pictures in."""
    screen = Screen()
    monkeypatch.setattr(video, "check_readable", lambda crop: ())
    monkeypatch.setattr(finder, "LandmarkDetector", AlwaysThere)
    monkeypatch.setattr(camera_window, "TkWindow", lambda title: screen)
    yield screen
    assert screen.closed


def run(*arguments: object) -> int:
    return main(["camera", *map(str, arguments)])


def test_a_file_is_shown_recorded_and_saved_marked(
    tmp_path: Path, window: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "a b.avi", [STILL] * 40, codec="mjpeg", pix_fmt="yuvj420p")
    window.waiting += ["s"]
    out, pictures = tmp_path / "out.mp4", tmp_path / "pictures"
    assert run("--device", clip, "--to", "sad", "--out", out, "--pictures", pictures) == 0
    (saved,) = pictures.glob("a-b-*.sad.png")
    said = capsys.readouterr().out
    assert said == f"a b.avi -> {saved}\na b.avi -> {out}\n"
    sidecar = json.loads(out.with_name("out.mp4.json").read_text())
    frames, _ = read_clip(out)
    assert sidecar["frames"] == len(frames) > 0
    assert sidecar["translated_frames"] > 0
    assert sidecar["source"]["file"] == "a b.avi"
    assert main(["verify", str(out), str(saved)]) == 0
    with Image.open(saved) as image:
        assert image.size == (320, 160)
        assert not np.array_equal(np.asarray(image)[:, 100:200], frames[0][:, 100:200])


def test_a_recording_outlives_an_unplugged_camera_and_ctrl_c(
    tmp_path: Path, window: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "a.mkv", [STILL] * 50)
    for error, code in ((KeyboardInterrupt(), 130), (VideoError("unplugged"), 1)):

        def pressed(error: BaseException = error) -> list[str]:
            if len(window.shown) >= 3:
                raise error
            return []

        monkeypatch.setattr(window, "pressed", pressed)
        window.shown.clear()
        assert run("--device", clip, "--out", tmp_path / f"{code}.mkv") == code
        assert len(read_clip(tmp_path / f"{code}.mkv")[0]) >= 3


def test_a_camera_that_is_not_there_is_one_line(
    window: Screen, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("--device", 77) == 1
    said = capfd.readouterr().err
    assert said.startswith("ecgan: error: camera 77 gives no picture")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--device", "nowhere.mp4"], "--device takes a camera's number or a video file"),
        (["--to", "bored"], "bored"),
    ],
)
def test_wrong_use_in_the_window(
    window: Screen,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    options: list[str],
    said: str,
) -> None:
    clip = write_clip(tmp_path / "a.mkv", [STILL])
    assert run("--device", clip, *options) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "clip.gif"], "--out takes a video file"),
        (["--out", __file__.replace(".py", ".mp4"), "--strength", "2"], "strength goes from 0"),
        (["--part", "ears"], "ears"),
        (["--pictures", __file__], "--pictures"),
    ],
)
def test_wrong_use_is_said_before_a_window_opens(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    monkeypatch.setattr(camera_window, "TkWindow", lambda title: pytest.fail("opened"))
    assert run(*options) == 2
    assert said in capsys.readouterr().err


def test_without_a_display_or_tk_one_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tkinter", None)
    assert run() == 1
    assert "python3-tk" in capsys.readouterr().err
    monkeypatch.undo()
    tkinter = pytest.importorskip("tkinter")

    def fail(*_: object) -> None:
        raise tkinter.TclError("no display")

    monkeypatch.setattr(tkinter, "Tk", fail)
    assert run() == 1
    assert "needs a display (no display)" in capsys.readouterr().err


def test_videos_are_read_at_their_own_pace(tmp_path: Path) -> None:
    from ecgan.inference.capture import Camera

    clip = write_clip(tmp_path / "a.mkv", [np.full((48, 64, 3), (250, 0, 0), np.uint8)] * 6)
    source = Camera(str(clip))
    began, times = time.monotonic(), list[float]()
    while (read := source.read()) is not None:
        pixels, seconds = read
        assert pixels[20, 30].tolist() == [250, 0, 0], "not RGB"
        times.append(seconds)
    assert times == pytest.approx([i / 25 for i in range(6)])
    assert time.monotonic() - began >= 0.19
    source.close()


def test_the_camera_of_opencv_is_closed_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from ecgan.inference.capture import Camera

    class Fake:
        released = False

        def __init__(self, number: int) -> None:
            self.left = 2

        def read(self) -> tuple[bool, Frame | None]:
            self.left -= 1
            return (True, np.zeros((4, 4, 3), np.uint8)) if self.left >= 0 else (False, None)

        def release(self) -> None:
            Fake.released = True

    monkeypatch.setattr(cv2, "VideoCapture", Fake)
    source = Camera("0")
    assert source.read() and source.read()
    with pytest.raises(VideoError, match="camera 0 gives no more pictures"):
        source.read()
    source.close()
    assert Fake.released
