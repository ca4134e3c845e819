"""A piece of work as the body of `POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from backend.prompt.prompt import Calling, Role
from backend.prompt.template import REASONING, ChatMessage, Mark, offered
from backend.remote import dialect as dialects
from backend.remote.dialect import Dialect
from backend.remote.probe import Found
from backend.work import Work


def body(work: Work, found: Found, pictures: Sequence[str]) -> dict[str, Any]:
    """The request's body; `pictures` are data URLs in the order of the work's images.

    Raises InvalidRequest where the server has no words for what is asked.
    """
    asked = work.asked
    assert asked is not None, "words are asked for, and they were kept"
    waiting = iter(pictures)
    fields: dict[str, Any] = {
        "model": found.model,
        "messages": [_message(turn, waiting) for turn in asked.turns],
        "stream": True,
        "stream_options": {"include_usage": True},
        **dialects.sampling(found.dialect, work.sampling),
        **_tools(work.calling, found.dialect),
    }
    if asked.max_tokens is not None:
        fields["max_tokens"] = work.sampling.max_tokens
    if asked.response_format is not None:
        fields |= dialects.form(found.dialect, asked.response_format)
    if found.thinks:
        fields["chat_template_kwargs"] = {"enable_thinking": work.thinking}
        budget = asked.thinking.budget
        if work.thinking and budget is not None and found.dialect is dialects.Dialect.OURS:
            fields["thinking_token_budget"] = budget
    return fields


def _message(turn: ChatMessage, pictures: Iterator[str]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": turn.role.value, "content": _content(turn, pictures)}
    if turn.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in turn.calls
        ]
    if turn.call_id:
        message["tool_call_id"] = turn.call_id
    return message


def _content(turn: ChatMessage, pictures: Iterator[str]) -> str | list[dict[str, Any]]:
    if isinstance(turn.content, str):
        if turn.role is Role.ASSISTANT:  # earlier reasoning is not said again
            return REASONING.sub("", turn.content)
        return turn.content
    return [
        # At the size at which it comes: how closely it is looked at was settled here.
        {"type": "image_url", "image_url": {"url": next(pictures), "detail": "high"}}
        if isinstance(piece, Mark)
        else {"type": "text", "text": piece}
        for piece in turn.content
    ]


def _tools(calling: Calling, dialect: Dialect) -> dict[str, Any]:
    if not calling.tools:
        return {}
    tools = calling.tools
    choice: object = "required" if calling.is_required else "auto"
    if calling.name and dialect is Dialect.LLAMA_CPP:  # which overlooks a choice with a name
        tools, choice = tuple(tool for tool in tools if tool.name == calling.name), "required"
    elif calling.name:
        choice = {"type": "function", "function": {"name": calling.name}}
    fields: dict[str, Any] = {
        "tools": [offered(tool) for tool in tools],
        "tool_choice": choice,
    }
    if not calling.is_parallel:
        fields["parallel_tool_calls"] = False
    return fields
