"""Where the time of a request goes, told to a collector of OpenTelemetry traces if one is named.

Without one nothing of OpenTelemetry is loaded. No trace holds a prompt, an answer, a file's name or
a key: names of ours, counts and ids alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import structlog

from backend.prompt.events import Finished

log = structlog.get_logger(__name__)


class Tracing(Protocol):
    """What is told of requests. Used from the event loop."""

    def call(
        self, method: str, metadata: Mapping[str, str], request_id: str
    ) -> AbstractContextManager[None]:
        """A call, as long as it is inside; part of the trace that its metadata names."""

    def answered(self, finished: Finished) -> None:
        """How long each stage of the answer took that has just ended; within its call's context."""

    def close(self) -> None:
        """Tells what is not told yet, and waits a moment for that."""


class Untraced:
    """Tells nobody."""

    def call(
        self, method: str, metadata: Mapping[str, str], request_id: str
    ) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def answered(self, finished: Finished) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def begin(*, wanted: bool, service: str | None = None) -> Tracing:
    """Traces, if they are wanted and the package's extra `otel` is installed.

    They go under the name `service`; None: the process's own.
    """
    if not wanted:
        return Untraced()
    try:
        from backend.spans import Spans
    except ImportError:
        log.warning("no traces", advice="Install the extra: pip install '.[otel]'")
        return Untraced()
    return Spans(service)
