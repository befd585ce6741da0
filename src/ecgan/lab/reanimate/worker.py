"""All pictures of one person: photo in, labelled files out, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.errors import DataError, FaceError, ImageError
from ecgan.expressions import NEUTRAL
from ecgan.faces.alignment import CANONICAL_SIZE, Alignment, align, crop
from ecgan.faces.face import check_translatable
from ecgan.faces.landmark_files import given_landmarks
from ecgan.faces.landmarks import LandmarkDetector
from ecgan.faces.photo import read_photo
from ecgan.faces.photo_writing import write_photo
from ecgan.files import write_text
from ecgan.lab.reanimate.background import Cutter
from ecgan.lab.reanimate.facekit import CREDIT, read_facekit
from ecgan.lab.reanimate.looks import Look, look_of, take
from ecgan.lab.reanimate.people import Person, Picture, ReanimationOptions
from ecgan.lab.reanimate.portrait import Portrait, portrait_of
from ecgan.lab.reanimate.recipes import Style, style_of, weights_of
from ecgan.lab.reanimate.render import open_lids, render
from ecgan.lab.reanimate.sitting import FINER, portrait_in, sitting_of
from ecgan.seeding import numpy_generator

NOTES = ".reanimate"
"""Folder of one note a person: what was made of them, or why nothing."""
ZOOM, DOWN = 0.93, 6.0
"""The picture shows this much less than the canonical crop enlarges, and lies higher by so many
canonical pixels, so that `prepare` finds all of its crop inside."""
GAZE_SPREAD = 0.10
"""Standard deviation of the turn of the eyes from picture to picture, in iris radii."""
MOST_OPEN, LEAST_OPEN = 0.10, 0.06
"""Of lips and of lids in a neutral photo, in distances between the eyes."""
SYNTHETIC = "synthetic: the expression was made by a program and is not one that the person made"

LOOKED = "synthetic: head turn, light, background and colour of a neutral photo were changed"


@dataclass(frozen=True)
class Done:
    """What became of one person."""

    subject: str
    shown: str
    fingerprint: str
    rows: tuple[dict[str, Any], ...] = ()
    """Lines of labels.jsonl."""
    reason: str = ""
    message: str = ""


class Worker:
    """Re-animates one person after another with one model and one detector."""

    def __init__(self, facekit: Path, out: Path, options: ReanimationOptions) -> None:
        cv2.setNumThreads(1)  # the processes are the parallelism
        self.kit = read_facekit(facekit)
        self.out = out
        self.options = options
        self._cutter = Cutter()

    @cached_property
    def _detector(self) -> LandmarkDetector:
        return LandmarkDetector()

    def __call__(self, person: Person) -> Done:
        """Write all pictures, then the note that says so."""
        about = (person.subject, person.shown, person.fingerprint)
        try:
            done = Done(*about, rows=self._reanimate(person))
        except (NotNeutralError, FaceError) as error:
            done = Done(*about, reason=error.reason, message=str(error))
        except (ImageError, DataError) as error:
            reason = "unreadable" if isinstance(error, ImageError) else "landmarks"
            done = Done(*about, reason=reason, message=str(error))
        write_text(note_of(self.out, person), json.dumps(done.__dict__, ensure_ascii=False))
        return done

    def _reanimate(self, person: Person) -> tuple[dict[str, Any], ...]:
        pixels = read_photo(person.photo).pixels
        points = self._points(pixels, person)
        check_neutral(points)
        frame = frame_of(points, self.options.size)
        style = style_of(person.subject, self.options.seed, self.options.spread)
        portrait = portrait_of(crop(pixels, frame), frame.to_aligned(points), self.kit, style)
        if self.options.looks > 1:
            finer = crop(pixels, frame.scaled(FINER * self.options.size))
            sitting = sitting_of(portrait, finer, self._cutter)
        rows = []
        for number, pictures in groupby(person.pictures, lambda one: one.look):
            look, shown = None, portrait
            if number:
                look = look_of(person.subject, number, self.options.seed, self.options.reshape)
                shown = portrait_in(sitting, look)
            rows += [self._picture(shown, person, style, one, look) for one in pictures]
        return tuple(rows)

    def _picture(
        self,
        portrait: Portrait,
        person: Person,
        style: Style,
        picture: Picture,
        look: Look | None,
    ) -> dict[str, Any]:
        random = numpy_generator(self.options.seed, "picture", person.subject, picture.file)
        spread = self.options.spread
        weights: dict[str, float] = {}
        gaze = (0.0, 0.0)
        metadata = {"source": "re-animated portrait, neutral photo" if look is None else LOOKED}
        if picture.expression != NEUTRAL:
            weights = weights_of(
                picture.expression, picture.variant, picture.intensity, style, random, spread=spread
            )
            weights = open_lids(portrait, weights, picture.expression)
            x, y = spread * np.clip(random.normal(0, GAZE_SPREAD, 2), -0.25, 0.25)
            gaze = (float(x), 0.5 * float(y))
            metadata = {"source": SYNTHETIC, "credit": CREDIT}
        made = render(portrait, weights, gaze)
        pixels, turn, pair = made.pixels, (0.0, 0.0, 0.0), person.subject
        if look is not None:
            pixels = take(pixels, look.camera, look.seed)
            turn, pair = look.turn, f"{person.subject} look {look.number}"
        write_photo(self.out / picture.file, pixels, metadata=metadata)
        return {
            "file": picture.file,
            "subject": person.subject,
            "expression": picture.expression,
            "recipe": picture.variant or None,
            "intensity": picture.intensity,
            "weights": weights,
            "gaze": [round(value, 3) for value in gaze],
            "look": picture.look,
            "turn": list(turn),
            "shape": list(look.shape) if look is not None else [],
            "pair": pair,
            "landmarks": [[round(float(v), 2) for v in point] for point in made.landmarks],
        }

    def _points(self, pixels: NDArray[np.uint8], person: Person) -> NDArray[np.float32]:
        if self.options.landmarks != "detect":
            if person.landmarks is not None:
                return np.asarray(person.landmarks, dtype=np.float32)
            points, refused = given_landmarks(person.photo, pixels.shape)
            if points is not None:
                return points
            if self.options.landmarks == "given":
                if refused:
                    raise DataError(refused[0])
                raise FaceError("no-face", f"no landmarks are given for {person.photo.name}")
        faces = self._detector.detect(pixels)
        if not faces:
            raise FaceError("no-face", f"no face found in {person.photo.name}")
        check_translatable(faces[0], pixels.shape)
        return faces[0].points


class NotNeutralError(DataError):
    """A photo that shows an expression already."""

    reason = "not-neutral"


def check_neutral(points: NDArray[np.floating]) -> None:
    """Refuse an open mouth and closed eyes: what they hide or show cannot be moved.

    Raises:
        NotNeutralError: the distance of lips or lids, against that of the eyes, is out of range.
    """
    eyes = np.linalg.norm(points[36:42].mean(axis=0) - points[42:48].mean(axis=0))
    lips = np.linalg.norm(points[[61, 62, 63]] - points[[67, 66, 65]], axis=1).max() / eyes
    lids = np.linalg.norm(points[[37, 38, 43, 44]] - points[[41, 40, 47, 46]], axis=1).mean() / eyes
    if lips > MOST_OPEN:
        raise NotNeutralError(
            f"the mouth is open (lips {lips:.0%} of the eye distance apart, at most "
            f"{MOST_OPEN:.0%}): use a photo with closed lips"
        )
    if lids < LEAST_OPEN:
        raise NotNeutralError(
            f"the eyes are closed or nearly so (lids {lids:.0%} of the eye distance apart, at "
            f"least {LEAST_OPEN:.0%}): use a photo with open eyes"
        )


def frame_of(points: NDArray[np.floating], size: int) -> Alignment:
    """The square that is cut out of a photo: the canonical crop with room around it.

    Raises:
        FaceError: the points coincide.
    """
    canonical = align(points).matrix
    matrix = canonical * ZOOM
    matrix[:, 2] += (1 - ZOOM) * CANONICAL_SIZE / 2 - np.array([0, DOWN])
    return Alignment(matrix, CANONICAL_SIZE).scaled(size)


def note_of(out: Path, person: Person) -> Path:
    """Where the note of a person lies."""
    return out / NOTES / f"{Path(person.pictures[0].file).stem}.json"


def read_done(note: Path) -> Done | None:
    """What a note says; None where it cannot be read."""
    try:
        values = json.loads(note.read_text(encoding="utf-8"))
        return Done(**{**values, "rows": tuple(values["rows"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_note(out: Path, person: Person) -> Done | None:
    """What was made of a person, if all of it is still there and as it would be made now."""
    done = read_done(note_of(out, person))
    if done is None or done.fingerprint != person.fingerprint:
        return None
    return done if all((out / row["file"]).is_file() for row in done.rows) else None
