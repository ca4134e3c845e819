"""POST /v1/responses: OpenAI's newer dialect, told as a chat request. Nothing is kept in between.

The body is put into a chat request's words and read as one, so that both dialects mean the same and
refuse the same; a refusal's field gets this dialect's name again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from frontend.api.errors import ApiError, invalid, missing, unsupported
from frontend.api.fields import Fields, wrong_type
from frontend.api.limits import MESSAGES, TOP_LOGPROBS
from frontend.api.response_writer import ResponseWriter
from frontend.api.schema import ChatRequest, chat_request

# What leads back to something kept, which nothing is here.
_STATEFUL: Final = ("previous_response_id", "conversation", "prompt", "context_management")
_PART_TYPES: Final = {"input_text": "text", "output_text": "text", "refusal": "refusal"}
_INCLUDED: Final = frozenset(
    {
        "message.output_text.logprobs",
        "reasoning.encrypted_content",
        "message.input_image.image_url",
        "file_search_call.results",
        "web_search_call.action.sources",
        "code_interpreter_call.outputs",
        "computer_call_output.output.image_url",
    }
)
# A chat request's names that mean nothing in this dialect, or that are written anew.
_NOT_PASSED_ON: Final = frozenset(
    {
        "messages", "n", "max_tokens", "max_completion_tokens", "response_format", "logprobs",
        "top_logprobs", "reasoning_effort", "stream_options", "tools", "tool_choice", "functions",
        "function_call", "modalities", "audio", "input", "instructions", "text", "reasoning",
        "include", "max_output_tokens", "background", "truncation", "image", *_STATEFUL,
    }
)  # fmt: skip
_RENAMED: Final = (
    (r"max_(?:completion_)?tokens", "max_output_tokens"),
    (r"response_format\.json_schema", "text.format"),
    (r"response_format", "text.format"),
    (r"reasoning_effort", "reasoning.effort"),
    (r"messages", "input"),
    (r"(tools\[\d+\])\.function", r"\1"),
    (r"(tool_choice)\.function", r"\1"),
)
_INSIDE: Final = (
    (r"\.image_url\.(url|detail)", lambda found: ".image_url" if found[1] == "url" else ".detail"),
    (r"\.file\.", "."),
    (r"\.tool_calls(?:\[\d+\])?(?:\.function)?", ""),
    (r"\.tool_call_id", ".call_id"),
)


@dataclass(frozen=True)
class ResponseAsked:
    """A request in this dialect."""

    chat: ChatRequest
    body: Mapping[str, Any]
    places: tuple[str, ...]  # where each message came from

    @property
    def emptied(self) -> ResponseAsked:
        """The same, without the bytes of its files."""
        body = {name: value for name, value in self.body.items() if name != "input"}
        return replace(self, chat=self.chat.emptied, body=body)

    def param(self, path: str | None) -> str | None:
        """This dialect's name for a field of a chat request."""
        return None if path is None else _name(path, self.places)

    def writer(self, request_id: str, created: int, names: Mapping[str, str]) -> ResponseWriter:
        """What writes the answer."""
        with_logprobs = self.chat.sampling.top_logprobs is not None
        return ResponseWriter(
            request_id, created, self.body, with_logprobs=with_logprobs, names=names
        )


def asked(body: dict[str, Any]) -> ResponseAsked:
    """Raises ApiError."""
    conversation = _Conversation()
    try:
        return ResponseAsked(
            chat_request(_as_chat(body, conversation)), body, tuple(conversation.places)
        )
    except ApiError as failure:
        if failure.param is not None:
            failure.param = _name(failure.param, conversation.places)
        raise


def _as_chat(body: dict[str, Any], conversation: _Conversation) -> dict[str, Any]:
    fields = Fields(body)
    for name in _STATEFUL:
        if fields.get(name) is not None:
            raise unsupported(name, f"'{name}' is not supported: nothing is kept between requests.")
    if fields.flag("background"):
        raise unsupported("background")
    if fields.choice("truncation", "disabled", "auto") == "auto":
        raise unsupported("truncation", "'truncation' must be disabled.")
    fields.flag("store")
    instructions = fields.text("instructions")
    if instructions is not None:
        conversation.add("instructions", {"role": "system", "content": instructions})
    _read_input(fields, conversation)
    reasoning = fields.object("reasoning")
    chat = {name: value for name, value in body.items() if name not in _NOT_PASSED_ON}
    return chat | {
        "messages": conversation.messages,
        "max_completion_tokens": fields.get("max_output_tokens"),
        "response_format": _form(fields),
        "reasoning_effort": None if reasoning is None else reasoning.get("effort"),
        "tools": _tools(fields),
        "tool_choice": _tool_choice(fields),
        **_logprobs(fields),
    }


