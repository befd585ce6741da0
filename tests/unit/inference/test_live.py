"""A live face is followed, faded in and translated on a way that is decided once."""

import numpy as np
import pytest
from support.tiny_clips import SIDE, face_at, frame_with, head
from support.tiny_models import KnownFaces, recognizer_snapshot, translator_snapshot

from ecgan.errors import UsageError
from ecgan.faces.face import Face, given_face
from ecgan.inference import video
from ecgan.inference.live import Asked, LiveFrame, LiveTranslator
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.tracks import VOTERS
from ecgan.inference.translator import Translator

STEP = 0.1
"""Seconds between frames."""
EMPTY = frame_with()
HAPPY, SAD = Asked("happy"), Asked("sad")


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    root = tmp_path_factory.mktemp("live")
    recognizer = Recognizer.load(recognizer_snapshot(root / "r", "neutral"), precision="fp32")
    snapshot = translator_snapshot(root / "t")
    return Translator.load(snapshot, recognizer=recognizer, finder=KnownFaces())


class Stage:
    """Shows frames with heads at given places, one after another."""

    def __init__(self, translator: Translator) -> None:
        self.translator, self.live = translator, LiveTranslator(translator)
        self.count, self.ways = 0, 0

    def show(self, *lefts: int, asked: Asked = HAPPY, frames: int = 1) -> LiveFrame:
        assert isinstance(self.translator.finder, KnownFaces)
        self.translator.finder.faces = [face_at(left) for left in lefts]
        frame = frame_with(*((head(), left) for left in lefts), width=480)
        for _ in range(frames):
            before = frame.copy()
            made = self.live.translate(frame, self.count * STEP, asked)
            assert np.array_equal(frame, before), "the frame itself was changed"
            self.count += 1
        self.frame = frame
        return made

    def changed(self, made: LiveFrame) -> np.ndarray:
        return (made.pixels != self.frame).any(2)


@pytest.fixture
def stage(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(video, "check_readable", lambda crop: ())
    stage = Stage(translator)
    inner = Translator.started

    def started(*args: object, **more: object) -> object:
        stage.ways += 1
        return inner(*args, **more)

    monkeypatch.setattr(Translator, "started", started)
    return stage


def test_a_face_fades_in_and_a_still_one_stays_still(stage: Stage) -> None:
    stage.show()
    change = [np.abs(stage.show(80).pixels - stage.frame.astype(int)).sum() for _ in range(6)]
    assert 0 < change[0] < change[1]
    assert len(set(change[1:])) == 1
    made = stage.show(80)
    assert "does not convince" in made.message and made.made is not None
    (face,) = made.made.faces
    assert np.allclose(face.landmarks, face_at(80).points, atol=1e-3)
    changed = stage.changed(made)
    assert changed.any() and not changed[:, :80].any() and not changed[:, 80 + SIDE :].any()


def test_the_way_is_decided_once_a_track_and_target(stage: Stage) -> None:
    stage.show(80, frames=4)
    assert stage.ways == 1
    stage.show(frames=3)
    assert stage.show(80, frames=3).made is not None, "it came back, and is known"
    assert stage.ways == 1
    assert stage.show(80, asked=SAD).made is not None
    assert stage.ways == 2
    stage.show(80, asked=Asked("sad", 0.5))
    assert stage.ways == 2


def test_another_strength_and_target_show_at_once(stage: Stage) -> None:
    happy = stage.show(80, frames=4)
    sad, half = stage.show(80, asked=SAD), stage.show(80, asked=Asked("sad", 0.5))
    assert not np.array_equal(happy.pixels, sad.pixels)
    assert not np.array_equal(half.pixels, sad.pixels)
    assert half.made is not None and half.made.strength == 0.5
    assert half.made.faces[0].after is None, "what was seen at another strength"


def test_a_moving_face_is_kept_up_with(stage: Stage) -> None:
    for i in range(20):
        made = stage.show(40 + 4 * i)
    assert made.made is not None
    lag = face_at(40 + 4 * 19).points - made.made.faces[0].landmarks
    assert np.abs(lag).max() < 3, "px, of 4 a frame"


def test_without_a_face_the_frame_is_as_it_was(stage: Stage) -> None:
    made = stage.show()
    assert made.made is None and made.message == "no face"
    assert np.array_equal(made.pixels, stage.frame)
    stage.show(80, frames=4)
    made = stage.show(frames=3)
    assert made.made is None and np.array_equal(made.pixels, stage.frame)


def test_one_face_is_followed_until_it_goes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one is larger."""
    plain = face_at

    def at(left: int) -> Face:
        face = plain(left)
        middle = face.points.mean(axis=0)
        grown = middle + 1.15 * (face.points - middle)
        return given_face(grown.astype(np.float32)) if left == 300 else face

    monkeypatch.setitem(globals(), "face_at", at)
    stage.show(0, frames=4)
    for _ in range(4):
        changed = stage.changed(stage.show(0, 300))
        assert changed[:, :SIDE].any() and not changed[:, 300:].any()
    stage.show(300, frames=6)
    assert stage.changed(stage.show(300))[:, 300:].any()


def test_the_first_picture_is_translated_at_once(stage: Stage) -> None:
    first = stage.show(80)
    assert first.made is not None and np.array_equal(first.pixels, stage.show(80).pixels)


def test_a_cut_fades_nothing_over(stage: Stage) -> None:
    stage.show(80, frames=4)
    assert isinstance(stage.translator.finder, KnownFaces)
    stage.translator.finder.faces = []
    white = np.full_like(stage.frame, 250)
    made = stage.live.translate(white, stage.count * STEP, HAPPY)
    assert made.made is None and np.array_equal(made.pixels, white)


def test_what_is_remembered_does_not_grow(stage: Stage) -> None:
    stage.show(80, frames=3 * VOTERS)
    (track,) = stage.live._tracker.tracks
    assert len(track.sightings) == VOTERS
    assert len(stage.live._known) == 1


def test_a_frame_may_come_again_with_another_target(stage: Stage) -> None:
    stage.show(80, frames=4)
    time = (stage.count - 1) * STEP
    once = stage.live.translate(stage.frame, time, SAD)
    again = stage.live.translate(stage.frame, time, SAD)
    assert once.made is not None and np.array_equal(once.pixels, again.pixels)


def test_a_wrong_target_is_refused(stage: Stage) -> None:
    with pytest.raises(UsageError, match="bored"):
        stage.show(80, asked=Asked("bored"))
