"""Reads a request's body as JSON: bounded in size and time, and strict.

Large bodies wait on disk until there is a place in memory for what they become.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import IO, Any, Final, NoReturn, TypeVar

from starlette.requests import Request

from frontend.api.errors import ApiError, ClientLeft, too_large, unavailable
from frontend.api.limits import BODY_BYTES, BODY_SECONDS, LARGE_AT_ONCE

T = TypeVar("T")

_IN_MEMORY: Final = 4 << 20  # what is larger waits in an unnamed file until it is complete
_IN_LOOP: Final = 64 << 10  # what is larger is parsed in a thread
_DIGITS: Final = 400  # of an integer


class Body:
    """A body that has arrived, as it came."""

    def __init__(self, kept: IO[bytes], size: int) -> None:
        self._kept = kept
        self.size = size  # bytes

    async def read(self, build: Callable[[dict[str, Any]], T]) -> T:
        """What `build` makes of it, this once. Raises ApiError."""
        if self.size <= _IN_LOOP:
            return build(parse(self._take()))
        return await asyncio.to_thread(lambda: build(parse(self._take())))

    def _take(self) -> bytes:
        with self._kept:
            self._kept.seek(0)
            return self._kept.read()

    def close(self) -> None:
        """Lets go of what was not read."""
        self._kept.close()


class Room:
    """Memory for large requests, from their bytes on disk until their files are handed over."""

    def __init__(self, places: int = LARGE_AT_ONCE) -> None:
        self._places = asyncio.Semaphore(places)

    @asynccontextmanager
    async def of(self, body: Body) -> AsyncIterator[None]:
        """Waits for a place, if the body is large, and has it while inside."""
        if body.size <= _IN_MEMORY:
            yield
            return
        async with self._places:
            yield


async def read(request: Request, build: Callable[[dict[str, Any]], T]) -> T:
    """What `build` makes of the body. Raises ApiError; ClientLeft if it never became complete."""
    return await (await arrived(request)).read(build)


async def arrived(request: Request) -> Body:
    """The body. Raises ApiError; ClientLeft if it never became complete."""
    _check_type(request)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > BODY_BYTES:
        raise _over()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _receive(request)
    except TimeoutError:
        raise ApiError(
            408,
            "The request's body was not complete in time.",
            code="request_timeout",
            headers={"Connection": "close"},
        ) from None
    except OSError:
        raise unavailable(
            "No space is left to take in the request.", 30, "storage_unavailable"
        ) from None


def parse(content: bytes) -> dict[str, Any]:
    """The object that the bytes spell, where every JSON parser would agree about it."""
    try:
        value = json.loads(
            content.decode("utf-8"),
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_integer,
        )
        if re.search(rb"\\u[dD][89a-fA-F]", content):
            json.dumps(value, ensure_ascii=False).encode()  # fails for half a surrogate pair
    except RecursionError:
        raise _not_json("The body is nested too deeply.") from None
    except ValueError:
        raise _not_json("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise _not_json("The body must be a JSON object.")
    return value


async def _receive(request: Request) -> Body:
    size = 0
    kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the body's from now on
    try:
        while True:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > BODY_BYTES:
                raise _over()
            kept.write(chunk)
            if not message.get("more_body", False):
                break
    except BaseException:
        kept.close()
        raise
    return Body(kept, size)


def _check_type(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if kind.strip().lower() != "application/json" or (
        charset is not None and charset[1].lower() not in ("utf-8", "utf8")
    ):
        raise _wrong_type("The body must be JSON, sent as Content-Type: application/json.")
    if "content-encoding" in request.headers:
        raise _wrong_type("The body must be sent without Content-Encoding.")


def _wrong_type(message: str) -> ApiError:
    return ApiError(415, message, code="unsupported_media_type")


def _over() -> ApiError:
    return too_large(f"The request's body is larger than {BODY_BYTES >> 20} MB.")


def _not_json(message: str) -> ApiError:
    return ApiError(400, message, code="invalid_json")


def _no_number(_: str) -> NoReturn:
    raise ValueError("no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("out of range")
    return value


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("out of range")
    return int(text)