@dataclass
class _Conversation:
    """Messages, and where each of them came from."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def add(self, place: str, message: dict[str, Any]) -> None:
        self.messages.append(message)
        self.places.append(place)

    def add_call(self, place: str, call: dict[str, Any]) -> None:
        """A call belongs to what the model said before it."""
        last = self.messages[-1] if self.messages else {}
        if last.get("role") != "assistant":
            self.add(place, {"role": "assistant", "content": None})
            last = self.messages[-1]
        last.setdefault("tool_calls", []).append(call)


def _read_input(fields: Fields, conversation: _Conversation) -> None:
    sent = fields.require("input")
    if isinstance(sent, str):
        conversation.add("input", {"role": "user", "content": sent})
        return
    if not isinstance(sent, list):
        raise wrong_type("input", "a string or an array")
    if not sent:
        raise invalid("input", "'input' must not be empty.")
    if len(sent) > MESSAGES:
        raise invalid("input", f"'input' may hold {MESSAGES:,} items.", "array_above_max_length")
    for number, item in enumerate(sent):
        place = f"input[{number}]"
        if not isinstance(item, dict):
            raise wrong_type(place, "an object")
        _read_item(Fields(item, place), conversation)


def _read_item(item: Fields, conversation: _Conversation) -> None:
    match item.get("type"):
        case None | "message":
            message = {name: item.get(name) for name in ("role", "content")}
            if isinstance(message["content"], list):
                message["content"] = [
                    _part(part, f"{item.at('content')}[{number}]")
                    for number, part in enumerate(message["content"])
                ]
            conversation.add(item.path, message)
        case "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            call = {"id": item.get("call_id"), "type": "function", "function": function}
            if call["id"] is None:
                raise missing(item.at("call_id"))
            if function["name"] is None:
                raise missing(item.at("name"))
            conversation.add_call(item.path, call)
        case "function_call_output":
            content = item.get("output")
            if isinstance(content, list):
                content = [
                    _part(part, f"{item.at('output')}[{number}]")
                    for number, part in enumerate(content)
                ]
            result = {"role": "tool", "tool_call_id": item.get("call_id"), "content": content}
            conversation.add(item.path, result)
        case "reasoning":  # of an earlier answer; not said again
            pass
        case str():
            raise unsupported(
                item.at("type"),
                f"'{item.at('type')}' must be message, function_call, function_call_output or"
                " reasoning.",
            )
        case _:
            raise wrong_type(item.at("type"), "a string")


def _part(sent: object, place: str) -> object:
    if not isinstance(sent, dict):
        raise wrong_type(place, "an object")
    part = Fields(sent, place)
    kind = part.require("type")
    match kind:
        case "input_text" | "output_text" | "refusal":
            name = _PART_TYPES[kind]
            return {"type": name, name: part.get(name)}
        case "input_image":
            if part.get("file_id") is not None:
                raise unsupported(part.at("file_id"), "Send the picture itself, in image_url.")
            picture = {"url": part.get("image_url"), "detail": part.get("detail")}
            return {"type": "image_url", "image_url": picture}
        case "input_file":
            for name in ("file_id", "file_url"):
                if part.get(name) is not None:
                    raise unsupported(part.at(name), "Send the file itself, in file_data.")
            file = {name: part.get(name) for name in ("filename", "file_data")}
            return {"type": "file", "file": file}
        case str():
            raise invalid(
                part.at("type"),
                f"'{part.at('type')}' must be input_text, input_image or input_file.",
            )
        case _:
            raise wrong_type(part.at("type"), "a string")


def _form(fields: Fields) -> dict[str, Any] | None:
    text = fields.object("text")
    form = None if text is None else text.object("format")
    if form is None:
        return None
    kind = form.get("type")
    if kind != "json_schema":
        return {"type": kind}
    schema = {name: form.get(name) for name in ("name", "schema", "strict", "description")}
    return {"type": kind, "json_schema": schema}


def _tools(fields: Fields) -> object:
    sent = fields.get("tools")
    if not isinstance(sent, list):
        return sent
    return [_tool(tool) if isinstance(tool, dict) else tool for tool in sent]


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "description", "parameters", "strict")
    return {"type": tool.get("type"), "function": {name: tool.get(name) for name in names}}


def _tool_choice(fields: Fields) -> object:
    sent = fields.get("tool_choice")
    if not isinstance(sent, dict):
        return sent
    return {"type": sent.get("type"), "function": {"name": sent.get("name")}}


def _logprobs(fields: Fields) -> dict[str, Any]:
    included = fields.get("include")
    if included is not None and not isinstance(included, list):
        raise wrong_type("include", "an array")
    for name in included or ():
        if not isinstance(name, str) or name not in _INCLUDED:
            raise invalid("include", "'include' holds something that is not known here.")
    count = fields.integer("top_logprobs", 0, TOP_LOGPROBS)
    if not count and "message.output_text.logprobs" not in (included or ()):
        return {}
    return {"logprobs": True, "top_logprobs": count or 0}


def _name(path: str, places: list[str] | tuple[str, ...]) -> str:
    match = re.match(r"messages\[(\d+)\]", path)
    if match is not None and int(match[1]) < len(places):
        place, inside = places[int(match[1])], path[match.end() :]
        if not place.startswith("input["):  # a bare text
            return place
        for pattern, name in _INSIDE:
            inside = re.sub(pattern, name, inside)
        return place + inside
    for pattern, name in _RENAMED:
        path, count = re.subn(f"^{pattern}", name, path)
        if count:
            return path
    return path
