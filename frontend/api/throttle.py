"""How often and how many at a time a key, and an owner with all keys, may ask.

Only what is work is counted: requests with a body under /v1. A bucket holds a minute's worth of
requests and fills evenly, so that whoever has been quiet may come in a rush.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from frontend.api.errors import ApiError

_MINUTE: Final = 60.0
_MOST_KNOWN: Final = 10_000  # keys and owners remembered at a time
_MOST_WAIT: Final = 120
_SOON: Final = 2  # seconds until a place may be free again


@dataclass(frozen=True)
class Bounds:
    """What one key, or one owner, may do; 0 is no bound."""

    per_minute: int = 0
    at_once: int = 0


class Throttle:
    """Pure ASGI, behind the gate; needs `owner` and `key` in the scope."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        key: Bounds,
        owner: Bounds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._bounds = {"key": key, "owner": owner}
        self._clock = clock
        self._full: dict[tuple[str, str], float] = {}  # when the bucket is full again
        self._running: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets it through, or answers 429, its body unread."""
        is_work = scope["type"] == "http" and scope["path"].startswith("/v1/")
        if not is_work or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        names = [(kind, str(scope[kind])) for kind in self._bounds]
        try:
            self._admit(names)
        except ApiError as refusal:
            await refusal.response()(scope, receive, send)
            return
        self._running.update(names)
        try:
            await self._app(scope, receive, send)
        finally:
            self._running.subtract(names)
            self._running += Counter()  # drops what is at 0

    def _admit(self, names: list[tuple[str, str]]) -> None:
        """Takes a request from every bucket, or from none."""
        now = self._clock()
        filled: dict[tuple[str, str], float] = {}
        for name in names:
            bounds = self._bounds[name[0]]
            if bounds.at_once and self._running[name] >= bounds.at_once:
                raise _refused(f"{bounds.at_once} requests at a time", name[0], _SOON)
            if not bounds.per_minute:
                continue
            step = _MINUTE / bounds.per_minute
            full = max(now, self._full.get(name, now)) + step
            if full - now > _MINUTE + 1e-9:
                wait = math.ceil(full - now - _MINUTE)
                raise _refused(f"{bounds.per_minute} requests a minute", name[0], wait)
            filled[name] = full
        self._full.update(filled)
        if len(self._full) > _MOST_KNOWN:
            self._full = {name: full for name, full in self._full.items() if full > now}


def _refused(what: str, whose: str, wait: int) -> ApiError:
    return ApiError(
        429,
        f"This {whose} may send {what}.",
        code="rate_limit_exceeded",
        type="rate_limit_error",
        headers={"Retry-After": str(min(_MOST_WAIT, max(1, wait)))},
    )
