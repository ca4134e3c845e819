"""A streamed answer of another server: server-sent events, read as the objects they carry."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from backend.errors import Unavailable
from backend.remote.failures import BROKEN_OFF, RETRY_AFTER, broke, refused

_REFUSAL_BYTES = 64 << 10  # of a refusal that are read
_DONE = "[DONE]"


async def check(response: httpx.Response) -> None:
    """Raises the RequestError that a refusal means."""
    if response.is_success:
        return
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _REFUSAL_BYTES:
            break
    raise refused(response.status_code, response.headers, body.decode(errors="replace"))


async def chunks(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Every chunk up to the end mark. Raises RequestError for an error among them, Unavailable for
    a stream without an end."""
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        if name != "data":
            continue
        data = value.strip()
        if data == _DONE:
            return
        try:
            chunk = json.loads(data)
        except ValueError:
            raise Unavailable(BROKEN_OFF, retry_after=RETRY_AFTER) from None
        if not isinstance(chunk, dict):
            continue
        error = chunk.get("error")
        if error is None and chunk.get("object") == "error":
            error = chunk
        if error is not None:
            raise broke(error if isinstance(error, dict) else {})
        yield chunk
    raise Unavailable(BROKEN_OFF, retry_after=RETRY_AFTER)
