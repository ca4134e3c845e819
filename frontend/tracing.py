"""Traces of REST requests, told to an OpenTelemetry collector if one is named.

Without one nothing of OpenTelemetry is loaded. No trace holds a prompt, an answer, a file's name or
a key: names of ours, counts and ids alone.
"""

from __future__ import annotations

import logging
from typing import Protocol

from starlette.types import ASGIApp

logger = logging.getLogger(__name__)


class Tracing(Protocol):
    """What is told of requests."""

    def traced(self, app: ASGIApp) -> ASGIApp:
        """The application, with a span for each request under /v1."""

    def close(self) -> None:
        """Tells what is not told yet, and waits a moment for that."""


class Untraced:
    """Tells nobody."""

    def traced(self, app: ASGIApp) -> ASGIApp:
        """The application itself."""
        return app

    def close(self) -> None:
        """Nothing."""


def begin(*, wanted: bool, service: str | None = None) -> Tracing:
    """Traces, if they are wanted and the package's extra `otel` is installed.

    They go under the name `service`; None: the process's own.
    """
    if not wanted:
        return Untraced()
    try:
        from frontend.spans import Spans
    except ImportError:
        logger.warning("no traces", extra={"advice": "Install the extra: pip install '.[otel]'"})
        return Untraced()
    return Spans(service)
