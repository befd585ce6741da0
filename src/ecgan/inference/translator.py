"""Real photo in, real photo out: detect, align, neutralise, translate, change the photo itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import torch
from torch import nn

from ecgan.config import GeneratorConfig
from ecgan.config_loading import build
from ecgan.errors import EcganError, MissingExtra
from ecgan.expressions import Vocabulary
from ecgan.faces.change import change_face
from ecgan.faces.finder import FaceChoice, FaceFinder, check_photo, choose_faces
from ecgan.faces.opening import PhotoLike, are_several, open_photo
from ecgan.faces.parts import PARTS, Part
from ecgan.faces.photo import Photo
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.doubt import check_readable
from ecgan.inference.face_translator import FaceTranslator
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.results import Model, Translated, TranslatedFace
from ecgan.inference.snapshot import default_snapshot, load_snapshot
from ecgan.inference.strength import Route, full_intensities, parse_route
from ecgan.inference.turns import one_at_a_time
from ecgan.networks.build import build_generator
from ecgan.precision import PrecisionOption, default_device

AT_ONCE = 4
"""Faces that the networks see at once; each takes about 60 MB at `finder.MAX_CROP_PX`."""
MOST_PHOTOS, MOST_PIXELS = 16, 50_000_000
"""Photos that are open at once, while a list of them is worked on."""

Item = TypeVar("Item")

if TYPE_CHECKING:
    from ecgan.inference.backends import Backend


class Translator(FaceTranslator):
    """Both generators of a snapshot with what it takes to use them on photos.

    Threads may share a translator. Files are decoded in the calling thread; what networks compute
    is done one call at a time, on a thread of its own for all threads but the main one
    (`inference/turns.py`), so that memory does not grow with the number of threads.
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
        precision: PrecisionOption = "fp32",
        sha256: str = "",
        credit: str = "",
        recognizer: Recognizer | None = None,
        finder: FaceFinder | None = None,
        device: torch.device | None = None,
        backend: Backend | None = None,
        engine: str | None = None,
    ) -> None:
        super().__init__(
            to_expression,
            to_neutral,
            vocabulary,
            size,
            intensity=intensity,
            full_intensity=full_intensity,
            zoom=zoom,
            route=route,
            precision=precision,
            recognizer=recognizer,
            device=device,
            backend=backend,
            engine=engine,
        )
        self.sha256 = sha256
        self.credit = credit
        self.finder = finder or FaceFinder()

    @classmethod
    def load(
        cls,
        source: str | Path | None = None,
        *,
        route: Route | None = None,
        precision: PrecisionOption = "fp32",
        recognizer: Recognizer | None = None,
        finder: FaceFinder | None = None,
        device: torch.device | None = None,
        backend: Backend | None = None,
    ) -> Translator:
        """From a snapshot folder or hub id; none: the one that comes with the package.

        Args:
            source: of the snapshot.
            route: none: `route` of its config.json, or else `neutral-first`.
            precision: of the generators in torch. bf16 is faster where the hardware has it, and
                some grey levels off at the border of an opened mouth; `auto` takes it there.
            recognizer: none: the packaged one.
            finder: none: landmarks beside the photo, or else detected.
            device: none: a GPU, where there is one.
            backend: runs the networks, the packaged recogniser's too; see `in_backend`.

        Raises:
            SnapshotError: missing, damaged, or no translator.
            MissingExtra: the backend is not installed.
        """
        from ecgan.inference.backends import in_backend
        from ecgan.inference.engines import TORCH

        device = device or default_device()
        snapshot = load_snapshot(source or default_snapshot("translator"), "translator")
        config = snapshot.config
        with snapshot.reading_config():
            vocabulary = Vocabulary(tuple(config["vocabulary"]))
            size, intensity = int(config["size"]), bool(config["intensity"])
            full_intensity = full_intensities(config.get("full_intensity", 1.0), vocabulary)
            zoom = float(config.get("zoom", 1.0))
            generator_config = build(GeneratorConfig, config["generator"])
            own_route = parse_route(config.get("route", "neutral-first"))
        generators = {
            name: build_generator(generator_config, len(vocabulary), size)
            for name in ("to_expression", "to_neutral")
        }
        running = in_backend(generators, snapshot, backend, device)
        plain = running.engine == TORCH
        return cls(
            running.modules["to_expression"],
            running.modules["to_neutral"],
            vocabulary,
            size,
            intensity=intensity,
            full_intensity=full_intensity,
            zoom=zoom,
            route=route or own_route,
            precision=precision if plain else "fp32",
            sha256=snapshot.sha256,
            credit=snapshot.credit,
            recognizer=recognizer,
            finder=finder,
            device=device,
            backend=None if snapshot.export is not None else backend,
            engine=None if plain else str(running.engine),
        )

    @overload
    def translate(  # type: ignore[overload-overlap]
        self,
        photo: PhotoLike,
        target: str,
        strength: float = ...,
        face: FaceChoice = ...,
        assume_neutral: bool = ...,
        *,
        parts: Sequence[Part] = ...,
    ) -> Translated: ...

    @overload
    def translate(  # type: ignore[overload-overlap]
        self,
        photo: PhotoLike,
        target: Sequence[str],
        strength: float = ...,
        face: FaceChoice = ...,
        assume_neutral: bool = ...,
        *,
        parts: Sequence[Part] = ...,
    ) -> dict[str, Translated]: ...

    @overload
    def translate(  # type: ignore[overload-overlap]
        self,
        photo: Iterable[PhotoLike],
        target: str,
        strength: float = ...,
        face: FaceChoice = ...,
        assume_neutral: bool = ...,
        *,
        parts: Sequence[Part] = ...,
    ) -> list[Translated | Exception]: ...

    @overload
    def translate(
        self,
        photo: Iterable[PhotoLike],
        target: Sequence[str],
        strength: float = ...,
        face: FaceChoice = ...,
        assume_neutral: bool = ...,
        *,
        parts: Sequence[Part] = ...,
    ) -> list[dict[str, Translated] | Exception]: ...

    def translate(
        self,
        photo: PhotoLike | Iterable[PhotoLike],
        target: str | Sequence[str],
        strength: float = 1.0,
        face: FaceChoice = "largest",
        assume_neutral: bool = False,
        *,
        parts: Sequence[Part] = PARTS,
    ) -> Any:
        """Give faces of photos other expressions; several go through the networks together.

        Args:
            photo: a path, a PIL.Image, a (height, width, 3) uint8 RGB array or a `Photo`; or a list
                of them.
            target: an expression of `vocabulary`, an alias, or a blend of them
                (`happy*0.7+surprise*0.3`); or a list of these.
            strength: see `render`.
            face: `all`, `largest`, the N-th largest, or a position.
            assume_neutral: take every face as it is, without asking the recogniser.
            parts: of the face that may change; the rest stays as it is in the photo.

        Returns:
            The translated photo; of several targets, a dictionary by target as it was named. Of
            several photos, a list of these in their order. In the place of a photo that cannot be
            opened or translated stands its error; one photo alone raises it.

        Raises:
            TypeError, ValueError, ImageError: no photo, see `open_photo`.
            UsageError: unknown expression, or a strength out of range.
            FaceError: no asked-for face can be translated; with the reason.
            MissingExtra: finding faces takes another package.
        """
        targets = [target] if isinstance(target, str) else list(dict.fromkeys(target))
        for name in targets:
            self.check(name, strength)
        several = are_several(photo)
        photos: Any = photo if several else [photo]
        made: list[Any] = []
        for group in _groups(photos):
            made += self._translated_group(
                group,
                targets,
                strength,
                face=face,
                assume_neutral=assume_neutral,
                parts=parts,
            )
        if isinstance(target, str):
            made = [one[target] if isinstance(one, dict) else one for one in made]
        if several:
            return made
        if isinstance(made[0], Exception):
            raise made[0]
        return made[0]

    @one_at_a_time
    def _translated_group(
        self,
        photos: Sequence[Photo | Exception],
        targets: Sequence[str],
        strength: float,
        *,
        face: FaceChoice,
        assume_neutral: bool,
        parts: Sequence[Part],
    ) -> list[dict[str, Translated] | Exception]:
        ready = self.prepare_all(photos, face, assume_neutral)
        good = [one for one in ready if isinstance(one, ReadyPhoto)]
        asked = {"face": face, "assume_neutral": assume_neutral}
        jobs = [(one, name) for one in good for name in targets]
        made = iter(self.render_all(jobs, strength, parts=parts, **asked))
        return [
            one if isinstance(one, Exception) else {name: next(made) for name in targets}
            for one in ready
        ]

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
        ready = self.prepare_all([photo], face, assume_neutral)[0]
        if isinstance(ready, Exception):
            raise ready
        return ready

    @one_at_a_time
    def prepare_all(
        self,
        photos: Sequence[Photo | Exception],
        face: FaceChoice = "largest",
        assume_neutral: bool = False,
    ) -> list[ReadyPhoto | Exception]:
        """`prepare` for each; an error stays in its place, and one that is raised takes it."""
        least_px = self.window.canvas(self.size)
        chosen: list[Any] = list(photos)
        for i, photo in enumerate(photos):
            if isinstance(photo, Exception):
                continue
            try:
                found = self.finder.find(photo)
                chosen[i] = choose_faces(
                    photo, found, face, least_px=least_px, check_pixels=check_readable
                )
            except MissingExtra:
                raise
            except EcganError as error:
                chosen[i] = error
        aligned = [
            one for faces in chosen if not isinstance(faces, Exception) for one in faces.aligned
        ]
        faces = iter(
            [
                ready
                for group in _parts(aligned, AT_ONCE)
                for ready in self.ready_faces(group, assume_neutral)
            ]
        )
        return [
            one
            if isinstance(photo, Exception) or isinstance(one, Exception)
            else ReadyPhoto(photo, tuple(next(faces) for _ in one.aligned), one.refused)
            for photo, one in zip(photos, chosen, strict=True)
        ]

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
            target: as `translate`, one.
            strength: 0 is the face that the translation starts from, 1 the full expression, up to
                1.5 beyond it; times `full(target)`, it is the intensity of the expression. On the
                route `direct` an expressive face leaves its own expression on the way from 0, the
                photo itself, to `LEFT_BY`. For the target neutral: how far the photo's own
                expression is taken back.
            parts: of the face that may change; the rest stays as it is in the photo.

        Raises:
            UsageError: unknown expression, or a strength out of range.
        """
        return self.render_all([(ready, target)], strength, parts=parts)[0]

    @one_at_a_time
    def render_all(
        self,
        jobs: Sequence[tuple[ReadyPhoto, str]],
        strength: float = 1.0,
        *,
        parts: Sequence[Part] = PARTS,
        **asked: Any,
    ) -> list[Translated]:
        """`render` for each photo and target.

        Args:
            jobs: prepared photos, each with a target.
            strength: of all.
            parts: of all.
            asked: further options of the call, which the marks shall name.

        Raises:
            UsageError: as `render`.
        """
        for _, target in jobs:
            self.check(target, strength)
        pixels = [ready.photo.pixels.copy() for ready, _ in jobs]
        faces: list[list[TranslatedFace]] = [[] for _ in jobs]
        wanted = [
            (job, face, target) for job, (ready, target) in enumerate(jobs) for face in ready.faces
        ]
        for group in _parts(wanted, AT_ONCE):
            made = self.made_faces([(face, name) for _, face, name in group], strength, parts)
            for (job, face, target), one in zip(group, made, strict=True):
                change, aligned = one.crop.change, face.aligned
                if change is not None:
                    change_face(pixels[job], change, aligned.alignment, aligned.mask)
                faces[job].append(
                    TranslatedFace.of(one.started, one.after, target, strength, parts)
                )
        return [
            Translated(
                pixels=pixels[i],
                faces=tuple(faces[i]),
                refused=ready.refused,
                photo=ready.photo,
                target=target,
                strength=strength,
                model=self.model,
                parts=tuple(parts),
                asked=asked,
            )
            for i, (ready, target) in enumerate(jobs)
        ]

    @property
    def model(self) -> Model:
        """What the mark of an output says of it."""
        return Model(self.sha256, self.credit, self.route, self.engine)


def _groups(photos: Iterable[Any]) -> Iterator[list[Photo | Exception]]:
    """What was handed over, opened a few at a time; or why it cannot be."""
    group: list[Photo | Exception] = []
    pixels = 0
    for given in photos:
        try:
            photo: Photo | Exception = open_photo(given)
        except (EcganError, TypeError, ValueError) as error:
            photo = error
        group.append(photo)
        pixels += photo.pixels.size // 3 if isinstance(photo, Photo) else 0
        if len(group) >= MOST_PHOTOS or pixels >= MOST_PIXELS:
            yield group
            group, pixels = [], 0
    if group:
        yield group


def _parts(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]
