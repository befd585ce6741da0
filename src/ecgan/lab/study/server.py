"""The web server of a study: a page, pictures under opaque names, and answers that stay.

The standard library is enough: one page, six addresses, no framework to install beside a study that
must still run in years. Nothing is logged about who asks. TLS is a reverse proxy's work.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

from ecgan.errors import AnswerError, DataError, UsageError
from ecgan.lab.study.answers import MAX_MS, Answer, Journal, Rater
from ecgan.lab.study.design import IMAGES_NAME, SIDES, Side, Study, Trial, load_study, trials

MAX_BODY = 4096
MAX_CONNECTIONS = 128
IDLE_SECONDS = 20.0
_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True)
class Reply:
    """What goes back to a browser."""

    status: HTTPStatus
    body: bytes
    kind: str = "application/json"
    cache: str = "no-store"


class Refusal(Exception):  # noqa: N818 - a reply, which ends the handling of a request
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class StudySite:
    """What the server answers, without a socket: addresses and bodies in, replies out."""

    def __init__(self, root: Path) -> None:
        """Open a study.

        Raises:
            DataError: no study, pictures missing, or another server has it open.
        """
        self.study = load_study(root)
        self._images = _read_images(root, self.study)
        self._files = {address: _page_file(*file) for address, file in _PAGE.items()}
        self.journal = Journal(root, len(self.study.methods))
        self._orders: dict[str, tuple[Trial, ...]] = {}
        self._posts: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "/api/join": self._join,
            "/api/session": self._session,
            "/api/answer": self._answer,
            "/api/debriefing": self._debriefing,
            "/api/withdraw": self._withdraw,
        }

    def get(self, address: str) -> Reply:
        """A page file or a picture.

        Raises:
            Refusal: there is no such thing.
        """
        if address in self._files:
            return self._files[address]
        if address == "/api/welcome":
            return _json(self._welcome())
        image = self._images.get(address)
        if image is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no such page")
        return Reply(HTTPStatus.OK, image, "image/jpeg", "private, max-age=86400, immutable")

    def post(self, address: str, body: bytes) -> Reply:
        """A JSON object in, a JSON object out.

        Raises:
            Refusal: no such address, no JSON object, or values that do not fit.
        """
        handle = self._posts.get(address)
        if handle is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no such page")
        try:
            values = json.loads(body)
        except (ValueError, RecursionError):
            raise Refusal(HTTPStatus.BAD_REQUEST, "expected JSON") from None
        if not isinstance(values, dict):
            raise Refusal(HTTPStatus.BAD_REQUEST, "expected a JSON object")
        try:
            return _json(handle(values))
        except AnswerError as error:
            raise Refusal(HTTPStatus.CONFLICT, str(error)) from None
        except OSError:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE, "the answer could not be kept; try again"
            ) from None

    def close(self) -> None:
        """Close the file of answers."""
        self.journal.close()

    def _welcome(self) -> dict[str, Any]:
        study = self.study
        return {
            "pairs": study.count("pair") + study.count("catch"),
            "practice": study.count("practice"),
            "show_ms": study.settings.show_ms,
            "contact": study.settings.contact,
        }

    def _join(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if values.get("consent") is not True:
            raise Refusal(HTTPStatus.BAD_REQUEST, "nobody takes part without consent")
        return self._progress(self.journal.join(_text(values, "rater")))

    def _session(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All that the page needs to show the trials, and nothing that tells real from fake."""
        rater = self.journal.rater(_text(values, "rater"))
        settings = self.study.settings
        return {
            **self._progress(rater),
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
                for trial in self._order(rater)
            ],
        }

    def _answer(self, values: Mapping[str, Any]) -> dict[str, Any]:
        rater = self.journal.rater(_text(values, "rater"))
        order = self._order(rater)
        kept = self.journal.add(
            rater.code,
            Answer(
                trial=_whole(values, "trial"),
                choice=_side(values),
                reaction_ms=min(_whole(values, "reaction_ms"), MAX_MS),
                shown_ms=min(_whole(values, "shown_ms"), MAX_MS),
            ),
            len(order),
        )
        trial = order[kept.trial]
        reply = self._progress(rater)
        if trial.item.kind == "practice":
            reply["correct"] = kept.choice != trial.generated_side
        return reply

    def _debriefing(self, values: Mapping[str, Any]) -> dict[str, Any]:
        rater = self.journal.rater(_text(values, "rater"))
        order = self._order(rater)
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

    def _withdraw(self, values: Mapping[str, Any]) -> dict[str, Any]:
        self.journal.withdraw(_text(values, "rater"))
        return {"withdrawn": True}

    def _progress(self, rater: Rater) -> dict[str, Any]:
        return {"rater": rater.code, "answered": len(rater.answers)}

    def _order(self, rater: Rater) -> tuple[Trial, ...]:
        order = self._orders.get(rater.code)
        if order is None:
            order = self._orders[rater.code] = trials(self.study, rater.code, rater.form)
        return order


