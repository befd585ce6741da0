"""How much may come at once: requests in flight, bytes of a body, seconds to send it."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecgan.apps.service.forms import MAX_BODY
from ecgan.apps.service.problems import Problem, problem_reply

BODY_SECONDS = 30.0
"""For a whole body to arrive."""
SEND_SECONDS = 60.0
"""For a client to take a reply."""
MOST_REQUESTS, MOST_PER_CLIENT = 64, 32
"""With a photo, that are read, wait or are worked on at once."""
_SMALL_BODY = 1_000_000
_WITH_PHOTO = ("/v1/", "/gradio_api/upload")


class Gate:
    """ASGI: admits requests with photos, unread, or refuses them; cuts what is too long or slow."""

    def __init__(
        self, app: ASGIApp, most: int = MOST_REQUESTS, most_per_client: int = MOST_PER_CLIENT
    ) -> None:
        self.app = app
        self.closing = False
        """From now on all is refused but what has been admitted."""
        self._most, self._most_per_client = most, most_per_client
        self._clients: Counter[str] = Counter()

    @property
    def in_flight(self) -> int:
        """Requests that are admitted and not yet answered."""
        return self._clients.total()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(scope, receive)
        patient = _patient(send)
        client = (scope.get("client") or ("unknown",))[0]
        counted = scope["method"] == "POST" and scope["path"].startswith("/v1/")
        refusal = self._refusal(client) if counted else None
        if self.closing and not scope["path"].startswith("/health/"):
            refusal = problem_reply(503, "the service is going down: try again in a moment")
        if refusal is None and body.length > body.most:
            refusal = problem_reply(413, body.too_long)
        if refusal is not None:
            await refusal(scope, receive, patient)
            return
        if counted:
            self._clients[client] += 1
        try:
            await self.app(scope, body.receive, patient)
        finally:
            if counted:
                self._clients[client] -= 1
                if not self._clients[client]:
                    del self._clients[client]

    def _refusal(self, client: str) -> ASGIApp | None:
        if self.in_flight >= self._most:
            return problem_reply(503, "too many requests at once: try again in a moment")
        if self._clients[client] >= self._most_per_client:
            return problem_reply(
                429,
                f"at most {self._most_per_client} requests of one client at once: wait for some",
            )
        return None


class _Body:
    """The body of a request, which has an end."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._count, self._more = 0, True
        self._deadline: float | None = None
        self.most = MAX_BODY if scope["path"].startswith(_WITH_PHOTO) else _SMALL_BODY
        given = dict(scope["headers"]).get(b"content-length", b"0")
        self.length = int(given) if given.isdigit() else 0
        self.too_long = f"the request is too long, at most {self.most:,} bytes are taken"

    async def receive(self) -> Message:
        if not self._more:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, f"the request took more than {BODY_SECONDS:g} s to come") from None
        if message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            self._more = bool(message.get("more_body", False))
            if self._count > self.most:
                raise Problem(413, self.too_long)
        return message


def _patient(send: Send) -> Send:
    async def sent(message: Message) -> None:
        async with asyncio.timeout(SEND_SECONDS):  # a client that reads nothing is left alone
            await send(message)

    return sent
