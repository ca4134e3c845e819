"""The model's own chat template, rendered so that no message can speak as another."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import NoReturn

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from backend.errors import InvalidRequest
from backend.prompt.prompt import Role
from backend.prompt.tokenizer import Tokenizer

_REASONING = re.compile(r"^.*</think>\s*", re.DOTALL)


class Mark(Enum):
    """What stands in a turn besides its words."""

    PICTURE = "image"  # by the name that templates know it


@dataclass(frozen=True)
class ChatMessage:
    """One turn as the template sees it: words, or words and pictures in their order."""

    role: Role
    content: str | tuple[str | Mark, ...]


class Template:
    """Turns a conversation into the token ids that the model was trained on."""

    def __init__(self, source: str, tokenizer: Tokenizer, *, thinks: bool = False) -> None:
        environment = ImmutableSandboxedEnvironment(  # the output is token ids, never HTML
            trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        self._template = environment.from_string(source)
        self._tokenizer = tokenizer
        self._thinks = thinks

    @classmethod
    def from_folder(cls, folder: Path, tokenizer: Tokenizer, *, thinks: bool = False) -> Template:
        """Reads chat_template.jinja, or the template in tokenizer_config.json."""
        path = folder / "chat_template.jinja"
        if path.exists():
            return cls(path.read_text(encoding="utf-8"), tokenizer, thinks=thinks)
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        return cls(config["chat_template"], tokenizer, thinks=thinks)

    def render(self, messages: Sequence[ChatMessage], *, thinking: bool) -> list[int]:
        """Token ids of the conversation, up to where the answer begins.

        Every picture is what the template makes of one: a single token between its marks. Only the
        template can write that token; the same name in a turn's words stays plain text.
        """
        mark = f"\ue000{secrets.token_hex(8)}"  # nobody can know it, so no text can hold it
        opening, closing = f"{mark}\ue001", f"{mark}\ue002"

        def fenced(text: str, role: Role) -> str:
            return _fenced(self._text(text, role), opening, closing)

        turns = [
            {"role": message.role.value, "content": _content(message, fenced)}
            for message in messages
        ]
        try:
            rendered = self._template.render(
                messages=turns, add_generation_prompt=True, enable_thinking=thinking, tools=None
            )
        except jinja2.TemplateError as error:
            raise InvalidRequest(
                "The model's template does not take messages in this order of roles.",
                param="messages",
            ) from error
        return self._tokenizer.encode_markup(_pieces(rendered, opening, closing))

    def _text(self, text: str, role: Role) -> str:
        """Earlier reasoning is not said again."""
        if self._thinks and role is Role.ASSISTANT:
            return _REASONING.sub("", text)
        return text


def _content(
    message: ChatMessage, fenced: Callable[[str, Role], str]
) -> str | list[dict[str, str]]:
    """A string, which every template takes; a list of parts where there are pictures."""
    if isinstance(message.content, str):
        return fenced(message.content, message.role)
    return [
        {"type": piece.value}
        if isinstance(piece, Mark)
        else {"type": "text", "text": fenced(piece, message.role)}
        for piece in message.content
    ]


def _fenced(text: str, opening: str, closing: str) -> str:
    """Marks where the text begins and ends, inside its outer white space, which templates trim."""
    core = text.strip()
    start = text.find(core) if core else len(text)
    return f"{text[:start]}{opening}{core}{closing}{text[start + len(core) :]}"


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


def _to_json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)