class StudyServer(ThreadingHTTPServer):
    """Serves one study until it is stopped."""

    daemon_threads = True

    def __init__(self, site: StudySite, host: str, port: int) -> None:
        """Listen; port 0: any free one, see `port`.

        Raises:
            UsageError: the address cannot be listened on.
        """
        self.site = site
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"cannot listen on {host}:{port}: {reason}; try another") from None

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """As the base, without its search for the host's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.port

    def process_request(self, request: Any, client_address: Any) -> None:
        """Whoever comes when all places are taken is turned away, not kept in memory."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Frees the place at the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are no news, and who they came from is not written down."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "ecgan"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: StudyServer
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s\n"
    _TEXT: ClassVar[str] = "application/json"

    def do_GET(self) -> None:
        self._reply(lambda: self.server.site.get(self.path.partition("?")[0]))

    do_HEAD = do_GET  # noqa: N815 - the name that the library looks for

    def do_POST(self) -> None:
        self._reply(lambda: self.server.site.post(self.path, self._body()))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log of requests is a log of people."""

    def _body(self) -> bytes:
        """Other sites cannot send this content type without asking first, which is not allowed."""
        closing, self.close_connection = self.close_connection, True  # until all of it is read
        if self.headers.get_content_type() != self._TEXT:
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"expected {self._TEXT}")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length")
        if len(length) > 9 or int(length) > MAX_BODY:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refusal(HTTPStatus.BAD_REQUEST, "the body was cut short")
        self.close_connection = closing
        return body

    def _reply(self, make: Callable[[], Reply]) -> None:
        try:
            reply = make()
        except Refusal as refusal:
            reply = _json({"error": str(refusal)}, refusal.status)
        self.send_response(reply.status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", reply.cache)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)


def _json(value: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False).encode())


def _address(picture: str) -> str:
    return f"/images/{picture}.jpg"


def _read_images(root: Path, study: Study) -> dict[str, bytes]:
    """All pictures by address: they are few and small, and no path of a request is ever opened."""
    images = {}
    for name in study.picture_names():
        path = root / IMAGES_NAME / f"{name}.jpg"
        try:
            images[_address(name)] = path.read_bytes()
        except OSError as error:
            raise DataError(
                f"cannot read {path}: {error.strerror}; build the study again"
            ) from None
    return images


def _page_file(name: str, kind: str) -> Reply:
    data = resources.files("ecgan.lab.study").joinpath("page", name).read_bytes()
    return Reply(HTTPStatus.OK, data, kind, "no-cache")


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"expected a text as {key}")
    return value


def _whole(values: Mapping[str, Any], key: str) -> int:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"expected a whole number from 0 as {key}")
    return value


def _side(values: Mapping[str, Any]) -> Side:
    for side in SIDES:
        if values.get("choice") == side:
            return side
    raise Refusal(HTTPStatus.BAD_REQUEST, f"expected {' or '.join(SIDES)} as choice")
