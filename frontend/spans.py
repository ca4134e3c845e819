"""REST requests as OpenTelemetry spans, sent over OTLP/HTTP to where the environment says."""

from __future__ import annotations

import threading
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.api.metrics import route_of
from frontend.client.channel import trace_headers

SERVICE: Final = "glm-flash-web-frontend"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_GOODBYE_SECONDS: Final = 1.5


class Spans:
    """Backed by OpenTelemetry's SDK, which reads its own environment."""

    def __init__(self, service: str | None = None, exporter: SpanExporter | None = None) -> None:
        """`service` is the name that spans go under, `exporter` stands in for OTLP/HTTP."""
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: service or SERVICE}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("glm-flash-web")
        self._propagator = TraceContextTextMapPropagator()

    def traced(self, app: ASGIApp) -> ASGIApp:
        """A span of kind server, part of the caller's trace; the backend's calls are part of it."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
                await app(scope, receive, send)
                return
            headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in scope["headers"]
                if name in (b"traceparent", b"tracestate")
            }
            method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
            about = {"http.request.method": method, "http.route": route_of(scope["path"])}
            with self._tracer.start_as_current_span(
                " ".join(about.values()),
                context=self._propagator.extract(headers),
                kind=SpanKind.SERVER,
                attributes=about,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                status = 499  # the client left before there was one

                async def noted(message: Message) -> None:
                    nonlocal status
                    if message["type"] == "http.response.start":
                        status = message["status"]
                    await send(message)

                carried: dict[str, str] = {}
                self._propagator.inject(carried)
                token = trace_headers.set(carried)
                try:
                    await app(scope, receive, noted)
                finally:
                    trace_headers.reset(token)
                    span.set_attribute("http.response.status_code", status)
                    span.set_attribute("glm_flash.request_id", str(scope.get("request_id")))
                    if status >= 500:
                        span.set_status(Status(StatusCode.ERROR))

        return watched

    def close(self) -> None:
        """The exporter may wait long for a collector that is away; the process does not."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_GOODBYE_SECONDS)
