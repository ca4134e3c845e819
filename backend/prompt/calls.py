"""Calls of functions, read out of an answer as it comes, in the form that GLM models write them.

    <tool_call>name
    <arg_key>key</arg_key>
    <arg_value>value</arg_value>
    </tool_call>

White space between the marks means nothing. A value is JSON unless its parameter takes a string,
which stands as it is. What opens like a call and is none, or calls what was not offered, was words
and stays words.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from backend.prompt.prompt import Calling, ToolCall
from backend.prompt.stops import overlap

OPEN: Final = "<tool_call>"
CLOSE: Final = "</tool_call>"
KEY_OPEN: Final = "<arg_key>"
KEY_CLOSE: Final = "</arg_key>"
VALUE_OPEN: Final = "<arg_value>"
VALUE_CLOSE: Final = "</arg_value>"
MARKS: Final = (OPEN, CLOSE, KEY_OPEN, KEY_CLOSE, VALUE_OPEN, VALUE_CLOSE)

_ARGUMENT = re.compile(
    rf"\s*{KEY_OPEN}(.*?){KEY_CLOSE}\s*{VALUE_OPEN}(.*?){VALUE_CLOSE}\s*", re.DOTALL
)
_PYTHON: Final[Mapping[str, bool | None]] = {"True": True, "False": False, "None": None}
_STRING = frozenset({"string"})
_MOST_REFERENCES = 8  # followed one after another


class CallReader:
    """Takes the calls out of one answer's text."""

    def __init__(self, calling: Calling) -> None:
        self._schemas = {tool.name: _schema(tool.parameters) for tool in calling.tools}
        self._is_parallel = calling.is_parallel
        self._held = ""  # might be the beginning of a mark
        self._body: list[str] = []  # of a call that has begun
        self._tail = ""  # its end, long enough to hold most of the closing mark
        self._space = ""  # white space that is told only if words follow it
        self._is_inside = False
        self._calls: list[ToolCall] = []  # since `taken`
        self.count = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing may follow."""
        return self.count > 0 and not self._is_parallel

    @property
    def has_news(self) -> bool:
        """Whether there are calls to be taken."""
        return bool(self._calls)

    def push(self, text: str) -> str:
        """More text; what of it is words, as far as that is certain."""
        words: list[str] = []
        while text and not self.is_complete:
            if self._is_inside:
                text = self._inside(text, words)
                continue
            before, found, text = (self._held + text).partition(OPEN)
            self._is_inside = bool(found)
            cut = len(before) - (0 if found else overlap(before, OPEN))
            words.append(self._spoken(before[:cut]))
            self._held = before[cut:]
        return "".join(words)

    def flush(self) -> str:
        """The words that are left, when nothing follows."""
        if self.is_complete:
            return ""
        rest = f"{OPEN}{''.join(self._body)}" if self._is_inside else self._held
        space = self._space if rest or not self.count else ""
        self._held = self._space = ""
        self._body = []
        return space + rest

    def taken(self) -> tuple[ToolCall, ...]:
        """The calls since the last time."""
        calls, self._calls = tuple(self._calls), []
        return calls

    def _inside(self, text: str, words: list[str]) -> str:
        """Text of a call that has begun; what comes after the call."""
        self._body.append(text)
        self._tail += text
        if CLOSE not in self._tail:
            self._tail = self._tail[1 - len(CLOSE) :]
            return ""
        body, _, after = "".join(self._body).partition(CLOSE)
        self._body, self._tail, self._is_inside = [], "", False
        call = self._read(body)
        if call is None:
            words.append(self._spoken(f"{OPEN}{body}{CLOSE}"))
        else:
            self._space = ""
            self._calls.append(call)
            self.count += 1
        return after

    def _spoken(self, text: str) -> str:
        text = self._space + text
        words = text.rstrip()
        self._space = text[len(words) :]
        return words

    def _read(self, body: str) -> ToolCall | None:
        name, mark, rest = body.partition(KEY_OPEN)
        schema = self._schemas.get(name.strip())
        if schema is None:
            return None
        arguments: dict[str, object] = {}
        rest = mark + rest
        end = 0
        while end < len(rest):
            match = _ARGUMENT.match(rest, end)
            if match is None:
                return None
            key = match[1].strip()
            arguments[key] = _value(match[2], _kinds(_parameter(schema, key), schema))
            end = match.end()
        return ToolCall(f"call_{secrets.token_hex(12)}", name.strip(), _json(arguments))


def _schema(parameters: str) -> dict[str, Any]:
    schema = json.loads(parameters) if parameters else {}
    return schema if isinstance(schema, dict) else {}


def _parameter(schema: Mapping[str, Any], key: str) -> object:
    properties = schema.get("properties")
    return properties.get(key) if isinstance(properties, dict) else None


def _kinds(schema: object, root: Mapping[str, Any], followed: int = 0) -> frozenset[str] | None:
    """The JSON types that a value may have; None: any."""
    if not isinstance(schema, dict) or followed > _MOST_REFERENCES:
        return None
    reference = schema.get("$ref")
    if isinstance(reference, str):
        _, _, place = reference.partition("#/")
        found: object = root
        for step in place.split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        return _kinds(found, root, followed + 1)
    kind = schema.get("type")
    if isinstance(kind, str):
        return frozenset({kind})
    if isinstance(kind, list):
        return frozenset(name for name in kind if isinstance(name, str))
    if "const" in schema:
        return frozenset({_kind(schema["const"])})
    if isinstance(schema.get("enum"), list):
        return frozenset(_kind(value) for value in schema["enum"])
    choices = schema.get("anyOf", schema.get("oneOf"))
    if not isinstance(choices, list):
        return None
    each = [_kinds(choice, root, followed + 1) for choice in choices]
    return frozenset().union(*(kinds for kinds in each if kinds)) if all(each) else None


def _value(text: str, kinds: frozenset[str] | None) -> object:
    """What the model wrote, as a value of one of those types where it can be read as one."""
    if kinds == _STRING:
        return text
    bare = text.strip()
    if kinds is not None and bare in _PYTHON:
        value: object = _PYTHON[bare]
    else:
        try:
            value = json.loads(bare, parse_constant=_no_number)
        except (ValueError, RecursionError):
            return text
    if kinds is None or _kind(value) in kinds or (_kind(value) == "integer" and "number" in kinds):
        return value
    if isinstance(value, float) and value.is_integer() and "integer" in kinds:
        return int(value)
    return text if "string" in kinds else value


def _kind(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case None:
            return "null"
        case _:
            return "object"


def _json(arguments: Mapping[str, object]) -> str:
    text = json.dumps(arguments, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, escaped in what the model wrote
        return json.dumps(arguments)
    return text


def _no_number(_: str) -> NoReturn:
    raise ValueError("no JSON number")
