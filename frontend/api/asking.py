"""A chat request as the backend is asked it: its question, its time, the names of its fields."""

from __future__ import annotations

import math
import re

from starlette.requests import Request

from frontend.api.conversation import Attachment
from frontend.api.errors import invalid
from frontend.api.limits import TIMEOUT_SECONDS
from frontend.api.schema import ChatRequest
from frontend.messages import Question, Turn


def question(asked: ChatRequest, turns: tuple[Turn, ...], request_id: str) -> Question:
    """The request with its files in the backend."""
    return Question(
        request_id=request_id,
        turns=turns,
        model=asked.model,
        sampling=asked.sampling,
        thinking=asked.thinking is not None,
        thinking_budget=asked.thinking.budget if asked.thinking is not None else None,
        use_answer_cache=asked.use_answer_cache,
        json_schema=asked.json_schema,
        json_object=asked.json_object,
        tools=asked.tools.offered,
        tool_choice=asked.tools.choice,
        tool_name=asked.tools.name,
        parallel_tool_calls=asked.tools.is_parallel,
    )


def seconds(request: Request, default: float) -> float:
    """The time that the caller allows. Raises ApiError."""
    sent = request.headers.get("x-request-timeout")
    if sent is None:
        return default
    allowed = float(sent) if re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", sent) else math.nan
    if not 0 < allowed <= TIMEOUT_SECONDS:
        raise invalid(None, f"X-Request-Timeout must be seconds up to {TIMEOUT_SECONDS:g}.")
    return allowed


def openai_path(path: str | None, asked: ChatRequest) -> str | None:
    """The caller's name for a field of the gRPC request; None where it has none."""
    if path is None:
        return None
    path = path.removeprefix("sampling.")
    if path == "tool_name":
        return "tool_choice"
    if path.startswith("response_format"):
        return "response_format"
    match = re.match(r"messages\[(\d+)\](?:\.parts(?:\[(\d+)\])?)?", path)
    if match is not None and int(match[1]) < len(asked.messages):
        return _content_path(int(match[1]), match[2], path, asked)
    return path if re.fullmatch(r"[a-z_]+", path) and path != "request_id" else None


def _content_path(place: int, part: str | None, path: str, asked: ChatRequest) -> str:
    said = asked.messages[place]
    if part is not None and said.has_parts and int(part) < len(said.pieces):
        piece = said.pieces[int(part)]
        return (
            piece.param if isinstance(piece, Attachment) else f"messages[{place}].content[{part}]"
        )
    own = re.search(r"\.(role|tool_call_id|tool_calls(?:\[\d+\])?)", path)
    suffix = own[0] if own is not None else ".content" if ".parts" in path else ""
    return f"messages[{place}]{suffix}"
