"""Of Gradio's addresses, those that the page uses, and nothing that points to other hosts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecgan.apps.service.problems import problem_reply

_USED = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/(?:assets|static)/[^?]*|"
    r"/gradio_api/(?:info|upload|upload_progress|startup-events|queue/(?:join|data)|cancel|reset|"
    r"heartbeat/\w+|theme\.css)/?|/gradio_api/file=/[^?]*"
)
"""Addresses of Gradio that this page needs. There are others, some fetch what they are told."""
_SOCIAL = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')


class Used:
    """ASGI: of Gradio, what the page uses; and files only from `folder`, where else it would fetch
    any address that a request names."""

    def __init__(self, app: ASGIApp, folder: Path, others: Mapping[str, str]) -> None:
        """`others`: addresses of the service, with the methods that they take: what comes here has
        another one."""
        self.app, self._folder, self._others = app, folder, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] in self._others:
            methods = self._others[scope["path"]]
            reply = problem_reply(405, f"expected {methods}", headers={"Allow": methods})
            await reply(scope, receive, send)
        elif not _USED.fullmatch(scope["path"]):
            await problem_reply(404, "there is nothing here")(scope, receive, send)
        elif scope["path"] == "/":
            plain = [(key, value) for key, value in scope["headers"] if key != b"accept-encoding"]
            await self.app({**scope, "headers": plain}, receive, _without_outside(send))
        elif scope["method"] == "POST" and scope["path"].startswith("/gradio_api/queue/join"):
            body = await Request(scope, receive).body()
            if not self._only_uploads(body):
                reply = problem_reply(400, "expected files that were uploaded")
                await reply(scope, receive, send)
                return
            await self.app(scope, _replayed(body, receive), send)
        else:
            await self.app(scope, receive, send)

    def _only_uploads(self, body: bytes) -> bool:
        def fine(value: Any) -> bool:
            if isinstance(value, list):
                return all(map(fine, value))
            if not isinstance(value, dict):
                return True
            path = value.get("path")
            if path is not None and not (
                isinstance(path, str) and Path(path).resolve().is_relative_to(self._folder)
            ):
                return False
            return all(map(fine, value.values()))

        try:
            return fine(json.loads(body))
        except (ValueError, RecursionError, OSError):
            return False


def _replayed(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _without_outside(send: Send) -> Send:
    """The page without the pictures on other hosts that Gradio has for social networks."""
    start: Message = {}
    body = b""

    async def sent(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            start = message
        elif message["type"] == "http.response.body":
            body += message.get("body", b"")
            if not message.get("more_body"):
                body = _SOCIAL.sub(b"", body)
                MutableHeaders(scope=start)["Content-Length"] = str(len(body))
                await send(start)
                await send({"type": "http.response.body", "body": body})
        else:
            await send(message)

    return sent
