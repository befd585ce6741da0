"""What happens on the page: a photo is taken, sliders move, a sheet is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ecgan.apps.service.page import looks
from ecgan.apps.service.page.sessions import Made, Visit, Visits
from ecgan.apps.service.problems import Problem
from ecgan.apps.service.uploads import check_upload, open_upload
from ecgan.errors import EcganError
from ecgan.faces.parts import PARTS, Part
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.results import Translated, doubt_warnings

if TYPE_CHECKING:
    from ecgan.apps.service.app import Service

GROWING = 8
"""Pictures of the animation."""


@dataclass(frozen=True)
class Asked:
    """How the controls stand."""

    shares: dict[str, float]
    """By expression, 0 to 1."""
    strength: float
    parts: tuple[Part, ...]
    faces: tuple[int, ...]

    @property
    def target(self) -> str | None:
        """As `--to` takes it, with shares of 1 in sum at most; None: all are 0."""
        shares = {name: share for name, share in self.shares.items() if share > 0}
        total = max(1.0, sum(shares.values()))
        if not shares:
            return None
        if len(shares) == 1 and total <= 1 and next(iter(shares.values())) == 1:
            return next(iter(shares))
        return "+".join(
            f"{name}*{int(1000 * share / total) / 1000:g}" for name, share in shares.items()
        )


@dataclass(frozen=True)
class View:
    """What the page shows of a visit."""

    before: str
    after: str
    bars: str
    note: str
    has_picture: bool


class Acting:
    """The page's side of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.visits = Visits()

    @property
    def expressions(self) -> tuple[str, ...]:
        """What there are sliders for."""
        return self._service.translator.vocabulary.expressive

    def beginning(self, visit: Visit) -> str:
        """The expression to begin with: one that the photo does not show."""
        seen = visit.ready.faces[0].probabilities or {}
        names = sorted(self.expressions, key=("happy", "surprise").__contains__, reverse=True)
        return next((name for name in names if seen.get(name, 0.0) < 0.5), names[0])

    def take(self, session: str, data: bytes) -> Visit:
        """Check a photo and find its faces.

        Raises:
            Problem, EcganError: it cannot be used; the message says why.
        """
        upload = check_upload(data)

        def prepared() -> ReadyPhoto:
            photo = open_upload(upload)
            ready = self._service.translator.prepare_all([photo], "all")[0]
            if isinstance(ready, Exception):
                raise ready
            return ready

        visit = Visit(upload, self._service.workers.call(prepared))
        self.visits.put(session, visit)
        return visit

    def view(self, visit: Visit, asked: Asked) -> View:
        """The photo beside its translation; where nothing is asked for, beside itself."""

        def rendered() -> View:
            ready = visit.with_faces(list(asked.faces))
            before = looks.shown(ready.photo.pixels, None)
            seen = ready.faces[0].probabilities
            target, parts = asked.target, asked.parts
            if target is None or not parts:
                visit.files.pop("picture", None)
                note = "Move a slider to begin." if parts else "Choose a part of the face."
                return View(before, before, looks.bars(seen, None), _note(note), False)
            made = self._render(ready, target, asked.strength, parts)
            visit.files["picture"] = looks.picture_file(made, visit.upload.sha256)
            after = looks.shown(made.pixels, made.mark("photo", visit.upload.sha256))
            warnings = [text for face in made.faces for text in face.warnings()]
            warnings += [text for face in ready.faces for text in doubt_warnings(face)]
            note = _note(*warnings, kind="warning") if warnings else ""
            return View(before, after, looks.bars(seen, made.faces[0].after), note, True)

        view: View = self._service.workers.call(rendered)
        return view

    def sheet(self, visit: Visit, asked: Asked) -> Made:
        """All expressions of the first of the chosen faces."""

        def made() -> Made:
            ready = visit.with_faces(list(asked.faces))
            jobs = [(ready, name) for name in self.expressions]
            pictures = self._service.translator.render_all(jobs, asked.strength, parts=_all(asked))
            visit.files["sheet"] = looks.sheet_file(ready, pictures, visit.upload.sha256)
            return visit.files["sheet"]

        sheet: Made = self._service.workers.call(made)
        return sheet

    def growing(self, visit: Visit, asked: Asked) -> Made:
        """The chosen expression, or else the first one, from nothing to the chosen strength."""

        def made() -> Made:
            ready = visit.with_faces(list(asked.faces))
            target, most = asked.target or self.expressions[0], asked.strength or 1.0
            steps = [most * step / (GROWING - 1) for step in range(GROWING)]
            pictures = [self._render(ready, target, strength, _all(asked)) for strength in steps]
            visit.files["growing"] = looks.growing_file(ready, pictures, visit.upload.sha256)
            return visit.files["growing"]

        growing: Made = self._service.workers.call(made)
        return growing

    def _render(
        self, ready: ReadyPhoto, target: str, strength: float, parts: Sequence[Part]
    ) -> Translated:
        numbers = tuple(face.aligned.number for face in ready.faces)
        face = numbers[0] if len(numbers) == 1 else numbers
        made = self._service.translator.render_all(
            [(ready, target)], strength, parts=parts, face=face
        )
        self._service.metrics.pictures.inc()
        return made[0]


def said(error: Exception) -> str:
    """Why a photo cannot be used, for people."""
    if isinstance(error, Problem | EcganError):
        return _note(str(error), kind="error")
    return _note("Something went wrong here. Try another photo.", kind="error")


def found(visit: Visit) -> str:
    """How many faces there are, and which cannot be used."""
    count = len(visit.ready.faces)
    lines = [f"{count} face{'s' if count > 1 else ''} found."]
    lines += [f"Face {one.number} cannot be used: {one.message}." for one in visit.ready.refused]
    lines += list(visit.ready.photo.notes)
    return _note(*lines)


def _all(asked: Asked) -> tuple[Part, ...]:
    return asked.parts or PARTS


def _note(*lines: str, kind: str = "plain") -> str:
    inside = "".join(f"<p>{escape(_sentence(line))}</p>" for line in lines)
    return f'<div class="note {kind}" role="status">{inside}</div>'


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
