"""A collector of OpenTelemetry traces on a port of its own: OTLP over HTTP."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.serving import Handler, Serving


class Collector(Serving):
    """Use as a context manager; what came is in `spans`, by service."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        self.bytes = b""  # of every request
        collector = self

        class Answering(Handler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                collector._take(content)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Answering)

    def named(self, name: str) -> list[Span]:
        """The spans of a name."""
        return [span for _, span in self.spans if span.name == name]

    def _take(self, content: bytes) -> None:
        self.bytes += content
        for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
            service = next(
                one.value.string_value
                for one in resource.resource.attributes
                if one.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.spans.extend((service, span) for span in scope.spans)
