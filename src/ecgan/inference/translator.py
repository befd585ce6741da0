"""Real photo in, real photo out: detect, align, neutralise, translate, change the photo itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgan.config import GeneratorConfig
from ecgan.config_loading import build
from ecgan.errors import EcganError, SnapshotError, UsageError
from ecgan.expressions import (
    MAX_INTENSITY,
    NEUTRAL,
    Vocabulary,
    canonical_expression,
    expression_of,
)
from ecgan.faces.masks import JAW_ROOM, below_the_eyes, face_mask
from ecgan.faces.paste import FaceChange, change_face, photo_mask
from ecgan.faces.photo import Photo
from ecgan.inference.photo_faces import (
    AlignedFace,
    FaceChoice,
    FaceFinder,
    RefusedFace,
    check_photo,
    choose_faces,
    to_pixels,
    to_tensor,
)
from ecgan.inference.recognizer import Recognizer, resize
from ecgan.inference.snapshot import Snapshot, default_snapshot, load_snapshot
from ecgan.inference.turns import one_at_a_time
from ecgan.networks.build import build_generator
from ecgan.networks.output import Change, Translation, no_change, recomposed
from ecgan.precision import default_device
from ecgan.shapes import Codes, Images
from ecgan.window import Window

MAX_STRENGTH = 1.5
LEAST_FULL = MAX_INTENSITY / MAX_STRENGTH
"""Least labelled intensity that strength 1 may stand for: `MAX_STRENGTH` then shows the strongest
labels."""
NEUTRAL_FROM = 0.5
"""A face whose probability of neutral is lower is expressive."""
NEUTRAL_PASSES = 3
"""At most: one pass takes a broad smile back only in part. Each paints the mouth anew, so that a
further one must raise the probability of neutral."""
GREY_RANGE = 4
"""Levels of 255 between the channels of a pixel that still counts as grey: JPEG leaves some."""
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
LEFT_BY = 0.5
"""The strength by which a face that is translated directly has left its own expression."""

Route = Literal["neutral-first", "direct", "auto"]
"""How an expressive face gets another expression: neutralised by the second generator, then
translated by the first; by the first alone, which must have learned it (`data.direct`); or by the
first alone where the recogniser then sees what was asked for, and more of it, at full strength."""
ROUTES: tuple[Route, ...] = get_args(Route)


def parse_route(text: str) -> Route:
    """One of `ROUTES`.

    Raises:
        UsageError: anything else.
    """
    for route in ROUTES:
        if text.strip().lower() == route:
            return route
    raise UsageError(f"a route is {', '.join(ROUTES[:-1])} or {ROUTES[-1]}, got {text!r}")


@dataclass(frozen=True)
class ReadyFace:
    """An aligned face, and the crop that its translations to an expression start from."""

    aligned: AlignedFace
    probabilities: dict[str, float] | None
    """What the recogniser sees in the photo; None where it was not asked."""
    start: Images
    """The crop, neutralised `passes` times."""
    passes: int
    expressive: bool
    """Whether the recogniser sees an expression in the photo; False where it was not asked."""
    change: Change | None = None
    """What makes `start` from the crop; None: nothing, they are the same."""

    @property
    def direct(self) -> bool:
        """Whether translations start from an expressive face."""
        return self.expressive and not self.passes


@dataclass(frozen=True)
class ReadyPhoto:
    """A photo whose faces are found: what all its translations share."""

    photo: Photo
    faces: tuple[ReadyFace, ...]
    refused: tuple[RefusedFace, ...]


@dataclass(frozen=True)
class ChangedCrop:
    """An aligned crop that generators have changed."""

    image: Images
    change: Change | None = None
    """What makes `image` from the photo's own crop; None: they are the same."""


