"""What every request passes before any route sees it: its id, its host, its headers, its key.

Closed by default: with keys switched on, a path is open only if it is named here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.api.errors import ApiError
from frontend.api.limits import HEADER_BYTES, HEADER_LINES
from frontend.api.proxies import Proxies
from frontend.keys import Caller, KeyRing

OPEN_PATHS: Final = frozenset(
    {"/", "/health", "/ready", "/favicon.ico", "/favicon.png"}
    | {"/auth/login", "/auth/logout", "/oauth2callback"}
)
# Where the page's own scripts, styles, pictures and websocket live.
OPEN_PREFIXES: Final = ("/_stcore/", "/static/", "/media/", "/component/", "/assets/")
_ANYBODY: Final = Caller("local", "none")
# What browsers are told about everything that comes from here: the page needs inline styles and
# compiles code of its own, but loads nothing from elsewhere and stands in nobody else's frame.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' ws: wss: data: blob:; media-src 'self' data: blob:; "
    "frame-src 'self' data: blob:; frame-ancestors 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)
_GUARDING: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::[0-9]{1,5})?")


class Gate:
    """Pure ASGI; puts `request_id`, `owner` and `key` into the scope, the id onto the response."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        keys: KeyRing,
        proxies: Proxies | None = None,
        signs_in: bool = False,
    ) -> None:
        """With `signs_in`, the page tells people apart and everything else asks for a key."""
        self._app = app
        self._hosts = frozenset(hosts)
        self._keys = keys
        self._proxies = proxies or Proxies("", ())
        self._signs_in = signs_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request through, or answers it here, its body unread."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        self._proxies.clean(scope)
        request_id = _request_id(_values(scope, b"x-request-id"))
        scope["request_id"] = request_id
        name = (b"x-request-id", request_id.encode())

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), name, *_GUARDING]
            await send(message)

        try:
            self._check_host(scope)
            _check_headers(scope)
            caller = self._caller(scope)
            scope["owner"], scope["key"] = caller.owner, caller.key
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

    def _caller(self, scope: Scope) -> Caller:
        if not self._keys.is_on and not self._signs_in:
            return _ANYBODY
        known = self._known(_values(scope, b"authorization"))
        if known is not None:
            return known
        signed_in = self._proxies.owner(scope)
        if signed_in is not None:
            return Caller(signed_in, "proxy")
        path = scope["path"]
        if path in OPEN_PATHS or path.startswith(OPEN_PREFIXES):
            return _ANYBODY
        raise ApiError(
            401,
            "Send a valid API key as 'Authorization: Bearer KEY'.",
            code="invalid_api_key",
            type="authentication_error",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _known(self, sent: list[bytes]) -> Caller | None:
        """Whose key was sent, if it is one of ours."""
        scheme, _, key = sent[0].partition(b" ") if len(sent) == 1 else (b"", b"", b"")
        caller = self._keys.find(key.strip())
        return caller if scheme.lower() == b"bearer" else None


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
