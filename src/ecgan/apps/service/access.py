"""Who may ask, and the headers of every reply."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from html import escape
from importlib import resources
from urllib.parse import parse_qs

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecgan.apps.service.problems import problem_reply

COOKIE = "ecgan"
OPEN = ("/health/live", "/health/ready", "/login")
"""What is answered without a token."""
_WRONG_TOKEN_SECONDS = 0.3
_API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_OWN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_PAGE_POLICY = (  # Gradio has its scripts and styles in its page, and makes functions of strings
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine alone."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Access:
    """ASGI: lets in who has the token; where there is none, who asks for this machine by its own
    name, so that no page of another site can use it."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self.app = app
        self._token = token.encode() if token else None
        self._cookie = hmac.digest(token.encode(), b"ecgan page", "sha256").hex() if token else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.update({"Content-Security-Policy": _policy(scope["path"]), **_HEADERS})
            await send(message)

        request = Request(scope, receive)
        reply = await self._refusal(request)
        app: ASGIApp = self.app if reply is None else reply
        await app(scope, receive, with_headers)

    async def _refusal(self, request: Request) -> Response | None:
        """What to answer instead; None: it may pass."""
        path = request.scope["path"]
        if self._token is None:
            return _local_refusal(request)
        if path == "/login":
            return await self._login(request)
        if path in OPEN or self._may(request):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return RedirectResponse("/login", 303)
        if "Authorization" in request.headers:
            await asyncio.sleep(_WRONG_TOKEN_SECONDS)
        reply = problem_reply(401, "expected the header Authorization: Bearer TOKEN")
        reply.headers["WWW-Authenticate"] = "Bearer"
        return reply

    def _may(self, request: Request) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(given.strip()):
            return True
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(cookie.encode(), self._cookie.encode())

    def _is_token(self, given: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(given.encode(errors="replace"), self._token)

    async def _login(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):
            return _login_page()
        if request.method != "POST":
            return problem_reply(405, "expected GET or POST")
        fields = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=4)
        if not self._is_token(fields.get("token", [""])[0]):
            await asyncio.sleep(_WRONG_TOKEN_SECONDS)
            return _login_page("That is not the token.", 401)
        reply = RedirectResponse("/", 303)
        reply.set_cookie(
            COOKIE,
            self._cookie,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return reply


def _local_refusal(request: Request) -> Response | None:
    """Without a token: what does not come from this machine's own pages and programs."""
    given = request.headers.get("Host", "")
    host, _, port = given.rpartition(":")
    if not is_loopback(host if port.isdecimal() else given):
        return problem_reply(421, "this service is for its own machine: use localhost")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if request.method == "POST" and site not in ("same-origin", "none"):
        return problem_reply(403, "pages of other sites may not use this service")
    if request.scope["path"] == "/login":
        return problem_reply(404, "no token is needed here")
    return None


def _login_page(note: str = "", status: int = 200) -> HTMLResponse:
    page = resources.files("ecgan.apps.service").joinpath("login.html").read_text("utf-8")
    return HTMLResponse(page.replace("{note}", escape(note)), status)


def _policy(path: str) -> str:
    if path.startswith(("/v1/", "/health/", "/metrics", "/openapi.json")):
        return _API_POLICY
    if path == "/login" or path.startswith("/docs"):
        return _OWN_POLICY
    return _PAGE_POLICY
