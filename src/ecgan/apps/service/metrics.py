"""What Prometheus may ask for; nothing in it tells who sent which photo."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecgan import __version__

_ROUTES = frozenset(
    (
        *("/v1/translate", "/v1/recognize", "/v1/expressions", "/metrics", "/openapi.json"),
        *("/health/live", "/health/ready", "/login", "/docs", "/"),
    )
)
_SECONDS = (0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)


class Metrics:
    """The figures of one service."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        labels = ("route", "status")
        self._requests = Counter("ecgan_requests", "Replies.", labels, registry=registry)
        self._seconds = Histogram(
            "ecgan_request_seconds", "From a request's first byte to its reply's last.",
            ("route",), registry=registry, buckets=_SECONDS,
        )  # fmt: skip
        self.batch = Histogram(
            "ecgan_batch_jobs", "Requests that were begun together.",
            registry=registry, buckets=(1, 2, 3, 4, 8),
        )  # fmt: skip
        self.pictures = Counter("ecgan_pictures", "Translated pictures.", registry=registry)
        self.refused = Counter(
            "ecgan_refused", "Photos whose faces cannot be used.", ("reason",), registry=registry
        )
        self.deaths = Counter("ecgan_worker_deaths", "Workers that died.", registry=registry)
        self._info = Info("ecgan", "Version and model.", registry=registry)

    def watch(self, model: str, waiting: Callable[[], int], in_flight: Callable[[], int]) -> None:
        """Report the model and, whenever asked, two counts."""
        self._info.info({"version": __version__, "model": model})
        for name, text, count in (
            ("ecgan_waiting", "Jobs that nobody has begun.", waiting),
            ("ecgan_in_flight", "Admitted requests without a reply.", in_flight),
        ):
            Gauge(name, text, registry=self.registry).set_function(count)

    def text(self) -> bytes:
        """In Prometheus' format."""
        return generate_latest(self.registry)

    def count(self, path: str, status: int, seconds: float) -> None:
        """One reply."""
        route = path if path in _ROUTES else "other"
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class Counted:
    """ASGI: counts replies, also of what is refused."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            self._metrics.count(scope["path"], status, time.perf_counter() - begun)
