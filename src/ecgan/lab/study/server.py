"""The web server of a study: a page, pictures under opaque names, and answers that stay.

Nothing is logged about who asks. TLS is a reverse proxy's work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from ecgan.errors import AnswerError, DataError
from ecgan.lab.serving import Server
from ecgan.lab.study.answers import MAX_MS, Answer, Journal, Rater
from ecgan.lab.study.design import IMAGES_NAME, Side, Study, Trial, load_study, trials

MAX_BODY = 4096
MAX_CONNECTIONS = 128
_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_PICTURE = "image/jpeg", "private, max-age=86400, immutable"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
Whole = Annotated[int, Field(ge=0)]


class RaterRequest(BaseModel):
    """What a rater's page sends."""

    model_config = ConfigDict(strict=True)
    rater: str = Field(min_length=1, max_length=64)


class JoinRequest(RaterRequest):
    consent: bool


class AnswerRequest(RaterRequest):
    trial: Whole
    choice: Side
    reaction_ms: Whole
    shown_ms: Whole


class StudySite:
    """What the server answers; `app` is the ASGI application."""

    def __init__(self, root: Path) -> None:
        """Open a study.

        Raises:
            DataError: no study, pictures missing, or another server has it open.
        """
        self.study = load_study(root)
        self._files = _read_files(root, self.study)
        self.journal = Journal(root, len(self.study.methods))
        self._orders: dict[str, tuple[Trial, ...]] = {}
        self.app = app = FastAPI(openapi_url=None)
        app.middleware("http")(_guard)
        app.exception_handler(RequestValidationError)(_unfit)
        app.exception_handler(HTTPException)(lambda _, e: _error(e.status_code, e.detail))
        app.exception_handler(AnswerError)(lambda _, e: _error(409, str(e)))
        app.exception_handler(OSError)(
            lambda *_: _error(503, "the answer could not be kept; try again")
        )
        app.api_route("/api/welcome", methods=["GET", "HEAD"])(self.welcome)
        for handle in (self.join, self.session, self.answer, self.debriefing, self.withdraw):
            app.post(f"/api/{handle.__name__}")(handle)
        app.api_route("/{path:path}", methods=["GET", "HEAD", "POST"])(self.file)

    def close(self) -> None:
        """Close the file of answers."""
        self.journal.close()

    def file(self, request: Request) -> Response:
        """A page file or a picture: all are in memory, and no path of a request is ever opened."""
        found = self._files.get(request.scope["path"])
        if found is None or request.method == "POST":
            raise HTTPException(404, "no such page")
        data, kind, cache = found
        return Response(data, headers={"Content-Type": kind, "Cache-Control": cache})

    def welcome(self) -> dict[str, Any]:
        study = self.study
        return {
            "pairs": study.count("pair") + study.count("catch"),
            "practice": study.count("practice"),
            "show_ms": study.settings.show_ms,
            "contact": study.settings.contact,
        }

    def join(self, sent: JoinRequest) -> dict[str, Any]:
        if not sent.consent:
            raise HTTPException(400, "nobody takes part without consent")
        return _progress(self.journal.join(sent.rater))

    def session(self, sent: RaterRequest) -> dict[str, Any]:
        """All that the page needs to show the trials, and nothing that tells real from fake."""
        rater, order = self._rater(sent)
        settings = self.study.settings
        return {
            **_progress(rater),
            "size_px": settings.size_px,
            "show_ms": settings.show_ms,
            "fixation_ms": settings.fixation_ms,
            "break_every": settings.break_every,
            "trials": [
                {
                    "left": _address(trial.left),
                    "right": _address(trial.right),
                    "practice": trial.item.kind == "practice",
                }
                for trial in order
            ],
        }

    def answer(self, sent: AnswerRequest) -> dict[str, Any]:
        rater, order = self._rater(sent)
        reaction_ms, shown_ms = min(sent.reaction_ms, MAX_MS), min(sent.shown_ms, MAX_MS)
        answer = Answer(sent.trial, sent.choice, reaction_ms, shown_ms)
        kept = self.journal.add(rater.code, answer, len(order))
        trial = order[kept.trial]
        if trial.item.kind != "practice":
            return _progress(rater)
        return {**_progress(rater), "correct": kept.choice != trial.generated_side}

    def debriefing(self, sent: RaterRequest) -> dict[str, Any]:
        rater, order = self._rater(sent)
        if len(rater.answers) < len(order):
            raise AnswerError("the debriefing comes after the last pair")
        shown = [trial for trial in order if trial.item.kind == "pair"]
        found = sum(rater.answers[t.number].choice != t.generated_side for t in shown)
        return {
            "rater": rater.code,
            "found": found,
            "pairs": len(shown),
            "credits": list(self.study.credits),
            "contact": self.study.settings.contact,
        }

    def withdraw(self, sent: RaterRequest) -> dict[str, Any]:
        self.journal.withdraw(sent.rater)
        return {"withdrawn": True}

    def _rater(self, sent: RaterRequest) -> tuple[Rater, tuple[Trial, ...]]:
        rater = self.journal.rater(sent.rater)
        if rater.code not in self._orders:
            self._orders[rater.code] = trials(self.study, rater.code, rater.form)
        return rater, self._orders[rater.code]


class StudyServer(Server):
    """Serves one study until it is stopped."""

    def __init__(self, site: StudySite, host: str, port: int) -> None:
        """Listen, as `Server`."""
        super().__init__(
            site.app,
            host,
            port,
            max_connections=MAX_CONNECTIONS,
            lifespan="off",
            timeout_graceful_shutdown=5,
        )


async def _guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse, unread, what is too long or not from the page, and give every reply its headers.

    Other sites cannot send the content type of JSON without asking first, which is not allowed.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    length = request.headers.get("Content-Length")
    if request.method not in ("GET", "HEAD", "POST"):
        reply = _error(501, "expected GET or POST")
    elif request.method == "POST" and kind != "application/json":
        reply = _error(415, "expected application/json")
    elif request.method == "POST" and length is None:
        reply = _error(411, "expected a Content-Length")
    elif int(length or 0) > MAX_BODY:
        reply = _error(413, f"at most {MAX_BODY} bytes")
    else:
        reply = await answer(request)
    reply.headers.setdefault("Cache-Control", "no-store")
    reply.headers.update(_HEADERS)
    return reply


def _error(status: int, message: str) -> Response:
    """A refusal; what may still come of its request is not waited for."""
    return JSONResponse({"error": message}, status, {"Connection": "close"})


def _unfit(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return _error(400, f"{where}: {first['msg']}")


def _progress(rater: Rater) -> dict[str, Any]:
    return {"rater": rater.code, "answered": len(rater.answers)}


def _address(picture: str) -> str:
    return f"/images/{picture}.jpg"


def _read_files(root: Path, study: Study) -> dict[str, tuple[bytes, str, str]]:
    """Bytes, content type and caching of the page's files and of all pictures, by address."""
    page = resources.files("ecgan.lab.study").joinpath("page")
    files = {
        address: (page.joinpath(name).read_bytes(), kind, "no-cache")
        for address, (name, kind) in _PAGE.items()
    }
    for name in study.picture_names():
        path = root / IMAGES_NAME / f"{name}.jpg"
        try:
            files[_address(name)] = path.read_bytes(), *_PICTURE
        except OSError as error:
            raise DataError(
                f"cannot read {path}: {error.strerror}; build the study again"
            ) from None
    return files
