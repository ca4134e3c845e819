"""Asks the product over REST as any caller does: a file, words and, if wanted, a JSON schema."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

_SECONDS: Final = 600  # for one answer; a machine that is busy needs them
_BUSY: Final = (429, 503, 504)
_ATTEMPTS: Final = 5


@dataclass(frozen=True)
class Answer:
    """What came back, and how long the caller waited for it."""

    text: str
    seconds: float
    first_token: float | None = None  # seconds; only where it was streamed
    finish: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    pages: tuple[Mapping[str, Any], ...] = ()  # what became of each page


def ask(
    url: str,
    document: bytes,
    filename: str,
    words: str,
    schema: Mapping[str, Any] | None = None,
    *,
    max_tokens: int | None = None,
    streamed: bool = False,
    model: str = "embedded",
) -> Answer:
    """The answer at temperature 0, computed anew. Raises RuntimeError if the service refuses."""
    encoded = base64.b64encode(document).decode()
    content = [
        {
            "type": "file",
            "file": {
                "filename": filename,
                "file_data": f"data:application/pdf;base64,{encoded}",
            },
        },
        {"type": "text", "text": words},
    ]
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "temperature": 0,
        "use_answer_cache": False,
    }
    if schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "fields", "schema": schema},
        }
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    if streamed:
        return _streamed(url, body)
    for attempt in range(1, _ATTEMPTS + 1):
        began = time.monotonic()
        answer = httpx.post(
            f"{url}/v1/chat/completions", json=body, headers=_patience(), timeout=_SECONDS
        )
        if answer.status_code == 200:
            return _whole(answer.json(), time.monotonic() - began)
        if answer.status_code not in _BUSY or attempt == _ATTEMPTS:
            raise RuntimeError(f"{filename}: {answer.status_code} {answer.text}")
        time.sleep(2 * attempt)
    raise AssertionError("the last attempt returns or raises")


def _whole(told: Mapping[str, Any], seconds: float) -> Answer:
    choice, own = told["choices"][0], told["glm_flash"]
    return Answer(
        text=choice["message"]["content"],
        seconds=round(seconds, 3),
        finish=choice["finish_reason"],
        prompt_tokens=told["usage"]["prompt_tokens"],
        cached_tokens=own["cached_tokens"],
        pages=tuple(own["pages"]),
    )


def _streamed(url: str, body: Mapping[str, Any]) -> Answer:
    began = time.monotonic()
    first: float | None = None
    text, finish = "", ""
    own: Mapping[str, Any] = {}
    usage: Mapping[str, Any] = {}
    asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
    with httpx.stream(
        "POST", f"{url}/v1/chat/completions", json=asked, headers=_patience(), timeout=_SECONDS
    ) as answer:
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code} {answer.read().decode()}")
        for line in answer.iter_lines():
            if not line.startswith("data: {"):
                continue
            told = json.loads(line[6:])
            if "error" in told:
                raise RuntimeError(str(told["error"]))
            own = told.get("glm_flash") or own
            usage = told.get("usage") or usage
            for choice in told["choices"]:
                finish = choice["finish_reason"] or finish
                piece = choice["delta"].get("content") or ""
                if piece and first is None:
                    first = time.monotonic() - began
                text += piece
    return Answer(
        text,
        round(time.monotonic() - began, 3),
        first,
        finish,
        usage.get("prompt_tokens", 0),
        own.get("cached_tokens", 0),
        tuple(own.get("pages", ())),
    )


def _patience() -> dict[str, str]:
    return {"X-Request-Timeout": str(_SECONDS)}
