"""Real photo in, real photo out: detect, align, neutralise, translate, change the photo itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgan.config import GeneratorConfig
from ecgan.config_loading import build
from ecgan.expressions import (
    NEUTRAL,
    Vocabulary,
    canonical_expression,
    canonical_target,
    expression_of,
)
from ecgan.faces.alignment import FaceChange, change_face
from ecgan.faces.finder import AlignedFace, FaceChoice, FaceFinder, check_photo, choose_faces
from ecgan.faces.parts import PARTS, Part, part_weight
from ecgan.faces.photo import Photo
from ecgan.inference.crops import (
    ChangedCrop,
    CropGenerator,
    ReadyFace,
    ReadyPhoto,
    Translated,
    face_change,
    to_pixels,
    to_tensor,
)
from ecgan.inference.doubt import check_readable
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import default_snapshot, load_snapshot
from ecgan.inference.strength import (
    Request,
    Route,
    best_start,
    check_strength,
    full_intensities,
    is_expressive,
    neutralises_further,
    parse_route,
    request_for,
)
from ecgan.inference.turns import one_at_a_time
from ecgan.networks.build import build_generator
from ecgan.precision import default_device
from ecgan.window import Window


class Translator:
    """Both generators of a snapshot with what it takes to use them on photos.

    Threads may share a translator; their calls are done one at a time.
    """

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
        sha256: str = "",
        credit: str = "",
        recognizer: Recognizer | None = None,
        finder: FaceFinder | None = None,
        device: torch.device | None = None,
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
        self._to_expression, self._to_neutral = (
            CropGenerator(
                network.to(self.device).eval().requires_grad_(False), vocabulary, size, self.window
            )
            for network in (to_expression, to_neutral)
        )
        self.route = route
        self.sha256 = sha256
        self.credit = credit
        self._recognizer = recognizer
        self.finder = finder or FaceFinder()

    @classmethod
    def load(
        cls,
        source: str | Path | None = None,
        *,
        route: Route | None = None,
        recognizer: Recognizer | None = None,
        finder: FaceFinder | None = None,
        device: torch.device | None = None,
    ) -> Translator:
        """From a snapshot folder or hub id; none: the one that comes with the package.

        Args:
            source: of the snapshot.
            route: none: `route` of its config.json, or else `neutral-first`.
            recognizer: none: the packaged one.
            finder: none: landmarks beside the photo, or else detected.
            device: none: a GPU, where there is one.

        Raises:
            SnapshotError: missing, damaged, or no translator.
        """
        snapshot = load_snapshot(source or default_snapshot("translator"), "translator")
        config = snapshot.config
        with snapshot.reading_config():
            vocabulary = Vocabulary(tuple(config["vocabulary"]))
            size, intensity = int(config["size"]), bool(config["intensity"])
            full_intensity = full_intensities(config.get("full_intensity", 1.0), vocabulary)
            zoom = float(config.get("zoom", 1.0))
            generator_config = build(GeneratorConfig, config["generator"])
            own_route = parse_route(config.get("route", "neutral-first"))
        generators = {}
        for name in ("to_expression", "to_neutral"):
            generators[name] = build_generator(generator_config, len(vocabulary), size)
            snapshot.load_into(name, generators[name])
        return cls(
            generators["to_expression"],
            generators["to_neutral"],
            vocabulary,
            size,
            intensity=intensity,
            full_intensity=full_intensity,
            zoom=zoom,
            route=route or own_route,
            sha256=snapshot.sha256,
            credit=snapshot.credit,
            recognizer=recognizer,
            finder=finder,
            device=device,
        )

    @property
    @one_at_a_time
    def recognizer(self) -> Recognizer:
        """The given recogniser, or else the packaged one, loaded when first asked for."""
        if self._recognizer is None:
            self._recognizer = Recognizer.load(device=self.device)
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

    def translate(
        self,
        photo: Photo,
        target: str,
        strength: float = 1.0,
        face: FaceChoice = "largest",
        assume_neutral: bool = False,
        *,
        parts: Sequence[Part] = PARTS,
    ) -> Translated:
        """Give faces of a photo another expression; see `prepare` and `render`.

        Raises:
            TypeError: not a `Photo`.
            UsageError: unknown expression, or a strength out of range.
            FaceError: no asked-for face can be translated; with the reason.
        """
        self.check(target, strength)
        ready = self.prepare(photo, face, assume_neutral)
        return self.render(ready, target, strength, parts=parts)

    def check(self, target: str, strength: float) -> None:
        """Raises UsageError for an unknown expression, a blend with wrong shares, or a strength
        outside [0, 1.5]."""
        self.vocabulary.shares(target)
        check_strength(strength)

    @one_at_a_time
    def prepare(
        self, photo: Photo, face: FaceChoice = "largest", assume_neutral: bool = False
    ) -> ReadyPhoto:
        """Find the asked-for faces; neutralise the expressive ones, but on the route `direct`.

        Args:
            photo: any size.
            face: `all`, `largest`, or the N-th largest.
            assume_neutral: take every face as it is, without asking the recogniser.

        Raises:
            TypeError: not a `Photo`.
            FaceError: no asked-for face can be translated; with the reason.
        """
        check_photo(photo)
        faces = self.finder.find(photo)
        least_px = self.window.canvas(self.size)
        chosen = choose_faces(photo, faces, face, least_px=least_px, check_pixels=check_readable)
        ready = tuple(self.ready_face(aligned, assume_neutral) for aligned in chosen.aligned)
        return ReadyPhoto(photo, ready, chosen.refused)

    @one_at_a_time
    def render(
        self,
        ready: ReadyPhoto,
        target: str,
        strength: float = 1.0,
        *,
        parts: Sequence[Part] = PARTS,
    ) -> Translated:
        """Translate the faces of a prepared photo and paste them back.

        Args:
            ready: from `prepare`.
            target: an expression of `vocabulary`, an alias, or a blend of them
                (`happy*0.7+surprise*0.3`).
            strength: 0 is the face that the translation starts from, 1 the full expression, up to
                1.5 beyond it; times `full(target)`, it is the intensity of the expression. On the
                route `direct` an expressive face leaves its own expression on the way from 0, the
                photo itself, to `LEFT_BY`. For the target neutral: how far the photo's own
                expression is taken back.
            parts: of the face that may change; the rest stays as it is in the photo.

        Raises:
            UsageError: unknown expression, or a strength out of range.
        """
        self.check(target, strength)
        pixels = ready.photo.pixels.copy()
        faces = []
        for face in ready.faces:
            started = self._started(face, target)
            made = self._translated(started, target, strength)
            made = self._limited(made, face.aligned, parts)
            if made.change is not None:
                aligned = face.aligned
                change = face_change(made.change, aligned.pixels[aligned.mask > 0])
                change_face(pixels, change, aligned.alignment, aligned.mask)
            asked = face.probabilities is not None
            after = self.probabilities(to_pixels(made.image)) if asked else None
            faces.append(replace(started, after=after))
        return Translated(pixels, tuple(faces), ready.refused)

    @one_at_a_time
    def started(self, face: ReadyFace, target: str, strength: float = 1.0) -> ReadyFace:
        """A face with all that the recogniser decides about its translation, and with what it
        sees in it: `change_like` then repeats it in other frames of a clip."""
        started = self._started(face, target)
        if canonical_target(target) == NEUTRAL and face.expressive:
            start, passes = (face.start, face.passes)
            if face.direct:
                start, passes = self._neutralised(start)
            started = replace(face, start=start, passes=passes)
        if face.probabilities is None:
            return started
        made = self._translated(started, target, strength)
        return replace(started, after=self.probabilities(to_pixels(made.image)))

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
            like: from `started`, for the same target.
            aligned: the face in the other frame.
            target, strength, parts: as `render`.
        """
        crop = self._crop(aligned)
        for _ in range(like.passes):
            crop = self._to_neutral.apply(crop, NEUTRAL, Request(1.0, 1.0))
        face = replace(like, aligned=aligned, start=crop)
        made = self._limited(self._translated(face, target, strength), aligned, parts)
        if made.change is None:
            return None
        return face_change(made.change, aligned.pixels[aligned.mask > 0])

    def _limited(
        self, made: ChangedCrop, aligned: AlignedFace, parts: Sequence[Part]
    ) -> ChangedCrop:
        """A change of some parts of the face alone."""
        if len(set(parts)) == len(PARTS):
            return made
        weight = part_weight(aligned.points, aligned.alignment.size, parts)
        return made.limited(self._crop(aligned).image, weight)

    def probabilities(self, crop: NDArray[np.uint8]) -> dict[str, float]:
        """What the recogniser sees in an aligned crop, by expression."""
        return self.recognizer.of_crop(to_tensor(crop))

    def ready_face(self, aligned: AlignedFace, assume_neutral: bool = False) -> ReadyFace:
        """An aligned face; on the routes `neutral-first` and `auto`, neutralised until the
        recogniser finds it neutral."""
        crop = self._crop(aligned)
        if assume_neutral:
            return ReadyFace(aligned, None, crop)
        seen, passes = self.probabilities(aligned.pixels), 0
        expressive = is_expressive(seen)
        if expressive and self.route != "direct":
            crop, passes = self._neutralised(crop)
        return ReadyFace(aligned, seen, crop, passes, expressive)

    def _crop(self, aligned: AlignedFace) -> ChangedCrop:
        return ChangedCrop(to_tensor(aligned.pixels).to(self.device))

    def _neutralised(self, crop: ChangedCrop) -> tuple[ChangedCrop, int]:
        """An expressive crop after as many passes as it takes and as help, at least one."""
        passes, found = 0, 0.0
        while neutralises_further(passes, found):
            further = self._to_neutral.apply(crop, NEUTRAL, Request(1.0, 1.0))
            probability = self.probabilities(to_pixels(further.image))[NEUTRAL]
            if passes and probability <= found:
                break
            crop, found, passes = further, probability, passes + 1
        return crop, passes

    def _started(self, face: ReadyFace, target: str) -> ReadyFace:
        """On the route `auto` an expressive face as it is in the photo, where that is better; a
        blend always starts from the neutralised face."""
        asked = expression_of(canonical_expression(target))
        choice = self.route == "auto" and face.passes and asked != NEUTRAL
        if not choice or asked not in self.recognizer.vocabulary.expressions:
            return face
        assert face.probabilities is not None
        photo = replace(face, start=self._crop(face.aligned), passes=0)
        first, direct = (
            self.probabilities(to_pixels(self._translated(start, target, 1.0).image))
            for start in (face, photo)
        )
        best = best_start(asked, face.probabilities, first, direct)
        return photo if best == "photo" else replace(face, kept=best == "kept")

    def _translated(self, face: ReadyFace, target: str, strength: float) -> ChangedCrop:
        """The whole aligned crop with another expression."""
        name = canonical_target(target)
        if face.kept and strength >= 1:
            return self._crop(face.aligned)
        if name == NEUTRAL:
            if face.passes and strength == 1:
                return face.start
            crop = self._crop(face.aligned)
            passes = self._neutralised(crop)[1] if face.direct else face.passes
            for _ in range(max(1, passes)):
                crop = self._to_neutral.apply(crop, NEUTRAL, Request(1.0, strength))
            return crop
        full = self.full(name) if self.intensity else None
        request = request_for(strength, full, expressive=face.expressive, direct=face.direct)
        return self._to_expression.apply(face.start, name, request)
