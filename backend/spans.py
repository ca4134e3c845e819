"""A request's stages as OpenTelemetry spans, sent over OTLP/HTTP to where the environment says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from backend.errors import RequestError
from backend.prompt.events import Finished

SERVICE: Final = "glm-flash-web-backend"
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

    @contextmanager
    def call(self, method: str, metadata: Mapping[str, str], request_id: str) -> Iterator[None]:
        """A span of kind server; an error is told by its code alone."""
        service, _, name = method.strip("/").partition("/")
        with self._tracer.start_as_current_span(
            f"{service}/{name}",
            context=self._propagator.extract(metadata),
            kind=SpanKind.SERVER,
            attributes={
                "rpc.system": "grpc",
                "rpc.service": service,
                "rpc.method": name,
                "glm_flash.request_id": request_id,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                code = error.code if isinstance(error, RequestError) else type(error).__name__
                span.set_attribute("error.type", code)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def answered(self, finished: Finished) -> None:
        """A span for each stage, its times put together from those that were measured."""
        usage, timing = finished.usage, finished.timing
        call = trace.get_current_span()
        call.set_attributes(
            {
                "gen_ai.usage.input_tokens": usage.prompt_tokens,
                "gen_ai.usage.output_tokens": usage.completion_tokens,
                "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
                "gen_ai.response.finish_reasons": [reason.value for reason in finished.reasons],
            }
        )
        began = time.time() - timing.total
        if timing.reading:
            self._stage("read", began, 0.0, timing.reading)
        if usage.prompt_tokens and usage.cached_tokens == usage.prompt_tokens:
            return  # an answer that was given again: nothing was computed
        queued = timing.reading + timing.queue
        self._stage("queue", began, timing.reading, queued)
        if timing.first_token:
            computed = usage.prompt_tokens - usage.cached_tokens
            self._stage("prefill", began, queued, timing.first_token, computed)
            self._stage("decode", began, timing.first_token, timing.total, usage.completion_tokens)

    def close(self) -> None:
        """The exporter may wait long for a collector that is away; the process does not."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_GOODBYE_SECONDS)

    def _stage(
        self, name: str, began: float, start: float, end: float, tokens: int | None = None
    ) -> None:
        """From `start` to `end`, seconds after `began`, which is unix time."""
        span = self._tracer.start_span(
            name,
            start_time=int((began + min(start, end)) * 1e9),
            attributes={} if tokens is None else {"glm_flash.tokens": tokens},
        )
        span.end(int((began + end) * 1e9))
