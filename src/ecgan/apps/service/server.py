"""The server process: when it is told to end, it first answers what it has taken on."""

from __future__ import annotations

import asyncio
import socket

from ecgan.apps.service.app import Service
from ecgan.lab.serving import Server

MAX_CONNECTIONS = 500
GRACE_SECONDS = 180.0
"""For the requests in flight, once it is to end."""
_PAGES_SECONDS = 2
"""For open pages, which would else wait for ever."""


class ServiceServer(Server):
    """Serves one `Service`."""

    def __init__(self, service: Service, host: str, port: int) -> None:
        """Listen, as `Server`."""
        super().__init__(
            service.asgi,
            host,
            port,
            max_connections=MAX_CONNECTIONS,
            timeout_graceful_shutdown=_PAGES_SECONDS,
        )
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is in flight, new requests with 503; then close."""
        gate, loop = self._service.gate, asyncio.get_running_loop()
        gate.closing = True
        deadline = loop.time() + GRACE_SECONDS
        while gate.in_flight and not self.force_exit and loop.time() < deadline:
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)
