"""Faces keep their identity, and changes come and go softly."""

from collections.abc import Iterable

import numpy as np
import pytest
from support.plain_face import canonical_face

from ecgan.errors import FaceError
from ecgan.faces.face import given_face
from ecgan.inference.tracks import (
    FADE_SECONDS,
    LOOK_PX,
    Look,
    Sighting,
    Track,
    Tracker,
    places,
)

TIMES = [i / 25 for i in range(50)]
BLUR = FaceError("blurred", "too blurred")


def look(level: float) -> Look:
    return np.full((LOOK_PX, LOOK_PX, 3), level, np.float32)


def seen(frame: int, x: float, problem: FaceError | None = None) -> Sighting:
    points = (canonical_face() + np.array([x, 0])).astype(np.float32)
    return Sighting(frame, TIMES[frame], given_face(points), problem)


def track_of(frames: Iterable[int], bad: Iterable[int] = ()) -> Track:
    track, bad = Track(look(100)), set(bad)
    for frame in frames:
        track.add(seen(frame, frame, BLUR if frame in bad else None), look(100), alone=True)
    return track


@pytest.mark.parametrize("hidden", [True, False])
def test_two_faces_cross_and_keep_their_tracks(hidden: bool) -> None:
    tracker = Tracker()
    found: dict[str, set[int]] = {"one": set(), "other": set()}
    for frame in range(50):
        faces = {"one": (8 * frame, look(90)), "other": (400 - 8 * frame, look(115))}
        if hidden and 21 <= frame <= 29:
            del faces["other"]
        if frame % 2:  # the detector gives them in any order
            faces = dict(reversed(faces.items()))
        tracks = tracker.add(
            [seen(frame, x) for x, _ in faces.values()], [colour for _, colour in faces.values()]
        )
        for name, track in zip(faces, tracks, strict=True):
            found[name].add(id(track))
    assert len(tracker.tracks) == 2
    assert all(len(tracks) == 1 for tracks in found.values())


def test_after_a_cut_a_face_is_known_by_its_look() -> None:
    tracker = Tracker()
    (before,) = tracker.add([seen(0, 0)], [look(90)])
    tracker.cut()
    (stranger,) = tracker.add([seen(1, 0)], [look(140)])
    tracker.cut()
    (again,) = tracker.add([seen(2, 300)], [look(95)])
    assert stranger is not before
    assert again is before


def test_a_face_that_comes_back_half_hidden_is_known_in_the_end() -> None:
    tracker = Tracker()
    for frame in range(10):
        tracker.add([seen(frame, 0), seen(frame, 300)], [look(90), look(180)])
    tracker.cut()
    for frame in range(25, 50):  # another face covers it at first
        level = 120 if frame == 25 else 92
        tracker.add([seen(frame, 0), seen(frame, 300)], [look(level), look(180)])
    assert len(tracker.tracks) == 3
    ((kept, added),) = tracker.join()
    assert added not in tracker.tracks
    assert [one.frame for one in kept.sightings] == [*range(10), *range(25, 50)]
    assert len(tracker.tracks) == 2


def test_a_face_far_away_is_another_one() -> None:
    tracker = Tracker()
    (one,) = tracker.add([seen(0, 0)], [look(90)])
    both = tracker.add([seen(1, 900), seen(1, 3)], [look(90), look(90)])
    assert both[1] is one
    assert both[0] is not one


def test_a_face_that_is_always_there_is_changed_everywhere() -> None:
    found = places(track_of(range(50)), TIMES)
    assert sorted(found) == list(range(50))
    assert {place.share for place in found.values()} == {1.0}


def test_short_gaps_are_bridged() -> None:
    found = places(track_of([*range(20), *range(24, 50)]), TIMES)
    assert sorted(found) == list(range(50))
    middle = found[22].points[0, 0] - found[0].points[0, 0]
    assert middle == pytest.approx(22, abs=1.0)
    assert min(place.share for place in found.values()) == 1.0


def test_long_gaps_are_not() -> None:
    found = places(track_of([*range(20), *range(30, 50)]), TIMES)
    assert sorted(found) == [*range(20), *range(30, 50)]
    fading = [found[frame].share for frame in range(14, 20)]
    assert fading == sorted(fading, reverse=True)
    assert 0 < fading[-1] < 0.5 < found[14].share
    assert found[30].share == pytest.approx(1 / 25 / FADE_SECONDS)
    assert found[0].share == found[49].share == 1


def test_single_frames_do_not_flicker() -> None:
    assert sorted(places(track_of(range(50), bad=(10, 30)), TIMES)) == list(range(50))
    fine = sorted(places(track_of(range(50), bad=set(range(50)) - {10, 30}), TIMES))
    assert fine == []


def test_at_a_cut_nothing_fades() -> None:
    found = places(track_of(range(50)), TIMES, frozenset((25,)))
    assert {place.share for place in found.values()} == {1.0}
    assert found[24].points[0, 0] < found[25].points[0, 0]
