"""Serves everything under a path of its own, as behind a proxy that gives each service one.

What is inside sees paths as if there were none; the page alone wants its own to be there.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_MARK: Final = "under_base_path"


class Outside:
    """Takes the path off at the door. Pure ASGI."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        """`base` begins with a slash and does not end with one, or is empty."""
        self._app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What lies elsewhere goes on as it is: probes need no path."""
        path = scope.get("path", "")
        if self._base and (path == self._base or path.startswith(f"{self._base}/")):
            inner = path.removeprefix(self._base)
            raw = scope.get("raw_path")
            scope = {**scope, "path": inner or "/", _MARK: bool(inner)}
            if isinstance(raw, bytes):
                scope["raw_path"] = raw.removeprefix(self._base.encode()) or b"/"
        await self._app(scope, receive, send)


class Inside:
    """Gives the page its path back. Pure ASGI."""

    def __init__(self, page: ASGIApp, base: str) -> None:
        self._page = page
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The path's own beginning is sent to where the page is; nothing else is outside of it."""
        if not self._base or scope["type"] not in ("http", "websocket"):
            await self._page(scope, receive, send)
        elif scope.get(_MARK):
            raw = scope.get("raw_path")
            scope = {**scope, "path": self._base + scope["path"]}
            if isinstance(raw, bytes):
                scope["raw_path"] = self._base.encode() + raw
            await self._page(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] == "/":
            await RedirectResponse(f"{self._base}/", 307)(scope, receive, send)
        else:
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
