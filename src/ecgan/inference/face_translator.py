"""Both generators and the recogniser on aligned faces, several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgan.expressions import (
    NEUTRAL,
    Vocabulary,
    canonical_expression,
    canonical_target,
    expression_of,
)
from ecgan.faces.change import FaceChange
from ecgan.faces.finder import AlignedFace
from ecgan.faces.parts import PARTS, Part, part_weight
from ecgan.inference.crops import (
    Crop,
    CropGenerator,
    PhotoCrop,
    ReadyFace,
    View,
    limited,
    to_tensor,
)
from ecgan.inference.recognizer import Recognizer, resize
from ecgan.inference.strength import (
    Request,
    Route,
    best_start,
    check_strength,
    full_intensities,
    is_expressive,
    neutralises_further,
    request_for,
)
from ecgan.inference.turns import one_at_a_time
from ecgan.precision import PrecisionOption, choose_precision, default_device
from ecgan.shapes import Images
from ecgan.window import Window

if TYPE_CHECKING:
    from ecgan.inference.backends import Backend

Seen = dict[str, float]
"""Probabilities by expression."""


@dataclass(frozen=True)
class MadeFace:
    """A face with another expression."""

    started: ReadyFace
    """The face, with the start that was chosen."""
    crop: Crop
    after: Seen | None
    """What the recogniser sees in it; None where it was not asked."""


class FaceTranslator:
    """Both generators of a snapshot, and the recogniser that looks at what they make."""

    def __init__(
        self,
        to_expression: nn.Module,
        to_neutral: nn.Module,
        vocabulary: Vocabulary,
        size: int,
        *,
        intensity: bool,
        full_intensity: float | Mapping[str, float] = 1.0,
        zoom: float = 1.0,
        route: Route = "neutral-first",
        precision: PrecisionOption = "fp32",
        recognizer: Recognizer | None = None,
        device: torch.device | None = None,
        backend: Backend | None = None,
        engine: str | None = None,
    ) -> None:
        self.device = device or default_device()
        self.vocabulary = vocabulary
        self.size = size
        """Side in pixels of the images that the generators learned on."""
        self.intensity = intensity
        """Whether z was trained with intensities between 0 and 1."""
        self.full_intensity = full_intensities(full_intensity, vocabulary)
        """By entry of `vocabulary`, the labelled intensity that strength 1 shows on a face that was
        neutral. Of an expressive one something stays, so that it is asked for 1 at least."""
        self.window = Window(zoom)
        """What the generators see of a crop."""
        self.view = View(self.window, size, self.device)
        in_torch = choose_precision(precision, self.device)
        self.engine = engine or f"torch {in_torch}"
        """What runs the generators, and in which precision."""
        self._to_expression, self._to_neutral = (
            CropGenerator(
                network.to(self.device).eval().requires_grad_(False),
                vocabulary,
                self.view,
                in_torch,
                at_once=1 if self.device.type == "cpu" else 64,
            )
            for network in (to_expression, to_neutral)
        )
        self.route = route
        self._backend, self._recognizer = backend, recognizer

    @property
    @one_at_a_time
    def recognizer(self) -> Recognizer:
        """The given recogniser, or else the packaged one, loaded when first asked for."""
        if self._recognizer is None:
            self._recognizer = Recognizer.load(device=self.device, backend=self._backend)
        return self._recognizer

    def full(self, target: str) -> float:
        """`full_intensity` of a target, or of the recipe that stands for it; 1 of neutral; the mean
        of a blend.

        Raises:
            UsageError: unknown expression.
        """
        shares = {n: share for n, share in self.vocabulary.shares(target).items() if n != NEUTRAL}
        if not shares:
            return 1.0
        total = sum(share * self.full_intensity[name] for name, share in shares.items())
        return total / sum(shares.values())

    def check(self, target: str, strength: float) -> None:
        """Raises UsageError for an unknown expression, a blend with wrong shares, or a strength
        outside [0, 1.5]."""
        self.vocabulary.shares(target)
        check_strength(strength)

    def probabilities(self, crop: NDArray[np.uint8]) -> Seen:
        """What the recogniser sees in an aligned crop, by expression."""
        return self.seen_in([to_tensor(crop)])[0]

    def seen_in(self, crops: Sequence[Images]) -> list[Seen]:
        """What it sees in each of several crops of any size, each a batch of one in [-1, 1]."""
        if not crops:
            return []
        side, device = self.recognizer.size, self.recognizer.device
        with torch.inference_mode():
            small = [resize(crop.to(device, torch.float32), side) for crop in crops]
            rows = self.recognizer.probabilities(torch.cat(small)).tolist()
        return [dict(zip(self.recognizer.vocabulary.names, row, strict=True)) for row in rows]

    def ready_face(self, aligned: AlignedFace, assume_neutral: bool = False) -> ReadyFace:
        """An aligned face; on the routes `neutral-first` and `auto`, neutralised until the
        recogniser finds it neutral."""
        return self.ready_faces([aligned], assume_neutral)[0]

    def ready_faces(
        self, aligned: Sequence[AlignedFace], assume_neutral: bool = False
    ) -> list[ReadyFace]:
        """`ready_face` for each."""
        crops = [self._photo_crop(face) for face in aligned]
        if assume_neutral:
            return [
                ReadyFace(face, None, crop, crop) for face, crop in zip(aligned, crops, strict=True)
            ]
        ready = [
            ReadyFace(face, seen, crop, crop, expressive=is_expressive(seen))
            for face, crop, seen in zip(aligned, crops, self._seen(crops), strict=True)
        ]
        if self.route != "direct":
            expressive = [i for i, face in enumerate(ready) if face.expressive]
            neutral = self._neutralised([crops[i] for i in expressive])
            for i, (crop, passes) in zip(expressive, neutral, strict=True):
                ready[i] = replace(ready[i], start=crop, passes=passes)
        return ready

    def _neutralised(self, crops: Sequence[Crop]) -> list[tuple[Crop, int]]:
        """Expressive crops after as many passes as it takes and as help, at least one."""
        best = [(crop, 0, 0.0) for crop in crops]
        going = list(range(len(crops)))
        while going := [i for i in going if neutralises_further(*best[i][1:])]:
            further = self._to_neutral.apply_all(
                [(best[i][0], NEUTRAL, Request(1.0, 1.0)) for i in going]
            )
            seen = self._seen(further)
            helped = []
            for i, crop, probabilities in zip(going, further, seen, strict=True):
                _, passes, found = best[i]
                if not passes or probabilities[NEUTRAL] > found:
                    best[i] = crop, passes + 1, probabilities[NEUTRAL]
                    helped.append(i)
            going = helped
        return [(crop, passes) for crop, passes, _ in best]

    def made_faces(
        self,
        asked: Sequence[tuple[ReadyFace, str]],
        strength: float = 1.0,
        parts: Sequence[Part] = PARTS,
    ) -> list[MadeFace]:
        """Faces with other expressions, each with the expression asked of it, in some parts."""
        started, full = self._started(asked)
        whole = strength == 1 and set(parts) == set(PARTS)
        again = [i for i in range(len(asked)) if not whole or full[i] is None]
        crops = self._translated_faces([(started[i], asked[i][1]) for i in again], strength)
        crops = [
            in_parts(crop, started[i].aligned, parts) for i, crop in zip(again, crops, strict=True)
        ]
        look = [i for i in again if started[i].probabilities is not None]
        made = {i: MadeFace(started[i], crop, None) for i, crop in zip(again, crops, strict=True)}
        for i, seen in zip(look, self._seen([made[i].crop for i in look]), strict=True):
            made[i] = replace(made[i], after=seen)
        for i, tried in enumerate(full):
            if i not in made and tried is not None:
                made[i] = MadeFace(started[i], *tried)
        return [made[i] for i in range(len(asked))]

    @one_at_a_time
    def started(self, face: ReadyFace, target: str, strength: float = 1.0) -> MadeFace:
        """A face with all that the recogniser decides about its translation: `change_like` then
        repeats that in other frames of a clip."""
        made = self.made_faces([(face, target)], strength)[0]
        if canonical_target(target) != NEUTRAL or not face.direct:
            return made
        start, passes = self._neutralised([face.source])[0]
        return replace(made, started=replace(face, start=start, passes=passes))

    @one_at_a_time
    def change_like(
        self,
        like: ReadyFace,
        aligned: AlignedFace,
        target: str,
        strength: float,
        *,
        parts: Sequence[Part] = PARTS,
    ) -> FaceChange | None:
        """What becomes of the same face in another frame, on the way that was chosen for `like`;
        the recogniser is not asked. None: the face stays as it is.

        Args:
            like: `MadeFace.started` of `started`, for the same target.
            aligned: the face in the other frame.
            target, strength, parts: as `Translator.render`.
        """
        source = self._photo_crop(aligned)
        start: Crop = source
        for _ in range(like.passes):
            start = self._to_neutral.apply(start, NEUTRAL, Request(1.0, 1.0))
        face = replace(like, aligned=aligned, source=source, start=start)
        return in_parts(self._translated(face, target, strength), aligned, parts).change

    def _photo_crop(self, aligned: AlignedFace) -> PhotoCrop:
        return PhotoCrop(aligned.pixels, self.view, aligned.grey, aligned.points)

    def _seen(self, crops: Sequence[Crop]) -> list[Seen]:
        """What the recogniser sees in each."""
        return self.seen_in([crop.at(self.recognizer.size) for crop in crops]) if crops else []

    def _started(
        self, asked: Sequence[tuple[ReadyFace, str]]
    ) -> tuple[list[ReadyFace], list[tuple[Crop, Seen] | None]]:
        """On the route `auto` an expressive face as it is in the photo, where that is better; and
        the full translations that showed it, with what the recogniser sees in them. A blend always
        starts from the neutralised face."""
        started = [face for face, _ in asked]
        full: list[tuple[Crop, Seen] | None] = [None] * len(asked)
        choices = [i for i, (face, target) in enumerate(asked) if self._has_choice(face, target)]
        photos = [replace(started[i], start=started[i].source, passes=0) for i in choices]
        both = [
            (start, asked[i][1])
            for i, photo in zip(choices, photos, strict=True)
            for start in (started[i], photo)
        ]
        made = self._translated_faces(both, 1.0)
        seen = self._seen(made)
        for place, (i, photo) in enumerate(zip(choices, photos, strict=True)):
            first, direct = 2 * place, 2 * place + 1
            wanted, known = expression_of(canonical_expression(asked[i][1])), photo.probabilities
            assert known is not None
            best = best_start(wanted, known, seen[first], seen[direct])
            if best == "kept":
                started[i] = replace(started[i], kept=True)
                continue
            one = direct if best == "photo" else first
            full[i] = made[one], seen[one]
            if best == "photo":
                started[i] = photo
        return started, full

    def _has_choice(self, face: ReadyFace, target: str) -> bool:
        asked = expression_of(canonical_expression(target))
        if self.route != "auto" or not face.passes or asked == NEUTRAL:
            return False
        return asked in self.recognizer.vocabulary.expressions

    def _translated(self, face: ReadyFace, target: str, strength: float) -> Crop:
        """The whole aligned crop with another expression."""
        return self._translated_faces([(face, target)], strength)[0]

    def _translated_faces(
        self, asked: Sequence[tuple[ReadyFace, str]], strength: float
    ) -> list[Crop]:
        made: dict[int, Crop] = {}
        requests: dict[int, tuple[Crop, str, Request]] = {}
        for i, (face, target) in enumerate(asked):
            name = canonical_target(target)
            if face.kept and strength >= 1:
                made[i] = face.source
            elif name == NEUTRAL:
                made[i] = self._to_the_neutral(face, strength)
            else:
                full = self.full(name) if self.intensity else None
                request = request_for(
                    strength, full, expressive=face.expressive, direct=face.direct
                )
                requests[i] = face.start, name, request
        for i, crop in zip(
            requests, self._to_expression.apply_all(list(requests.values())), strict=True
        ):
            made[i] = crop
        return [made[i] for i in range(len(asked))]

    def _to_the_neutral(self, face: ReadyFace, strength: float) -> Crop:
        if face.passes and strength == 1:
            return face.start
        crop: Crop = face.source
        passes = self._neutralised([crop])[0][1] if face.direct else face.passes
        for _ in range(max(1, passes)):
            crop = self._to_neutral.apply(crop, NEUTRAL, Request(1.0, strength))
        return crop


def in_parts(made: Crop, aligned: AlignedFace, parts: Sequence[Part]) -> Crop:
    """A change of some parts of the face alone."""
    if set(parts) == set(PARTS):
        return made
    return limited(made, part_weight(aligned.points, aligned.alignment.size, parts))
