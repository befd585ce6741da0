"""The service: its routes, and what stands before them."""

from __future__ import annotations

import asyncio
import functools
import logging
from concurrent.futures import Future
from typing import Annotated, Any, Literal

from fastapi import FastAPI, File, Form, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from ecgan import __version__
from ecgan.apps.service import replies
from ecgan.apps.service.access import Access
from ecgan.apps.service.docs import add_docs
from ecgan.apps.service.forms import FormRoute
from ecgan.apps.service.gate import MOST_REQUESTS, Gate
from ecgan.apps.service.metrics import Counted, Metrics
from ecgan.apps.service.problems import (
    MEDIA_TYPE,
    SHA256_HEADER,
    Problem,
    ProblemReply,
    problem_reply,
)
from ecgan.apps.service.translating import MOST_PIXELS, Done, Order, PhotoWork, Seen
from ecgan.apps.service.uploads import check_upload
from ecgan.apps.service.workers import Workers
from ecgan.errors import UsageError
from ecgan.expressions import ALIASES, expression_of, parse_targets
from ecgan.faces.finder import parse_face_choice
from ecgan.faces.parts import PARTS, parse_parts
from ecgan.inference.strength import MAX_STRENGTH
from ecgan.inference.translator import AT_ONCE, Translator

LONGEST = 180.0
"""Seconds after which a request is given up."""
MOST_TARGETS = 16
_log = logging.getLogger("ecgan.serve")
_STATUSES = {
    400: "A damaged photo or form",
    401: "The token is missing or wrong",
    408: "The request came too slowly",
    413: "Too many bytes or pixels",
    415: "No JPEG, PNG or WebP picture, or no multipart form",
    422: "No usable face, or a wrong field",
    429: "Too many requests of this client",
    500: "A fault of the service",
    503: "Too many requests, or going down",
}
_PROBLEM = {"model": ProblemReply, "content": {MEDIA_TYPE: {}}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PICTURES = {
    "description": "The picture; with `Accept: application/json` or several targets, JSON.",
    "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _BINARY),
}
Photo = Annotated[UploadFile, File(description="JPEG, PNG or WebP, 10 MB, 25 million pixels.")]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Of OpenAPI: refusals of a route."""
    return {status: {"description": _STATUSES[status], **_PROBLEM} for status in statuses}


class Service:
    """One translator behind HTTP; `asgi` is the application, with all that guards it."""

    def __init__(
        self,
        translator: Translator,
        *,
        token: str | None = None,
        threads: int = 2,
        page: bool = False,
        gate: type[Gate] | functools.partial[Gate] = Gate,
    ) -> None:
        """Start the workers.

        Args:
            translator: that is used.
            token: who asks must have; none: anybody who asks this machine by its own name.
            threads: workers.
            page: whether the page is at `/`.
            gate: another one, in tests.
        """
        self.translator = translator
        self.work = PhotoWork(translator)
        self.metrics = Metrics()
        self.workers = Workers(
            threads,
            room=MOST_REQUESTS,
            together=AT_ONCE,
            most_cost=MOST_PIXELS,
            on_batch=self.metrics.batch.observe,
            on_death=self.metrics.deaths.inc,
        )
        self.app = app = FastAPI(
            title="ECGAN",
            version=__version__,
            description="Facial expression translation. Every picture that it gives is marked as "
            "synthetic. Use it with the consent of those who are shown.",
            docs_url=None,
            redoc_url=None,
        )
        app.router.route_class = FormRoute
        app.exception_handler(Problem)(lambda _, problem: problem.reply())
        app.exception_handler(RequestValidationError)(_unfit)
        app.exception_handler(HTTPException)(_http_error)
        app.exception_handler(Exception)(lambda *_: problem_reply(500, "the service failed"))
        self._add_routes(app)
        add_docs(app)
        if page:
            from ecgan.apps.service.page.page import mount_page

            mount_page(app, self)
        self.gate = gate(app)
        self.asgi: ASGIApp = Counted(Access(self.gate, token), self.metrics)
        self.metrics.watch(
            translator.sha256, lambda: self.workers.waiting, lambda: self.gate.in_flight
        )

    def close(self) -> None:
        """End the workers, when all that waits is done."""
        self.workers.close()

    def _add_routes(self, app: FastAPI) -> None:
        photo_problems = problems(*_STATUSES)
        app.post(
            "/v1/translate",
            response_model=replies.TranslateReply,
            responses={200: _PICTURES, **photo_problems},
            summary="Give the faces of a photo other expressions",
        )(self.translate)
        app.post(
            "/v1/recognize",
            response_model=replies.RecognizeReply,
            responses=photo_problems,
            summary="What the faces of a photo show",
        )(self.recognize)
        app.get("/v1/expressions", responses=problems(401, 503), summary="What may be asked for")(
            self.expressions
        )
        app.get("/health/live", summary="Whether the process answers")(self.live)
        app.get("/health/ready", responses=problems(503), summary="Whether it takes photos")(
            self.ready
        )
        app.get(
            "/metrics",
            response_class=Response,
            responses={200: {"content": {"text/plain": {}}}, **problems(401, 503)},
            summary="Figures for Prometheus",
        )(self.figures)

    async def translate(
        self,
        request: Request,
        photo: Photo,
        *,
        to: Annotated[
            str,
            Form(
                description="An expression (`happy`), a recipe (`happy:laugh`), a blend "
                "(`happy*0.7+surprise*0.3`), a comma list of them, or `all`.",
                examples=["happy"],
                max_length=400,
            ),
        ],
        strength: Annotated[float, Form(ge=0, le=MAX_STRENGTH)] = 1.0,
        face: Annotated[
            str,
            Form(
                description="`largest`, `all`, a number, `left`, `right`, `center`, or a list.",
                max_length=100,
            ),
        ] = "largest",
        part: Annotated[
            str,
            Form(description="Comma list of `brows`, `eyes`, `mouth`: all.", max_length=40),
        ] = "brows,eyes,mouth",
        format: Annotated[
            Literal["keep", "jpg", "png", "webp"],
            Form(description="`keep`: as the photo."),
        ] = "keep",
        quality: Annotated[
            int | SkipJsonSchema[None],
            Form(ge=1, le=100, description="Of JPEG and WebP; none: the photo's own."),
        ] = None,
    ) -> Any:
        """One target gives the picture itself, with what was seen in headers; several, or
        `Accept: application/json`, give JSON with the pictures in base64."""
        upload = check_upload(await photo.read())
        try:
            targets = parse_targets(to, self.translator.vocabulary)
            choice, parts = parse_face_choice(face), parse_parts(part)
        except UsageError as error:
            raise Problem(422, str(error).removeprefix("--"), sha256=upload.sha256) from None
        if len(targets) > MOST_TARGETS:
            raise Problem(422, f"at most {MOST_TARGETS} targets at once", sha256=upload.sha256)
        suffix = None if format == "keep" else f".{format}"
        if quality is not None and (suffix or f".{upload.kind.lower()}") == ".png":
            raise Problem(
                422, "PNG is lossless: quality goes with jpg or webp", sha256=upload.sha256
            )
        order = Order(upload, targets, strength, choice, parts, suffix, quality)
        done: Done = await self._done(
            request, self.workers.submit(self.work.translate, order, order.cost), upload.sha256
        )
        self.metrics.pictures.inc(len(done.pictures))
        if len(targets) > 1 or "application/json" in request.headers.get("Accept", ""):
            return _with_hash(replies.translate_json(order, done), upload.sha256)
        return replies.picture_reply(order, done)

    async def recognize(self, request: Request, photo: Photo) -> Any:
        """Faces with boxes and probabilities. They name what a picture shows, not what a person
        feels."""
        upload = check_upload(await photo.read())
        seen: Seen = await self._done(
            request,
            self.workers.submit(self.work.recognise, upload, upload.pixels),
            upload.sha256,
        )
        return _with_hash(replies.recognize_json(upload, seen), upload.sha256)

    def expressions(self) -> replies.ExpressionsReply:
        """Expressions, their recipes and aliases, parts of a face, and the range of strengths."""
        vocabulary = self.translator.vocabulary
        recipes: dict[str, list[str]] = {name: [] for name in vocabulary.expressions}
        for name in vocabulary.names:
            if ":" in name:
                recipes[expression_of(name)].append(name)
        return replies.ExpressionsReply(
            expressions=list(vocabulary.expressions),
            recipes=recipes,
            aliases={
                name: list(ALIASES[name]) for name in vocabulary.expressions if name in ALIASES
            },
            parts=list(PARTS),
            strength=[0.0, MAX_STRENGTH],
            model_sha256=self.translator.sha256,
            engine=self.translator.engine,
        )

    async def live(self) -> replies.Health:
        """Always, while the process can answer at all."""
        return replies.Health(status="live")

    async def ready(self) -> replies.Health:
        """Not while it goes down, or without a worker."""
        if self.gate.closing or not self.workers.alive:
            raise Problem(503, "not ready: the service is going down or has no worker")
        return replies.Health(status="ready")

    async def figures(self) -> Response:
        """Requests, seconds, queue, refusals, memory."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _done(self, request: Request, future: Future[Any], sha256: str) -> Any:
        """What a worker has made; nothing is made for a client that has gone.

        Raises:
            Problem: what was wrong, or that it takes too long.
        """
        result = asyncio.wrap_future(future)
        gone = asyncio.ensure_future(_gone(request))
        try:
            done, _ = await asyncio.wait(
                {result, gone}, timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED
            )
            if result in done:
                return result.result()
            raise Problem(503, "it took too long, or nobody waits", sha256=sha256)
        except Problem as problem:
            if problem.reason is not None:
                self.metrics.refused.labels(problem.reason).inc()
            problem.sha256 = sha256
            raise
        except Exception:
            _log.exception("a photo could not be worked on")
            raise Problem(500, "the service failed with this photo", sha256=sha256) from None
        finally:
            gone.cancel()
            result.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _with_hash(reply: Any, sha256: str) -> JSONResponse:
    return JSONResponse(reply.model_dump(mode="json"), headers={SHA256_HEADER: sha256})


def _unfit(_: Request, error: Any) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return problem_reply(422, f"{where}: {first['msg']}")


def _http_error(_: Request, error: Any) -> Response:
    reply = problem_reply(error.status_code, str(error.detail))
    reply.headers.update(error.headers or {})
    return reply
