"""Faces of a video: followed through all its frames first, then translated frame by frame."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import FaceError
from ecgan.faces.alignment import align, crop
from ecgan.faces.change import change_face
from ecgan.faces.face import check_translatable
from ecgan.faces.finder import (
    MAX_CROP_PX,
    AlignedFace,
    FaceChoice,
    RefusedFace,
    align_face,
    face_numbers,
)
from ecgan.faces.parts import PARTS, Part
from ecgan.faces.photo import Photo
from ecgan.files import atomic_open, write_json
from ecgan.inference.clips import VideoFile, VideoWriter, errors_named
from ecgan.inference.crops import ReadyFace
from ecgan.inference.doubt import check_readable
from ecgan.inference.face_translator import MadeFace
from ecgan.inference.marking import Mark, sidecar_path
from ecgan.inference.strength import StrengthCurve
from ecgan.inference.tracks import Place, Scenes, Sighting, Track, Tracker, look_of, places
from ecgan.inference.translator import Translator

NUM_SAMPLES = 3
"""Frames by which the route of a face is chosen."""
LEAST_SECONDS = 0.1
"""A face that is seen for less is a mistake of the detector."""

Report = Callable[[int, int], None]
"""Called with the frames that are done and how many there are."""


@dataclass(frozen=True)
class ClipFace:
    """One face of a clip."""

    number: int
    """1 is the one that is seen largest and longest."""
    ready: ReadyFace
    """What the recogniser has decided for the whole clip, of one frame."""
    samples: tuple[ReadyFace, ...]
    places: dict[int, Place]
    """By frame, where it can be translated."""


@dataclass(frozen=True)
class Clip:
    """A video whose asked-for faces are found in all frames."""

    video: VideoFile
    times: tuple[float, ...]
    """Of the frames, in seconds from the first."""
    faces: tuple[ClipFace, ...]
    refused: tuple[RefusedFace, ...]

    @property
    def num_translated(self) -> int:
        """Frames with a face that is translated."""
        return len({frame for face in self.faces for frame in face.places})


def follow_faces(
    video: VideoFile,
    translator: Translator,
    choice: FaceChoice,
    assume_neutral: bool,
    report: Report,
) -> Clip:
    """Find the faces of all frames, give them to tracks, and see how each is to be translated.

    Args:
        video: from `open_video`.
        translator: that will be used.
        choice: `largest` is the face that is seen largest and longest; `left`, `right` and `center`
            count in the first frame that shows most of the faces.
        assume_neutral: take every face as it is, without asking the recogniser.
        report: progress.

    Raises:
        VideoError: the file is damaged.
        FaceError: no asked-for face can be translated in any frame; with the reason.
    """
    tracker, samples = Tracker(), dict[int, _Samples]()
    times: list[float] = []
    cuts: set[int] = set()
    scenes = Scenes()
    for frame in video.frames():
        number = len(times)
        times.append(frame.time)
        pixels = video.pixels(frame)
        if scenes.begins(pixels):
            cuts.add(number)
            tracker.cut()
        seen = faces_seen(translator, pixels, number, times[-1])
        tracks = tracker.add([one for one, _ in seen], [look_of(a.pixels) for _, a in seen])
        for track, (one, aligned) in zip(tracks, seen, strict=True):
            if one.problem is None:
                samples.setdefault(id(track), _Samples()).add(aligned)
        report(len(times), max(video.num_frames, len(times)))
    for track, added in tracker.join():
        for aligned in samples.pop(id(added), _Samples()).kept:
            samples.setdefault(id(track), _Samples()).add(aligned)
    chosen = _asked_for(tracker.tracks, times, choice, (video.height, video.width))
    faces, refused = [], []
    for number, track in chosen:
        where = places(track, times, frozenset(cuts))
        if not where or id(track) not in samples:
            refused.append(_refusal(number, track))
            continue
        ready = tuple(
            translator.ready_face(replace(aligned, number=number), assume_neutral)
            for aligned in samples[id(track)].chosen(track)
        )
        faces.append(ClipFace(number, ready[_typical(ready)], ready, where))
    if not faces:
        first = refused[0]
        raise FaceError(first.reason, f"in no frame long enough: {first.message}")
    start = times[0]
    return Clip(video, tuple(time - start for time in times), tuple(faces), tuple(refused))


def faces_seen(
    translator: Translator, pixels: NDArray[np.uint8], number: int, time: float
) -> list[tuple[Sighting, AlignedFace]]:
    """The faces of a frame.

    Args:
        translator: whose finder is asked.
        pixels: (height, width, 3) RGB.
        number, time: of the frame, in seconds.
    """
    photo = frame_photo(pixels)
    try:
        faces = translator.finder.find(photo)
    except FaceError:
        return []
    least_px = translator.window.canvas(translator.size)
    seen = []
    for face in faces:
        with contextlib.suppress(FaceError):  # its landmarks coincide
            aligned = align_face(photo, face, least_px=least_px)
            seen.append(_sighting(aligned, pixels.shape, number, time))
    return seen


def frame_photo(pixels: NDArray[np.uint8]) -> Photo:
    """A frame as a photo."""
    return Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="video")


def _sighting(
    aligned: AlignedFace, shape: tuple[int, ...], frame: int, time: float
) -> tuple[Sighting, AlignedFace]:
    face = aligned.face
    try:
        check_translatable(face, shape)
        doubts = check_readable(aligned.pixels)
    except FaceError as error:
        return Sighting(frame, time, face, error), aligned
    return Sighting(frame, time, face, None, doubts), replace(aligned, doubts=doubts)


class _Samples:
    """A few crops of a track, spread over it however long it is."""

    def __init__(self) -> None:
        self.kept: list[AlignedFace] = []
        self.count, self.every = 0, 1

    def add(self, aligned: AlignedFace) -> None:
        if self.count % self.every == 0:
            self.kept.append(aligned)
        self.count += 1
        if len(self.kept) > 2 * NUM_SAMPLES:
            self.kept, self.every = self.kept[::2], 2 * self.every

    def chosen(self, track: Track) -> list[AlignedFace]:
        """`NUM_SAMPLES` of them, with the doubts that most frames have."""
        usable = [one for one in track.sightings if one.problem is None]
        counts = Counter(doubt for one in usable for doubt in one.doubts)
        doubts = tuple(doubt for doubt, count in counts.items() if 2 * count > len(usable))
        sides = [one.alignment.size for one in self.kept]
        side = int(np.median(sides))
        indices = np.linspace(0, len(self.kept) - 1, min(NUM_SAMPLES, len(self.kept)))
        chosen = [self.kept[round(i)] for i in indices]
        # One whose crop has the usual side stands for all: its side is that of every frame.
        chosen.sort(key=lambda one: abs(one.alignment.size - side))
        return [replace(one, doubts=doubts) for one in chosen]


def _asked_for(
    tracks: list[Track], times: list[float], choice: FaceChoice, shape: tuple[int, int]
) -> list[tuple[int, Track]]:
    """The chosen tracks with their numbers, the largest being 1.

    Raises:
        FaceError: there is no face, or not so many.
    """
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    enough = min(LEAST_SECONDS, times[-1] - times[0]) / max(step, 1e-6)
    real = [track for track in tracks if len(track.sightings) >= enough]
    if not real:
        raise FaceError("no-face", f"no face found in {len(times)} frames")
    real.sort(key=lambda track: -track.size)
    counts = Counter(one.frame for track in real for one in track.sightings)
    most = max(counts.values())
    shown = min(frame for frame, count in counts.items() if count == most)
    faces = [min(track.sightings, key=lambda one: abs(one.frame - shown)).face for track in real]
    return [(number, real[number - 1]) for number in face_numbers(choice, faces, shape)]


def _refusal(number: int, track: Track) -> RefusedFace:
    """By the most frequent reason of a track without a usable frame."""
    problems = [one for one in track.sightings if one.problem is not None]
    reasons = Counter(one.problem.reason for one in problems if one.problem)
    reason = reasons.most_common(1)[0][0]
    one = next(one for one in problems if one.problem and one.problem.reason == reason)
    return RefusedFace(number, one.face.box, reason, str(one.problem))


def _typical(faces: tuple[ReadyFace, ...]) -> int:
    """Which of them went the way that most went; the first where all differ."""
    ways = [(face.passes, face.expressive, face.kept) for face in faces]
    return ways.index(Counter(ways).most_common(1)[0][0])


def started(
    clip: Clip, translator: Translator, target: str, strength: float
) -> tuple[MadeFace, ...]:
    """How each face of a clip is translated to a target, chosen once."""
    chosen = []
    for face in clip.faces:
        made = [translator.started(one, target, strength) for one in face.samples]
        chosen.append(made[_typical(tuple(one.started for one in made))])
    return tuple(chosen)


def write_translated(
    path: Path,
    clip: Clip,
    *,
    translator: Translator,
    faces: tuple[MadeFace, ...],
    target: str,
    strength: StrengthCurve,
    mark: Mark,
    report: Report,
    parts: Sequence[Part] = PARTS,
) -> None:
    """Translate a clip into a file with a sidecar; both are there in the end, or neither.

    Args:
        path: its suffix is `clip.video.suffix`.
        clip: from `follow_faces`.
        translator: as there.
        faces: from `started`, for the target.
        target: an expression of the translator.
        strength: over the seconds from the first frame.
        mark: what to say of the output.
        report: progress.
        parts: of the face that may change.

    Raises:
        VideoError: the file is damaged, or what it holds cannot be written.
        OSError: it cannot be written.
    """
    from av import Packet

    with marked_video(path, mark) as (file, tags), VideoWriter(file, clip.video, tags) as writer:
        number = 0
        for part in clip.video.parts():
            if isinstance(part, Packet):
                writer.copy(part)
                continue
            now = strength.at(clip.times[number])
            pixels = None
            if any(number in face.places for face in clip.faces):
                pixels = clip.video.pixels(part)
                for face, like in zip(clip.faces, faces, strict=True):
                    place = face.places.get(number)
                    if place is not None:
                        change_at(
                            pixels,
                            place,
                            like=like.started,
                            translator=translator,
                            target=target,
                            strength=now,
                            parts=parts,
                        )
            writer.write(part, pixels)
            number += 1
            report(number, len(clip.times))


@contextlib.contextmanager
def marked_video(path: Path, mark: Mark) -> Iterator[tuple[BinaryIO, dict[str, str]]]:
    """A file to write a video into, with the tags that mark it. In the end the file and its sidecar
    are there, or neither.

    Args:
        path: of the file.
        mark: what to say of it; the sidecar is made of it at the end.

    Raises:
        VideoError: what it is given cannot be written.
        OSError: it cannot be written.
    """
    comment = "\n".join(f"{key}: {value}" for key, value in mark.metadata().items())
    sidecar = sidecar_path(path)
    try:
        with atomic_open(path) as file:
            with errors_named(path):
                yield file, {"comment": comment, "description": mark.notice}
            write_json(sidecar, mark.sidecar())
    except BaseException:
        if not path.exists():
            sidecar.unlink(missing_ok=True)
        raise


def change_at(
    pixels: NDArray[np.uint8],
    place: Place,
    *,
    like: ReadyFace,
    translator: Translator,
    target: str,
    strength: float,
    parts: Sequence[Part],
) -> AlignedFace:
    """Translate one face of a frame in place, as `like` was; returns it as it was there."""
    own = like.aligned
    alignment = align(place.points).scaled(min(own.alignment.size, MAX_CROP_PX))
    aligned = replace(
        own,
        face=replace(own.face, points=place.points),
        alignment=alignment,
        pixels=crop(pixels, alignment),
    )
    change = translator.change_like(like, aligned, target, strength, parts=parts)
    if change is not None:
        change = change if place.share == 1 else change.limited(place.share)
        change_face(pixels, change, alignment, aligned.mask)
    return aligned
