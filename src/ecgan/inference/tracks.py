"""Which faces of successive frames are the same person's, and how steadily each can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ecgan.errors import FaceError
from ecgan.faces.face import Face, middle
from ecgan.inference.smoothing import smoothed

LOST_SECONDS = 1.5
"""After which a face that comes back is a new track."""
GAP_SECONDS = 0.25
"""Of frames without the face that are bridged."""
FADE_SECONDS = 0.2
"""In which a change comes and goes where a face becomes usable or no longer is."""
REACH, REACH_PER_SECOND = 0.6, 1.5
"""How far from where it is expected a face may be, in sides of its box."""
UNLIKE, UNLIKE_LATER = 40.0, 15.0
"""Mean difference of two looks in levels of 255 from which they are two people's: in successive
frames, and where a face comes back after it was lost or after a cut."""
LOOK_PX = 16
VOTERS = 5
"""Successive frames that decide by majority whether a face is usable, so that it does not
flicker."""

MOST_KNOWN = 30
"""Tracks that are remembered where there is no end."""
CUT_DIFFERENCE = 30.0
"""Mean difference of two frames in levels of 255 from which another scene begins."""
_THUMBNAIL = (32, 18)

Look = NDArray[np.float32]


class Scenes:
    """Where a film cuts to another scene."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None

    def begins(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether the next frame shows another scene than the one before it."""
        small = cv2.resize(pixels, _THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._before = self._before, small
        return before is not None and float(np.abs(small - before).mean()) > CUT_DIFFERENCE


def look_of(crop: NDArray[np.uint8]) -> Look:
    """Colours of an aligned face, coarsely: the same person looks alike in successive frames."""
    side = crop.shape[0]
    part = crop[side // 4 : side - side // 8, side // 5 : side - side // 5]
    small = cv2.resize(part, (LOOK_PX, LOOK_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def unlikeness(one: Look, other: Look) -> float:
    """Mean difference in levels of 255."""
    return float(np.abs(one - other).mean())


@dataclass(frozen=True)
class Sighting:
    """A face in a frame."""

    frame: int
    time: float
    face: Face
    problem: FaceError | None = None
    """Why it cannot be translated; None: it can."""
    doubts: tuple[str, ...] = ()


@dataclass(eq=False)
class Track:
    """One face through the clip."""

    look: Look
    sightings: list[Sighting] = field(default_factory=list)
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    """Of the middle of its box, pixels per second."""
    closed: bool = False
    """A cut of the film ended it."""

    @property
    def last(self) -> Sighting:
        return self.sightings[-1]

    @property
    def size(self) -> float:
        """How large and how long it is seen: eye distances, summed."""
        return sum(one.face.eye_distance for one in self.sightings)

    def add(self, sighting: Sighting, look: Look, *, alone: bool) -> None:
        """`alone`: no other face is so near that the looks of the two may be mixed up."""
        if self.sightings:
            step = sighting.time - self.last.time
            moved = middle(sighting.face.box) - middle(self.last.face.box)
            self.velocity = 0.5 * self.velocity + 0.5 * moved / max(step, 1e-3)
            if alone:
                self.look = 0.9 * self.look + 0.1 * look
        self.sightings.append(sighting)


class Tracker:
    """Gives each face of each frame to a track."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []

    def cut(self) -> None:
        """The film shows another scene from the next frame on."""
        for track in self.tracks:
            track.closed = True

    def forget(self) -> None:
        """Of frames without end: what no later one needs."""
        for track in self.tracks:
            del track.sightings[:-VOTERS]
        self.tracks = sorted(self.tracks, key=lambda track: track.last.time)[-MOST_KNOWN:]

    def add(self, sightings: Sequence[Sighting], looks: Sequence[Look]) -> list[Track]:
        """The tracks of the faces of the next frame, in order; new ones where nothing fits."""
        open_tracks = [
            track
            for track in self.tracks
            if sightings
            and not track.closed
            and sightings[0].time - track.last.time <= LOST_SECONDS
        ]
        found: dict[int, Track] = {}
        if open_tracks:
            costs = np.array(
                [
                    [_cost(track, one, look) for track in open_tracks]
                    for one, look in zip(sightings, looks, strict=True)
                ]
            )
            for i, j in zip(*linear_sum_assignment(np.minimum(costs, 1e6)), strict=True):
                if np.isfinite(costs[i, j]):
                    found[int(i)] = open_tracks[int(j)]
        result: list[Track] = []
        for i, (one, look) in enumerate(zip(sightings, looks, strict=True)):
            track = found.get(i) or self._again(look, [*found.values(), *open_tracks, *result])
            if track is None:
                track = Track(look)
                self.tracks.append(track)
            track.add(one, look, alone=not any(_near(one, other) for other in sightings))
            result.append(track)
        return result

    def _again(self, look: Look, others: Sequence[Track]) -> Track | None:
        """The one track of before that looks like a face that comes back."""
        track = _alike(look, [track for track in self.tracks if track not in others])
        if track is not None:
            track.closed, track.velocity = False, np.zeros(2)
        return track

    def join(self) -> list[tuple[Track, Track]]:
        """At the end, tracks that look alike and are never seen together become one: a face that
        comes back half hidden is known only later. Gives each that stays with the one that is
        added to it."""
        joined: list[tuple[Track, Track]] = []
        kept: list[Track] = []
        for track in self.tracks:
            frames = {one.frame for one in track.sightings}
            apart = [one for one in kept if frames.isdisjoint(it.frame for it in one.sightings)]
            same = _alike(track.look, apart)
            if same is None:
                kept.append(track)
            else:
                same.sightings.extend(track.sightings)
                same.sightings.sort(key=lambda one: one.frame)
                joined.append((same, track))
        self.tracks = kept
        return joined


def _alike(look: Look, tracks: Sequence[Track]) -> Track | None:
    """The one track of this look, if there is one and no other is nearly as like."""
    likeness = sorted((unlikeness(track.look, look), i) for i, track in enumerate(tracks))
    if not likeness or likeness[0][0] > UNLIKE_LATER:
        return None
    if len(likeness) > 1 and likeness[1][0] < 1.5 * likeness[0][0]:
        return None
    return tracks[likeness[0][1]]


def _cost(track: Track, one: Sighting, look: Look) -> float:
    """How badly a face fits a track; infinite where it cannot be the same."""
    gap = one.time - track.last.time
    box = track.last.face.box
    side = max(box[2] - box[0], box[3] - box[1], 1.0)
    # A face that was lost may have turned around: it is not expected far ahead.
    expected = middle(box) + track.velocity * min(gap, GAP_SECONDS)
    apart = float(np.hypot(*(middle(one.face.box) - expected))) / side
    different = unlikeness(track.look, look)
    if apart > REACH + REACH_PER_SECOND * gap or different > UNLIKE:
        return float("inf")
    grown = abs(float(np.log(one.face.eye_distance / max(track.last.face.eye_distance, 1e-3))))
    if grown > 0.5 + gap:
        return float("inf")
    return apart + grown + 3 * different / UNLIKE


def _near(one: Sighting, other: Sighting) -> bool:
    if one is other:
        return False
    (x0, y0, x1, y1), (u0, v0, u1, v1) = one.face.box, other.face.box
    return max(x0, u0) < min(x1, u1) and max(y0, v0) < min(y1, v1)


@dataclass(frozen=True)
class Place:
    """Where a track's face is to be changed in one frame."""

    points: NDArray[np.float32]
    """(68, 2), smoothed."""
    share: float
    """Of the change, below 1 where it fades in or out."""


def places(
    track: Track, times: Sequence[float], cuts: frozenset[int] = frozenset()
) -> dict[int, Place]:
    """By frame, where a track can be changed: short gaps bridged, single refusals among good frames
    overruled, points smoothed, and a change that fades in and out where it neither begins
    with a scene nor ends with it.

    Args:
        track: of the clip.
        times: of all its frames in seconds.
        cuts: frames with which a scene begins.
    """
    usable = by_majority([one.problem is None for one in track.sightings])
    good = [one for one, fine in zip(track.sightings, usable, strict=True) if fine]
    result: dict[int, Place] = {}
    run: list[Sighting] = []
    for one in [*good, None]:
        if run and (one is None or _apart(run[-1], one, times, cuts)):
            result.update(_places_of_run(run, times, cuts))
            run = []
        if one is not None:
            run.append(one)
    return result


def _apart(before: Sighting, one: Sighting, times: Sequence[float], cuts: frozenset[int]) -> bool:
    """Whether frames without the face, or a cut, lie between."""
    if any(before.frame < cut <= one.frame for cut in cuts):
        return True
    return times[one.frame - 1] - before.time > GAP_SECONDS


def by_majority(flags: Sequence[bool]) -> list[bool]:
    """Each flag as most of those around it are."""
    half = VOTERS // 2
    windows = (flags[max(0, i - half) : i + half + 1] for i in range(len(flags)))
    return [2 * sum(window) > len(window) for window in windows]


def _places_of_run(
    run: Sequence[Sighting], times: Sequence[float], cuts: frozenset[int]
) -> dict[int, Place]:
    first, last = run[0].frame, run[-1].frame
    frames = list(range(first, last + 1))
    known = np.array([one.time for one in run])
    given = np.stack([one.face.points for one in run]).reshape(len(run), -1)
    now = np.array([times[frame] for frame in frames])
    filled = np.stack([np.interp(now, known, given[:, i]) for i in range(given.shape[1])], axis=1)
    points = list(filled.reshape(len(frames), -1, 2))
    unit = float(np.median([one.face.eye_distance for one in run]))
    smooth = smoothed(points, now.tolist(), [unit] * len(frames))
    begins = first == 0 or first in cuts
    ends = last == len(times) - 1 or last + 1 in cuts
    before = -np.inf if begins else times[first - 1]
    after = np.inf if ends else times[last + 1]
    ramps = np.clip(np.minimum(now - before, after - now) / FADE_SECONDS, 0, 1)
    return {
        frame: Place(where, float(share))
        for frame, where, share in zip(frames, smooth, ramps, strict=True)
    }
