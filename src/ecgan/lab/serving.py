"""What our web servers share: a socket to listen on, and connections that nobody can hold open."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ecgan.errors import UsageError

IDLE_SECONDS = 20


class Server(uvicorn.Server):
    """Serves one application until Ctrl-C, SIGTERM or `should_exit`. Nothing is logged about who
    asks: a log of requests is a log of people."""

    def __init__(
        self, app: Any, host: str, port: int, *, max_connections: int, **more: Any
    ) -> None:
        """Listen; port 0: any free one, see `port`.

        Args:
            app: ASGI.
            host, port: to listen on.
            max_connections: beyond it a connection gets 503.
            more: of `uvicorn.Config`.

        Raises:
            UsageError: the address cannot be listened on.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"cannot listen on {host}:{port}: {reason}; try another") from None
        super().__init__(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                limit_concurrency=max_connections + 1,  # the one that asks counts, too
                timeout_keep_alive=IDLE_SECONDS,
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                **more,
            )
        )

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._socket.getsockname()[1])

    def serve_forever(self) -> None:
        """Answer until it is stopped."""
        self.run(sockets=[self._socket])


class _Connection(H11Protocol):
    """Ends when for `IDLE_SECONDS` nothing comes of a request, where uvicorn waits; what stands
    before a body must come within that time. While a request is answered, it waits."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._answering():
            self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._silence is not None:
            self._silence.cancel()
        super().connection_lost(exc)

    _silence: asyncio.TimerHandle | None = None

    def _wait(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self._silence = self.loop.call_later(IDLE_SECONDS, self._end)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end(self) -> None:
        if self._answering() and not self.cycle.more_body:
            self._wait()
        else:
            self.transport.close()
