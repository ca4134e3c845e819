"""What every request passes before any route sees it: its id, its host, its headers, its key.

Closed by default: with keys switched on, a path is open only if it is named here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.api.errors import ApiError
from frontend.api.limits import HEADER_BYTES, HEADER_LINES

OPEN_PATHS: Final = frozenset({"/", "/health", "/ready", "/favicon.ico", "/favicon.png"})
# Where the page's own scripts, styles, pictures and websocket live.
OPEN_PREFIXES: Final = ("/_stcore/", "/static/", "/media/", "/component/")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::[0-9]{1,5})?")


class Gate:
    """Pure ASGI; puts `request_id` and `owner` into the scope, and the id onto the response."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], keys: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._keys = tuple(hashlib.sha256(key.encode()).digest() for key in keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request through, or answers it here, its body unread."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = _request_id(_values(scope, b"x-request-id"))
        scope["request_id"] = request_id
        name = (b"x-request-id", request_id.encode())

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), name]
            await send(message)

        try:
            self._check_host(scope)
            _check_headers(scope)
            scope["owner"] = self._owner(scope)
        except ApiError as refusal:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await refusal.response()(scope, receive, named)
            return
        await self._app(scope, receive, named)

    def _check_host(self, scope: Scope) -> None:
        """A foreign name in Host is how a web page of someone else would get in here."""
        sent = _values(scope, b"host")
        match = _HOST.fullmatch(sent[0].decode("latin-1").lower()) if len(sent) == 1 else None
        if match is None or (match[1] or match[2]).rstrip(".") not in self._hosts:
            raise ApiError(
                400,
                "This service does not answer to that Host; ALLOWED_HOSTS adds names.",
                code="invalid_host",
            )

    def _owner(self, scope: Scope) -> str:
        if not self._keys:
            return "local"
        known = self._known(_values(scope, b"authorization"))
        if known is not None:
            return f"key-{known.hex()[:16]}"
        path = scope["path"]
        if path in OPEN_PATHS or path.startswith(OPEN_PREFIXES):
            return "local"
        raise ApiError(
            401,
            "Send a valid API key as 'Authorization: Bearer KEY'.",
            code="invalid_api_key",
            type="authentication_error",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _known(self, sent: list[bytes]) -> bytes | None:
        """The digest of the key that was sent if it is one of ours; all take the same time."""
        scheme, _, key = sent[0].partition(b" ") if len(sent) == 1 else (b"", b"", b"")
        digest = hashlib.sha256(key.strip()).digest()
        matches = [hmac.compare_digest(digest, known) for known in self._keys]
        return digest if any(matches) and scheme.lower() == b"bearer" else None


def _check_headers(scope: Scope) -> None:
    headers = scope["headers"]
    size = sum(len(name) + len(value) + 4 for name, value in headers)
    if len(headers) > HEADER_LINES or size > HEADER_BYTES:
        raise ApiError(431, "The request's headers are too large.", code="headers_too_large")
    names = {name for name, _ in headers}
    if b"content-length" in names and b"transfer-encoding" in names:
        # Two servers in a row might disagree about where such a body ends.
        raise ApiError(
            400,
            "Content-Length and Transfer-Encoding exclude each other.",
            code="invalid_value",
            headers={"Connection": "close"},
        )


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _request_id(sent: list[bytes]) -> str:
    """The caller's id where it is a harmless one, else a new one."""
    text = sent[0].decode("latin-1") if len(sent) == 1 else ""
    return text if _REQUEST_ID.fullmatch(text) else uuid.uuid4().hex
