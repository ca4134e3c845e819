"""Functions in a chat request: which may be called, which were, and what came of them.

What a schema may hold is the backend's to say; here is only what its own message cannot carry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from frontend.api.errors import ApiError, invalid, missing, unsupported
from frontend.api.fields import Fields, wrong_type
from frontend.api.limits import TOOLS
from frontend.messages import Tool, ToolCall

_CHOICES: Final = ("none", "auto", "required")


@dataclass(frozen=True)
class Tools:
    """What may be called, and how."""

    offered: tuple[Tool, ...] = ()
    choice: str = "auto"
    name: str = ""  # the function that is required; "": any
    is_parallel: bool = True


def tools(fields: Fields) -> Tools:
    """Raises ApiError."""
    sent = fields.get("tools")
    if sent is not None and not isinstance(sent, list):
        raise wrong_type("tools", "an array")
    if sent and len(sent) > TOOLS:
        raise invalid("tools", f"'tools' may hold {TOOLS} tools.", "array_above_max_length")
    offered = tuple(_tool(tool, f"tools[{place}]") for place, tool in enumerate(sent or ()))
    choice, name = _choice(fields)
    if choice == "required" and not offered:
        raise invalid("tool_choice", "'tool_choice' needs 'tools' to choose from.")
    is_parallel = fields.flag("parallel_tool_calls") is not False
    return Tools(offered, choice, name, is_parallel)


def calls(message: Fields) -> tuple[ToolCall, ...]:
    """What an earlier answer called."""
    sent = message.get("tool_calls")
    path = message.at("tool_calls")
    if sent is None:
        return ()
    if not isinstance(sent, list):
        raise wrong_type(path, "an array")
    return tuple(_call(call, f"{path}[{place}]") for place, call in enumerate(sent))


def result_of(message: Fields) -> str:
    """The call that a tool's message answers."""
    return _text(message, "tool_call_id")


def _tool(sent: object, path: str) -> Tool:
    function = _function(sent, path)
    parameters = function.object("parameters")
    function.flag("strict")
    return Tool(
        _text(function, "name"),
        function.text("description") or "",
        "" if parameters is None else _json(parameters.values, parameters.path),
    )


def _call(sent: object, path: str) -> ToolCall:
    function = _function(sent, path)
    written = function.text("arguments") or "{}"
    where = function.at("arguments")
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        raise invalid(where, f"'{where}' must be a JSON object.") from None
    if not isinstance(value, dict):
        raise invalid(where, f"'{where}' must be a JSON object.")
    return ToolCall(_text(_object(sent, path), "id"), _text(function, "name"), written)


def _function(sent: object, path: str) -> Fields:
    outer = _object(sent, path)
    if outer.require("type") != "function":
        raise unsupported(outer.at("type"), f"'{outer.at('type')}' must be function.")
    function = outer.object("function")
    if function is None:
        raise missing(outer.at("function"))
    return function


def _choice(fields: Fields) -> tuple[str, str]:
    """The choice, and the function that is named in it."""
    sent = fields.get("tool_choice")
    if sent is None:
        return "auto", ""
    if isinstance(sent, str):
        if sent not in _CHOICES:
            raise invalid("tool_choice", f"'tool_choice' must be one of {', '.join(_CHOICES)}.")
        return sent, ""
    return "required", _text(_function(sent, "tool_choice"), "name")


def _object(sent: object, path: str) -> Fields:
    if not isinstance(sent, dict):
        raise wrong_type(path, "an object")
    return Fields(sent, path)


def _text(fields: Fields, name: str) -> str:
    fields.require(name)
    return fields.text(name) or ""


def _json(values: Mapping[str, Any], path: str) -> str:
    try:
        return json.dumps(values, ensure_ascii=False)
    except RecursionError:
        raise _too_deep(path) from None


def _too_deep(path: str) -> ApiError:
    return invalid(path, f"'{path}' is nested too deeply.")