@dataclass(frozen=True)
class Translated:
    """A translated photo."""

    pixels: NDArray[np.uint8]
    """The whole photo at its own size; outside the faces equal to the source."""
    faces: tuple[ReadyFace, ...]
    """The faces that were translated, as each was started from."""
    refused: tuple[RefusedFace, ...]
    """Faces that were asked for but cannot be translated."""

    def face_area(self) -> NDArray[np.bool_]:
        """(height, width): where the photo may have changed."""
        area = np.zeros(self.pixels.shape[:2], bool)
        for face in self.faces:
            aligned = face.aligned
            area |= photo_mask(area.shape, aligned.alignment, _mask(aligned)) > 0
        return area


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
        self._to_expression = to_expression.to(self.device).eval().requires_grad_(False)
        self._to_neutral = to_neutral.to(self.device).eval().requires_grad_(False)
        self.vocabulary = vocabulary
        self.size = size
        """Side in pixels of the images that the generators learned on."""
        self.intensity = intensity
        """Whether z was trained with intensities between 0 and 1."""
        self.full_intensity: dict[str, float] = _by_name(full_intensity, vocabulary)
        """By entry of `vocabulary`, the labelled intensity that strength 1 shows on a face that was
        neutral. Of an expressive one something stays, so that it is asked for 1 at least."""
        self.window = Window(zoom)
        """What the generators see of a crop."""
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
        try:
            vocabulary = Vocabulary(tuple(config["vocabulary"]))
            size, intensity = int(config["size"]), bool(config["intensity"])
            full_intensity = _full_intensity(config.get("full_intensity", 1.0), vocabulary)
            zoom = float(config.get("zoom", 1.0))
            generator_config = build(GeneratorConfig, config["generator"])
            own_route = parse_route(config.get("route", "neutral-first"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SnapshotError(
                f"{snapshot.folder}/config.json lacks or misstates {error}"
            ) from None
        except EcganError as error:
            raise SnapshotError(f"{snapshot.folder}/config.json: {error}") from None
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
            credit=_credit(snapshot),
            recognizer=recognizer,
            finder=finder,
            device=device,
        )

    @property
    @one_at_a_time()
    def recognizer(self) -> Recognizer:
        """The given recogniser, or else the packaged one, loaded when first asked for."""
        if self._recognizer is None:
            self._recognizer = Recognizer.load(device=self.device)
        return self._recognizer

    def full(self, target: str) -> float:
        """`full_intensity` of a target, or of the recipe that stands for it; 1 of neutral.

        Raises:
            UsageError: unknown expression.
        """
        name = self.vocabulary.names[self.vocabulary.index(target)]
        return 1.0 if name == NEUTRAL else self.full_intensity[name]

    def translate(
        self,
        photo: Photo,
        target: str,
        strength: float = 1.0,
        face: FaceChoice = "largest",
        assume_neutral: bool = False,
    ) -> Translated:
        """Give faces of a photo another expression; see `prepare` and `render`.

        Raises:
            TypeError: not a `Photo`.
            UsageError: unknown expression, or a strength out of range.
            FaceError: no asked-for face can be translated; with the reason.
        """
        self.check(target, strength)
        return self.render(self.prepare(photo, face, assume_neutral), target, strength)

    def check(self, target: str, strength: float) -> None:
        """Raises UsageError for an unknown expression or a strength outside [0, 1.5]."""
        self.vocabulary.index(target)
        if not 0 <= strength <= MAX_STRENGTH:
            raise UsageError(f"strength goes from 0 to {MAX_STRENGTH}, got {strength:g}")

    @one_at_a_time()
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
        chosen = choose_faces(photo, faces, face, least_px=least_px)
        ready = tuple(self.ready_face(aligned, assume_neutral) for aligned in chosen.aligned)
        return ReadyPhoto(photo, ready, chosen.refused)

    @one_at_a_time()
    def render(self, ready: ReadyPhoto, target: str, strength: float = 1.0) -> Translated:
        """Translate the faces of a prepared photo and paste them back.

        Args:
            ready: from `prepare`.
            target: an expression of `vocabulary`, or an alias.
            strength: 0 is the face that the translation starts from, 1 the full expression, up to
                1.5 beyond it; times `full(target)`, it is the intensity of the expression. On the
                route `direct` an expressive face leaves its own expression on the way from 0, the
                photo itself, to `LEFT_BY`. For the target neutral: how far the photo's own
                expression is taken back.

        Raises:
            UsageError: unknown expression, or a strength out of range.
        """
        self.check(target, strength)
        pixels = ready.photo.pixels.copy()
        faces = tuple(self._started(face, target) for face in ready.faces)
        for face in faces:
            aligned = face.aligned
            change = self._translated(face, target, strength).change
            if change is not None:
                mask = _mask(aligned)
                grey = _is_grey(aligned.pixels[mask > 0])
                change_face(pixels, _in_pixels(change, grey), aligned.alignment, mask)
        return Translated(pixels, faces, ready.refused)

    def probabilities(self, crop: NDArray[np.uint8]) -> dict[str, float]:
        """What the recogniser sees in an aligned crop, by expression."""
        values = self.recognizer.probabilities(to_tensor(crop))[0].tolist()
        return dict(zip(self.recognizer.vocabulary.names, values, strict=True))

    def ready_face(self, aligned: AlignedFace, assume_neutral: bool = False) -> ReadyFace:
        """An aligned face; on the route `neutral-first`, neutralised until the recogniser finds it
        neutral."""
        crop = to_tensor(aligned.pixels).to(self.device)
        if assume_neutral:
            return ReadyFace(aligned, None, crop, passes=0, expressive=False)
        seen = self.probabilities(aligned.pixels)
        expressive = seen[NEUTRAL] < NEUTRAL_FROM
        if not expressive or self.route == "direct":
            return ReadyFace(aligned, seen, crop, passes=0, expressive=expressive)
        neutral, passes = self._neutralised(ChangedCrop(crop))
        return ReadyFace(aligned, seen, neutral.image, passes, expressive, neutral.change)

    def _neutralised(self, crop: ChangedCrop) -> tuple[ChangedCrop, int]:
        """An expressive crop after as many passes as it takes and as help, at least one."""
        passes, found = 0, 0.0
        while found < NEUTRAL_FROM and passes < NEUTRAL_PASSES:
            further = self._apply(self._to_neutral, crop, self._code(NEUTRAL, 1.0), 1.0)
            probability = self.probabilities(to_pixels(further.image))[NEUTRAL]
            if passes and probability <= found:
                break
            crop, found, passes = further, probability, passes + 1
        return crop, passes

    def _started(self, face: ReadyFace, target: str) -> ReadyFace:
        """On the route `auto` an expressive face as it is in the photo, if its translation shows
        the target, and more of it: one that does not convince has kept the photo's own mouth."""
        asked = expression_of(canonical_expression(target))
        judged = self.recognizer.vocabulary.expressions if self.route == "auto" else ()
        if not face.passes or asked == NEUTRAL or asked not in judged:
            return face
        crop = to_tensor(face.aligned.pixels).to(self.device)
        photo = replace(face, start=crop, passes=0, change=None)
        first, direct = (
            self.probabilities(to_pixels(self._translated(start, target, 1.0).image))
            for start in (face, photo)
        )
        convinces = asked == max(direct, key=lambda name: direct[name])
        return photo if convinces and direct[asked] > first[asked] else face

    def _translated(self, face: ReadyFace, target: str, strength: float) -> ChangedCrop:
        """The whole aligned crop with another expression."""
        name = canonical_expression(target)
        start = ChangedCrop(face.start, face.change)
        if name == NEUTRAL:
            if face.passes and strength == 1:
                return start
            crop = ChangedCrop(to_tensor(face.aligned.pixels).to(self.device))
            passes = self._neutralised(crop)[1] if face.direct else face.passes
            for _ in range(max(1, passes)):
                crop = self._apply(self._to_neutral, crop, self._code(NEUTRAL, 1.0), strength)
            return crop
        if not self.intensity:
            return self._apply(self._to_expression, start, self._code(name, 1.0), strength)
        # Beyond what labels go to, what the generator does there is exaggerated.
        full = max(1.0, self.full(name)) if face.expressive else self.full(name)
        intensity = strength * full
        share = max(1.0, intensity / MAX_INTENSITY) if strength else 0.0
        intensity = min(intensity, MAX_INTENSITY)
        if face.direct and strength < LEFT_BY:
            share, intensity = strength / LEFT_BY, LEFT_BY * full
        return self._apply(self._to_expression, start, self._code(name, intensity), share)

    def _code(self, name: str, intensity: float) -> Codes:
        return torch.from_numpy(self.vocabulary.code(name, intensity))[None].to(self.device)

    def _apply(
        self, generator: nn.Module, start: ChangedCrop, code: Codes, strength: float
    ) -> ChangedCrop:
        """A generator's change of a crop of any size, times `strength`; 0 returns the crop."""
        if strength == 0:
            return start
        with torch.inference_mode():
            part = self.window.cut(start.image)
            small = resize(part, self.size)
            translation: Translation = generator(small, code)
            whole, side = int(start.image.shape[3]), int(part.shape[3])
            if translation.flow is not None and translation.blend is not None:
                still = replace(
                    translation,
                    flow=self.window.stilled(translation.flow),
                    blend=self.window.stilled(translation.blend),
                )
                changed, change = recomposed(part, still, strength)
            else:
                offset = strength * (translation.image - small)
                if offset.shape != part.shape:
                    offset = nn.functional.interpolate(offset, (side, side), mode="bicubic")
                changed = (part + offset).clamp(-1, 1)
                change = replace(no_change(len(part), side), offset=offset)
            image = self.window.put_back(start.image, changed)
            if side < whole:
                within = replace(change, flow=change.flow * side / whole).fields
                around = no_change(len(part), whole).fields.to(within)
                change = Change.of_fields(self.window.put_back(around, within))
            return ChangedCrop(
                image, change if start.change is None else change.after(start.change)
            )


def _mask(aligned: AlignedFace) -> NDArray[np.uint8]:
    """Where an aligned face may change: of one with covered eyes, what lies below them."""
    mask = face_mask(aligned.points, aligned.alignment.size, JAW_ROOM)
    return below_the_eyes(mask, aligned.points) if "covered eyes" in aligned.doubts else mask


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Whether almost all of (n, 3) pixels have no colour."""
    colour = pixels.max(axis=1) - pixels.min(axis=1)
    return bool(np.mean(colour <= GREY_RANGE) > 0.999)


def _in_pixels(change: Change, grey: bool) -> FaceChange:
    """The first of a batch as arrays, in pixels and levels of 255.

    `grey`: paint without colour, whatever the generator has painted.
    """
    motion, gate, offset = (
        fields[0].permute(1, 2, 0).float().cpu().numpy()
        for fields in (change.flow, change.gate, change.offset)
    )
    size = motion.shape[0]
    # In [-1, 1] black is -1: what is taken from the moved source leaves half a range behind.
    paint = 127.5 * (offset + 1 - gate)
    if grey:
        paint = np.repeat(paint @ _LUMA[:, None], 3, axis=2)
    return FaceChange(motion * (size / 2), gate[..., 0], paint)


def _by_name(full: float | Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """A number of each expressive entry of z; None where a table lacks it."""
    names = [name for name in vocabulary.names if name != NEUTRAL]
    if isinstance(full, Mapping):
        return {name: full.get(name) for name in names}
    return dict.fromkeys(names, full)


def _full_intensity(value: Any, vocabulary: Vocabulary) -> dict[str, float]:
    """Of config.json: one number, or one of each expressive entry of z.

    Raises:
        SnapshotError: not a number in [LEAST_FULL, MAX_INTENSITY].
    """
    found = _by_name(value, vocabulary)
    for name, full in found.items():
        if not isinstance(full, int | float) or not LEAST_FULL <= full <= MAX_INTENSITY:
            raise SnapshotError(
                f"full_intensity lies in [{LEAST_FULL:g}, {MAX_INTENSITY}], got {full!r} for {name}"
            )
    return found


def _credit(snapshot: Snapshot) -> str:
    """Attribution and licence lines: `credit` of config.json, or else those of the model card."""
    if snapshot.config.get("credit"):
        return str(snapshot.config["credit"])
    card = snapshot.folder / "README.md"
    lines = card.read_text(encoding="utf-8").splitlines() if card.is_file() else []
    keys = ("- attribution:", "- licence:", "- license:")
    return "; ".join(line[2:].strip() for line in lines if line.lower().startswith(keys))
