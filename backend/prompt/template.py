"""The model's own chat template, rendered so that no message can speak as another."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, Protocol

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from backend.errors import InvalidRequest
from backend.prompt import calls
from backend.prompt.prompt import Role, Tool, ToolCall
from backend.prompt.tokenizer import Tokenizer

REASONING = re.compile(r"^.*</think>\s*", re.DOTALL)


class Mark(Enum):
    """What stands in a turn besides its words."""

    PICTURE = "image"  # by the name that templates know it


@dataclass(frozen=True)
class ChatMessage:
    """One turn as the template sees it: words, or words and pictures in their order."""

    role: Role
    content: str | tuple[str | Mark, ...]
    calls: tuple[ToolCall, ...] = ()  # of the model's turn
    call_id: str = ""  # of a tool's turn: the call that it answers


class Renders(Protocol):
    """What laying a prompt out needs of a template."""

    def render(
        self, messages: Sequence[ChatMessage], *, thinking: bool, tools: Sequence[Tool] = ()
    ) -> list[int]: ...


class Template:
    """Turns a conversation into the token ids that the model was trained on."""

    def __init__(self, source: str, tokenizer: Tokenizer, *, thinks: bool = False) -> None:
        environment = ImmutableSandboxedEnvironment(  # the output is token ids, never HTML
            trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols]
        )
        environment.filters["tojson"] = self._to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        self._template = environment.from_string(source)
        self._tokenizer = tokenizer
        self._thinks = thinks
        # Nobody outside ever sees it, so no text can hold it.
        mark = f"\ue000{secrets.token_hex(8)}"
        self._opening, self._closing = f"{mark}\ue001", f"{mark}\ue002"
        self.calls_tools = calls.KEY_OPEN in source and "tools" in source

    @classmethod
    def from_folder(cls, folder: Path, tokenizer: Tokenizer, *, thinks: bool = False) -> Template:
        """Reads chat_template.jinja, or the template in tokenizer_config.json."""
        path = folder / "chat_template.jinja"
        if path.exists():
            return cls(path.read_text(encoding="utf-8"), tokenizer, thinks=thinks)
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        return cls(config["chat_template"], tokenizer, thinks=thinks)

    def render(
        self, messages: Sequence[ChatMessage], *, thinking: bool, tools: Sequence[Tool] = ()
    ) -> list[int]:
        """Token ids of the conversation, up to where the answer begins.

        Every picture is what the template makes of one: a single token between its marks. Only the
        template can write that token; the same name in a turn's words stays plain text.
        """
        try:
            rendered = self._template.render(
                messages=[self._turn(message) for message in _answered_in_order(messages)],
                add_generation_prompt=True,
                enable_thinking=thinking,
                tools=[offered(tool) for tool in tools] or None,
            )
        except jinja2.TemplateError as error:
            raise InvalidRequest(
                "The model's template does not take messages in this order of roles.",
                param="messages",
            ) from error
        return self._tokenizer.encode_markup(_pieces(rendered, self._opening, self._closing))

    def _turn(self, message: ChatMessage) -> dict[str, Any]:
        turn: dict[str, Any] = {"role": message.role.value, "content": self._content(message)}
        if message.calls:
            turn["tool_calls"] = [
                {"id": call.id, "type": "function", "function": self._called(call)}
                for call in message.calls
            ]
        if message.call_id:
            turn["tool_call_id"] = self._fenced(message.call_id)
        return turn

    def _content(self, message: ChatMessage) -> str | list[dict[str, str]]:
        """A string, which every template takes; a list of parts where there are pictures."""
        if isinstance(message.content, str):
            return self._fenced(self._said(message.content, message.role))
        return [
            {"type": piece.value}
            if isinstance(piece, Mark)
            else {"type": "text", "text": self._fenced(self._said(piece, message.role))}
            for piece in message.content
        ]

    def _called(self, call: ToolCall) -> dict[str, Any]:
        """An earlier call; what is no text in it is written by `tojson`, which fences it."""
        arguments = {
            self._fenced(key): self._fenced(value) if isinstance(value, str) else value
            for key, value in json.loads(call.arguments).items()
        }
        return {"name": self._fenced(call.name), "arguments": arguments}

    def _said(self, text: str, role: Role) -> str:
        """Earlier reasoning is not said again."""
        if self._thinks and role is Role.ASSISTANT:
            return REASONING.sub("", text)
        return text

    def _fenced(self, text: str) -> str:
        """Marks where a text begins and ends, inside its outer blanks, which templates trim."""
        core = text.strip()
        if not core:  # nothing to fence, and templates ask whether anything was said
            return text
        start = text.find(core)
        return f"{text[:start]}{self._opening}{core}{self._closing}{text[start + len(core) :]}"

    def _to_json(
        self,
        value: object,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        """Whatever a template writes as JSON came from outside, whole."""
        text = json.dumps(
            value,
            ensure_ascii=ensure_ascii,
            indent=indent,
            separators=separators,
            sort_keys=sort_keys,
        )
        for mark in (self._opening, self._closing):
            text = text.replace(mark, "").replace(json.dumps(mark)[1:-1], "")
        return self._fenced(text)


def _answered_in_order(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Results in the order of their calls: templates tell by nothing else whose they are."""
    ordered: list[ChatMessage] = []
    places: dict[str, int] = {}
    results: list[ChatMessage] = []
    for message in messages:
        if message.role is Role.TOOL:
            results.append(message)
            continue
        ordered += sorted(results, key=lambda result: places.get(result.call_id, len(places)))
        ordered.append(message)
        results = []
        places = {call.id: place for place, call in enumerate(message.calls)}
    return ordered + sorted(results, key=lambda result: places.get(result.call_id, len(places)))


def offered(tool: Tool) -> dict[str, Any]:
    """A function as OpenAI's callers describe it, which templates show to the model."""
    described: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.parameters:
        described["parameters"] = json.loads(tool.parameters)
    return {"type": "function", "function": described}


def _pieces(rendered: str, opening: str, closing: str) -> Iterator[tuple[str, bool]]:
    """Splits rendered text at the marks: (text, whether the template wrote it)."""
    while opening in rendered:
        trusted, _, rest = rendered.partition(opening)
        text, found, rendered = rest.partition(closing)
        assert found, "the template cut a message in two"
        yield trusted, True
        yield text, False
    assert closing not in rendered, "the template cut a message in two"
    yield rendered, True


def _refuse(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)
