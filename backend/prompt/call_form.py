"""The form of an answer that has to be a call: a grammar in which no other text is possible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from backend.errors import InvalidRequest
from backend.prompt import calls, schema
from backend.prompt.grammar import SPACING
from backend.prompt.prompt import Calling, Form, ResponseFormat, Tool
from backend.prompt.tokenizer import Tokenizer

_SHARED = ("$defs", "definitions")


def call_form(calling: Calling, tokenizer: Tokenizer) -> ResponseFormat:
    """What an answer that has to call is held to.

    Required parameters come in the order of the schema, each of a type that it takes; text ones are
    free but for a choice of values. Raises InvalidRequest where a schema cannot be enforced.
    """
    ids = {mark: tokenizer.control_id(mark) for mark in calls.MARKS}
    if None in ids.values():
        raise InvalidRequest(
            "This model cannot be made to call a function.",
            param="tool_choice",
            code="unsupported_parameter",
        )
    marks = {mark: f"<[{token}]>" for mark, token in ids.items()}
    tools = [tool for tool in calling.tools if calling.name in ("", tool.name)]
    names = " | ".join(f"call_{place}" for place in range(len(tools)))
    more = ' ("\\n"? call)*' if calling.is_parallel else ""
    lines = [
        f'start: "\\n"? call{more}',
        f"call: {names}",
        r"KEY: /[^<>\n]{1,256}/",
        r"TEXT: /(.|\n)+/",
    ]
    for place, tool in enumerate(tools):
        lines += _call(place, tool, marks)
    return ResponseFormat(Form.CALLS, "\n".join(lines))


def _call(place: int, tool: Tool, marks: Mapping[str, str]) -> Iterator[str]:
    described: dict[str, Any] = json.loads(tool.parameters) if tool.parameters else {}
    properties = described.get("properties", {})
    required = described.get("required", [])
    takes = [
        f"argument_{place}_{number}{'' if name in required else '?'}"
        for number, name in enumerate(properties)
    ]
    if tool.parameters and not properties and described.get("additionalProperties", True):
        takes = [f"argument_{place}*"]
        yield f"argument_{place}: {_argument('KEY', 'TEXT?', marks)}"
    name = json.dumps(f"{tool.name}\n")
    yield f"call_{place}: {marks[calls.OPEN]} {name} {' '.join(takes)} {marks[calls.CLOSE]}"
    for number, (key, wanted) in enumerate(properties.items()):
        shared = {name: described[name] for name in _SHARED if name in described}
        value = _value(wanted, shared)
        yield f"argument_{place}_{number}: {_argument(json.dumps(key), value, marks)}"


def _argument(key: str, value: str, marks: Mapping[str, str]) -> str:
    return (
        f"{marks[calls.KEY_OPEN]} {key} {marks[calls.KEY_CLOSE]}"
        rf' "\n" {marks[calls.VALUE_OPEN]} ({value}) {marks[calls.VALUE_CLOSE]} "\n"'
    )


def _value(wanted: object, shared: Mapping[str, Any]) -> str:
    """A parameter's values as the model writes them: text bare, all else as JSON."""
    if not isinstance(wanted, dict):
        return "TEXT?"
    choices = wanted.get("enum", [wanted["const"]] if "const" in wanted else None)
    if isinstance(choices, list) and choices and all(isinstance(one, str) for one in choices):
        return " | ".join(json.dumps(choice) for choice in choices)
    if wanted.get("type") == "string":
        return "TEXT?"
    try:
        enforced = schema.parsed(json.dumps({**wanted, **shared}))
    except InvalidRequest as error:
        sentence = re.sub(r"^The schema", "A function's parameter", error.message)
        raise InvalidRequest(sentence, param="tools") from None
    return f"%json {json.dumps({**enforced, 'x-guidance': SPACING})}"
