"""How the web process writes its log: one JSON object a line on stderr, under the request's id."""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

LEFT: Final = 499  # the client left before its answer was whole

_SHARED: Final[list[structlog.typing.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # Without local variables: they hold what people typed, their keys and their files.
    structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    ),
]
# Streamlit gives these writers of their own when it is imported.
_SERVERS: Final = ("uvicorn", "uvicorn.access", "uvicorn.asgi", "uvicorn.error")


def configure(level: str) -> None:
    """Sends every record through one writer; libraries are heard from warnings on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("frontend").setLevel(number)
    for name in _SERVERS:
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
        server.setLevel(logging.NOTSET)


def recorded(app: ASGIApp) -> ASGIApp:
    """The application, with a line in the log for each request of its REST interface."""

    async def record(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1"):
            await app(scope, receive, send)
            return
        status, is_whole = LEFT, False

        async def watched(message: Message) -> None:
            nonlocal status, is_whole
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                is_whole = not message.get("more_body", False)
            await send(message)

        begin = time.monotonic()
        try:
            await app(scope, receive, watched)
        finally:
            about = {
                "request_id": scope.get("request_id"),
                "owner": scope.get("owner"),
                "method": scope["method"],
                "path": scope["path"][:200],
                "status": status if is_whole else LEFT,
                "seconds": round(time.monotonic() - begin, 3),
            }
            logger.info("request", extra=about)

    return record
