"""GET /metrics: this process's own counts, and the backend's figures while it can be reached."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendError, Distribution, Stats, Usage

_PATIENCE: Final = 0.8  # seconds that the backend has
_ROUTES: Final = (
    "/v1/tokenize",
    "/v1/openapi.json",
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/models",
    "/v1/plan",
    "/health",
    "/ready",
    "/metrics",
)
_SECONDS: Final = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300)
_KINDS: Final = ("prompt", "completion", "cached", "reasoning", "image")
# What the figures of each cache count: found and missed, pushed out.
_CACHES: Final = {
    "pages": ("pages", "pages"),
    "embeddings": ("pictures", "pictures"),
    "prefix": ("tokens", "blocks"),
    "answers": ("answers", "answers"),
}


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
            "Tokens of REST requests; cached and image ones are prompt's, reasoning completion's.",
            ["kind"],
            registry=self._registry,
        )
        for kind in _KINDS:
            self._tokens.labels(kind)

    def count_tokens(self, usage: Usage) -> None:
        """Of one answer."""
        for kind in _KINDS:
            self._tokens.labels(kind).inc(getattr(usage, f"{kind}_tokens"))

    def text(self) -> bytes:
        """In Prometheus' format."""
        return generate_latest(self._registry)

    def counting(self, app: ASGIApp) -> ASGIApp:
        """The application, with its HTTP requests counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status, is_whole = 499, False

            async def watched(message: Message) -> None:
                nonlocal status, is_whole
                if message["type"] == "http.response.start":
                    status = message["status"]
                elif message["type"] == "http.response.body":
                    is_whole = not message.get("more_body", False)
                await send(message)

            route, begin = route_of(scope["path"]), time.monotonic()
            try:
                with nullcontext() if route == "/metrics" else self._running.track_inprogress():
                    await app(scope, receive, watched)
            finally:
                self._requests.labels(route, str(status if is_whole else 499)).inc()
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
        yield from self._tokens(stats)
        yield from self._waits(stats)
        yield from self._caches(stats)
        yield from self._resources(stats)

    @staticmethod
    def _tokens(stats: Stats) -> Iterator[Metric]:
        yield _counter("prompt_tokens", "Prompt tokens taken in.", stats.prompt_tokens)
        yield _counter("image_tokens", "Of the prompt tokens, pictures.", stats.image_tokens)
        yield _counter(
            "cached_tokens",
            "Of the prompt tokens, not computed again; all of them if the answer was known.",
            stats.cached_tokens,
        )
        yield _counter("completion_tokens", "Tokens generated.", stats.completion_tokens)
        yield _counter("reasoning_tokens", "Of those, reasoning.", stats.reasoning_tokens)
        yield _gauge("tokens_per_second", "Generated lately.", stats.tokens_per_second)
        yield _gauge(
            "prefill_tokens_per_second",
            "Prompt tokens computed a second, lately; 0 before the first.",
            stats.prefill_tokens_per_second,
        )
        yield _gauge(
            "encode_tokens_per_second",
            "Picture tokens encoded a second, lately; 0 before the first.",
            stats.encode_tokens_per_second,
        )

    @staticmethod
    def _waits(stats: Stats) -> Iterator[Metric]:
        yield _histogram("queue_seconds", "Waiting in the queue, of computed answers.", stats.queue)
        yield _histogram(
            "first_token_seconds",
            "From acceptance to the first token, of computed answers.",
            stats.first_token,
        )
        yield _histogram(
            "inter_token_seconds", "Between two tokens of one answer.", stats.inter_token
        )

    @staticmethod
    def _caches(stats: Stats) -> Iterator[Metric]:
        hits = _family("cache_hits", "Found in a cache.", "layer", "unit")
        misses = _family("cache_misses", "Looked for in a cache in vain.", "layer", "unit")
        saved = _family(
            "cache_saved_seconds", "Waiting that a cache saved, by the rates measured.", "layer"
        )
        evictions = _family(
            "cache_evictions", "Pushed out of a cache to make room.", "layer", "unit"
        )
        for layer, figures in sorted(stats.caches.items()):
            unit, block = _CACHES.get(layer, ("entries", "entries"))
            hits.add_metric([layer, unit], figures.hits)
            misses.add_metric([layer, unit], figures.misses)
            saved.add_metric([layer], figures.saved_seconds)
            if figures.evictions is not None:
                evictions.add_metric([layer, block], figures.evictions)
        yield from (hits, misses, saved, evictions)
        yield _gauge(
            "embedding_cache_bytes", "Bytes of picture embeddings kept.", stats.embedding_bytes
        )
        yield _gauge("answer_cache_bytes", "Bytes of answers kept.", stats.answer_bytes)

    @staticmethod
    def _resources(stats: Stats) -> Iterator[Metric]:
        yield _gauge("kv_blocks_used", "KV blocks in use.", stats.blocks_used)
        yield _gauge(
            "kv_blocks_cached",
            "KV blocks that hold a known prefix and are free to be taken.",
            stats.blocks_cached,
        )
        yield _gauge("kv_blocks", "KV blocks there are.", stats.blocks_total)
        yield _counter(
            "preemptions", "Answers sent back to the queue for want of blocks.", stats.preemptions
        )
        yield _gauge("media_bytes", "Bytes of stored files.", stats.media_bytes)
        yield _gauge("media_bytes_limit", "Quota of stored files.", stats.media_bytes_limit)
        yield _counter(
            "damaged_entries",
            "Entries of the file store found altered and made anew.",
            stats.damaged_entries,
        )
        yield _gauge("disk_free_bytes", "Room on the disk of stored files.", stats.disk_bytes_free)
        yield _gauge("memory_bytes", "Resident memory of the backend.", stats.memory_bytes)
        yield _gauge("available_bytes", "Memory that its machine has left.", stats.available_bytes)
        yield _gauge("device_bytes", "GPU memory in use; 0 without one.", stats.device_bytes)
        yield _gauge("device_bytes_limit", "GPU memory there is.", stats.device_bytes_limit)
        yield _gauge("uptime_seconds", "Since the backend started.", stats.uptime_seconds)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"glm_flash_backend_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"glm_flash_backend_{name}", text, value=value)


def _counters(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = _family(name, text, label)
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _family(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"glm_flash_backend_{name}", text, labels=labels)


def _histogram(name: str, text: str, values: Distribution) -> Metric:
    """Prometheus' buckets take in all values up to their bound, those of the lower ones too."""
    bounds = [*(str(float(bound)) for bound in values.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(values.counts), strict=True))
    return HistogramMetricFamily(
        f"glm_flash_backend_{name}", text, buckets=buckets, sum_value=values.sum
    )


def route_of(path: str) -> str:
    """A bounded set of names, whatever is asked for."""
    for route in _ROUTES:
        if path == route or path.startswith(f"{route}/"):
            return route
    return "/v1/*" if path.startswith("/v1/") else "page"
