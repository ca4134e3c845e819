"""What surrounds every endpoint: its methods, and the answers to what goes wrong in it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.api.errors import (
    ApiError,
    ClientLeft,
    from_backend,
    internal,
    unknown_url,
    wrong_method,
)
from frontend.messages import BackendError

logger = logging.getLogger(__name__)


class Endpoint:
    """An ASGI application behind a URL; every failure before its first byte is an envelope."""

    def __init__(self, app: ASGIApp, *methods: str) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or tells why not."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if scope["method"] not in self._methods:
                raise wrong_method(", ".join(self._methods))
            await self._app(scope, receive, watched)
            return
        except ClientLeft:
            return
        except ApiError as error:
            failure = error
        except BackendError as error:
            failure = from_backend(error)
        except Exception:
            logger.exception("request %s failed", scope.get("request_id"))
            failure = internal()
        if not begun:
            await failure.response()(scope, receive, send)


def answering(handler: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """A function from request to response, as an ASGI application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)

    return app


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what no route takes."""
    if scope["type"] == "http":
        await unknown_url().response()(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})
