"""GET /metrics: this process's own counts, and the backend's figures while it can be reached."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendError, Stats, Usage

_PATIENCE: Final = 0.8  # seconds that the backend has
_ROUTES: Final = ("/v1/chat/completions", "/v1/models", "/health", "/ready", "/metrics")
_SECONDS: Final = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Metrics:
    """What this process counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "glm_flash_web_requests",
            "HTTP requests by route and status; 499 is a client that left.",
            ["route", "status"],
            registry=self._registry,
        )
        self._running = Gauge(
            "glm_flash_web_requests_running",
            "HTTP requests being answered, the one for these figures aside.",
            registry=self._registry,
        )
        self._seconds = Histogram(
            "glm_flash_web_request_seconds",
            "Time from a request's head to its last byte.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "glm_flash_web_tokens",
            "Tokens of REST requests, by kind.",
            ["kind"],
            registry=self._registry,
        )
        for kind in ("prompt", "completion", "cached"):
            self._tokens.labels(kind)

    def count_tokens(self, usage: Usage) -> None:
        """Of one answer."""
        self._tokens.labels("prompt").inc(usage.prompt_tokens)
        self._tokens.labels("completion").inc(usage.completion_tokens)
        self._tokens.labels("cached").inc(usage.cached_tokens)

    def text(self) -> bytes:
        """In Prometheus' format."""
        return generate_latest(self._registry)

    def counting(self, app: ASGIApp) -> ASGIApp:
        """The application, with its HTTP requests counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status = 499

            async def watched(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            route, begin = _route(scope["path"]), time.monotonic()
            try:
                with nullcontext() if route == "/metrics" else self._running.track_inprogress():
                    await app(scope, receive, watched)
            finally:
                self._requests.labels(route, str(status)).inc()
                self._seconds.labels(route).observe(time.monotonic() - begin)

        return counted


class MetricsPage:
    """The route."""

    def __init__(self, metrics: Metrics, client: AsyncClient) -> None:
        self._metrics = metrics
        self._client = client

    async def show(self, request: Request) -> Response:
        """Everything there is to tell; quickly, even if the backend is away."""
        try:
            stats: Stats | None = await self._client.stats(timeout=_PATIENCE)
        except BackendError:
            stats = None
        registry = CollectorRegistry()
        registry.register(_BackendFigures(stats))
        return Response(
            self._metrics.text() + generate_latest(registry),
            headers={"content-type": CONTENT_TYPE_LATEST},
        )


class _BackendFigures(Collector):
    """The backend's figures as Prometheus families."""

    def __init__(self, stats: Stats | None) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        stats = self._stats
        yield _gauge("up", "Whether the backend could be reached.", float(stats is not None))
        if stats is None:
            return
        yield _gauge("requests_running", "Requests being computed.", stats.running)
        yield _gauge("requests_queued", "Requests waiting for a place.", stats.queued)
        yield _counters("requests", "Finished requests.", "outcome", stats.requests)
        yield _counters("refused_requests", "Refused requests.", "code", stats.refusals)
        yield _counters("routes", "Requests by route.", "route", stats.routes)
        yield _counters("pages", "Pages read.", "method", stats.pages)
        yield _counter("prompt_tokens", "Prompt tokens taken in.", stats.prompt_tokens)
        yield _counter("completion_tokens", "Tokens generated.", stats.completion_tokens)
        yield _counter("cached_tokens", "Prompt tokens not computed again.", stats.cached_tokens)
        yield _gauge("tokens_per_second", "Generated lately.", stats.tokens_per_second)
        yield _gauge("kv_blocks_used", "KV blocks in use.", stats.blocks_used)
        yield _gauge("kv_blocks", "KV blocks there are.", stats.blocks_total)
        yield _gauge("media_bytes", "Bytes of stored files.", stats.media_bytes)
        yield _gauge("media_bytes_limit", "Quota of stored files.", stats.media_bytes_limit)
        yield _gauge("memory_bytes", "Resident memory of the backend.", stats.memory_bytes)
        yield _gauge("uptime_seconds", "Since the backend started.", stats.uptime_seconds)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"glm_flash_backend_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"glm_flash_backend_{name}", text, value=value)


def _counters(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"glm_flash_backend_{name}", text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _route(path: str) -> str:
    """A bounded set of names, whatever is asked for."""
    for route in _ROUTES:
        if path == route or path.startswith(f"{route}/"):
            return route
    return "/v1/*" if path.startswith("/v1/") else "page"
