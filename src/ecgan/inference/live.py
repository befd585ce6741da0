"""One face of a picture that never ends, as of a camera: followed and translated as frames come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgan.faces.finder import AlignedFace
from ecgan.faces.parts import PARTS, Part
from ecgan.inference.face_translator import MadeFace
from ecgan.inference.results import Translated, TranslatedFace
from ecgan.inference.smoothing import OneEuroFilter
from ecgan.inference.tracks import (
    FADE_SECONDS,
    GAP_SECONDS,
    Place,
    Scenes,
    Sighting,
    Track,
    Tracker,
    by_majority,
    look_of,
)
from ecgan.inference.translator import Translator
from ecgan.inference.video import change_at, faces_seen, frame_photo


@dataclass(frozen=True)
class Asked:
    """What a live face shall show."""

    target: str
    strength: float = 1.0


@dataclass(frozen=True)
class LiveFrame:
    """A frame, and what became of it."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) RGB; equal to what came in where nothing was changed."""
    time: float
    """In seconds, as it came in."""
    asked: Asked
    """Of it."""
    made: Translated | None
    """None: nothing was changed."""
    message: str
    """Why not, or what is to be said of it; mostly empty."""


class _Followed:
    """What is known of one track."""

    def __init__(self) -> None:
        self.smooth = OneEuroFilter()
        self.points: NDArray[np.float32] | None = None
        self.seen = -np.inf
        """When, in seconds."""
        self.share = 0.0
        """Of the change, which fades in and out."""
        self.way: MadeFace | None = None
        """How the face is translated, to this target: decided once."""
        self.asked: Asked | None = None

    def sight(self, sighting: Sighting) -> None:
        if sighting.time - self.seen > GAP_SECONDS:
            self.smooth, self.share = OneEuroFilter(), 0.0
        face = sighting.face
        points = self.smooth(face.points, sighting.time, face.eye_distance)
        self.points, self.seen = points.astype(np.float32), sighting.time


class LiveTranslator:
    """Follows the face that is the largest when it comes, until it goes; then the next one."""

    def __init__(self, translator: Translator, parts: Sequence[Part] = PARTS) -> None:
        self.translator, self.parts = translator, tuple(parts)
        self._tracker, self._scenes = Tracker(), Scenes()
        self._known: dict[Track, _Followed] = {}
        self._track: Track | None = None
        self._count, self._time = 0, -np.inf

    def translate(self, pixels: NDArray[np.uint8], time: float, asked: Asked) -> LiveFrame:
        """The next frame, translated.

        Args:
            pixels: (height, width, 3) RGB.
            time: in seconds. A frame may come again, with the same time.
            asked: of the face. Route and neutralising passes are decided when it is first asked of
                a face to have this target.

        Raises:
            UsageError: unknown expression, or a strength out of range.
            MissingExtra: finding faces takes another package.
        """
        self.translator.check(asked.target, asked.strength)
        step = max(time - self._time, 0.0)
        if self._scenes.begins(pixels):
            self._tracker.cut()
            self._track = None
            step = np.inf  # nothing fades in or out with a scene
        seen = faces_seen(self.translator, pixels, self._count, time)
        looks = [look_of(aligned.pixels) for _, aligned in seen]
        tracks = self._tracker.add([one for one, _ in seen], looks)
        now = dict(zip(tracks, seen, strict=True))
        self._track = self._followed(now, time)
        self._tracker.forget()
        self._count, self._time = self._count + 1, time
        if self._track is None:
            return LiveFrame(pixels, time, asked, None, "no face")
        self._known = {one: self._known.get(one) or _Followed() for one in self._tracker.tracks}
        return self._changed(pixels, time, asked, now.get(self._track), step)

    def _followed(
        self, now: dict[Track, tuple[Sighting, AlignedFace]], time: float
    ) -> Track | None:
        track = self._track
        if track is not None and (track in now or time - track.last.time <= GAP_SECONDS):
            return track
        return max(now, key=lambda one: one.last.face.eye_distance, default=None)

    def _changed(
        self,
        pixels: NDArray[np.uint8],
        time: float,
        asked: Asked,
        seen: tuple[Sighting, AlignedFace] | None,
        step: float,
    ) -> LiveFrame:
        track = self._track
        assert track is not None
        known, usable, message = self._known[track], False, "no face"
        if seen is not None:
            sighting, aligned = seen
            known.sight(sighting)
            usable = by_majority([one.problem is None for one in track.sightings])[-1]
            message = "" if sighting.problem is None else str(sighting.problem)
            if sighting.problem is None:
                self._decide(known, aligned, asked)
        known.share = float(
            np.clip(known.share + (1 if usable else -1) * step / FADE_SECONDS, 0, 1)
        )
        way, points = known.way, known.points
        if not known.share or way is None or points is None or known.asked is None:
            return LiveFrame(pixels, time, asked, None, message)
        if known.asked.target != asked.target:  # not decided yet: nothing of the last target
            return LiveFrame(pixels, time, asked, None, message)
        changed = pixels.copy()
        there = change_at(
            changed,
            Place(points, known.share),
            like=way.started,
            translator=self.translator,
            target=asked.target,
            strength=asked.strength,
            parts=self.parts,
        )
        there = replace(there, face=replace(there.face, box=track.last.face.box))
        after = way.after if known.asked == asked else None
        face = TranslatedFace.of(way.started, after, asked.target, asked.strength, self.parts)
        made = Translated(
            pixels=changed,
            faces=(replace(face, aligned=there),),
            refused=(),
            photo=frame_photo(pixels),
            target=asked.target,
            strength=asked.strength,
            model=self.translator.model,
            parts=self.parts,
        )
        return LiveFrame(changed, time, asked, made, message or " ".join(face.warnings()))

    def _decide(self, known: _Followed, aligned: AlignedFace, asked: Asked) -> None:
        if known.asked is None or known.asked.target != asked.target:
            ready = self.translator.ready_face(aligned)
            known.way = self.translator.started(ready, asked.target, asked.strength)
            known.asked = asked
