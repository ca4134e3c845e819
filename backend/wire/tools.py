"""Functions off the wire: what is offered, what was called, what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from backend.errors import InvalidRequest
from backend.prompt.prompt import Calling, Role, Tool, ToolCall
from protos import inference_pb2 as pb

MAX_TOOLS = 128
MAX_CALLS = 128  # of one turn
MAX_CHARACTERS = 256 << 10  # of all descriptions and parameters together
MAX_ARGUMENTS = 256 << 10  # characters of one call
MAX_ID = 128
DEEPEST = 40  # schemas and values inside one another

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_INSIDE = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")


def calling(request: pb.GenerateRequest) -> Calling:
    """What may be called. Raises InvalidRequest."""
    tools = _tools(request)
    choice = request.tool_choice
    if choice == pb.TOOL_CHOICE_NONE:
        return Calling()
    if choice not in (
        pb.TOOL_CHOICE_UNSPECIFIED,
        pb.TOOL_CHOICE_AUTO,
        pb.TOOL_CHOICE_REQUIRED,
    ):
        raise InvalidRequest("tool_choice has an unknown value.", param="tool_choice")
    is_required = choice == pb.TOOL_CHOICE_REQUIRED
    if is_required and not tools:
        raise InvalidRequest("tool_choice needs tools to choose from.", param="tool_choice")
    if request.tool_name and not (
        is_required and any(tool.name == request.tool_name for tool in tools)
    ):
        raise InvalidRequest("tool_choice names no function that is offered.", param="tool_choice")
    if tools and request.response_format.WhichOneof("format") not in (None, "text"):
        raise InvalidRequest(
            "An answer that may call functions cannot be held to a form.", param="response_format"
        )
    is_parallel = not request.HasField("parallel_tool_calls") or request.parallel_tool_calls
    return Calling(tools, is_required, request.tool_name, is_parallel)


def called(turn: pb.Message, role: Role, path: str) -> tuple[ToolCall, ...]:
    """The calls of an earlier turn. Raises InvalidRequest."""
    if not turn.tool_calls:
        return ()
    where = f"{path}.tool_calls"
    if role is not Role.ASSISTANT:
        raise InvalidRequest("Only the model's turns hold calls.", param=where)
    if len(turn.tool_calls) > MAX_CALLS:
        raise InvalidRequest(f"A turn may hold {MAX_CALLS} calls.", param=where)
    found = []
    for place, sent in enumerate(turn.tool_calls):
        if not _NAME.fullmatch(sent.name) or not 1 <= len(sent.id) <= MAX_ID:
            raise InvalidRequest(
                "A call needs the name of a function and an id.", param=f"{where}[{place}]"
            )
        if not _is_object(sent.arguments, MAX_ARGUMENTS):
            raise InvalidRequest(
                "A call's arguments must be a JSON object.", param=f"{where}[{place}].arguments"
            )
        found.append(ToolCall(sent.id, sent.name, sent.arguments))
    return tuple(found)


def answered(turn: pb.Message, role: Role, open_calls: frozenset[str], path: str) -> str:
    """The id of the call that a tool's turn answers. Raises InvalidRequest."""
    if role is not Role.TOOL:
        if turn.tool_call_id:
            raise InvalidRequest("Only a tool's turn answers a call.", param=f"{path}.tool_call_id")
        return ""
    if turn.tool_call_id not in open_calls:
        raise InvalidRequest(
            "A tool's result must name a call of the model's turn before it.",
            param=f"{path}.tool_call_id",
        )
    return turn.tool_call_id


def _tools(request: pb.GenerateRequest) -> tuple[Tool, ...]:
    if len(request.tools) > MAX_TOOLS:
        raise _wrong(f"There may be {MAX_TOOLS} functions.")
    if sum(len(tool.description) + len(tool.parameters) for tool in request.tools) > MAX_CHARACTERS:
        raise _wrong(f"All functions together may be described in {MAX_CHARACTERS:,} characters.")
    for place, tool in enumerate(request.tools):
        if not _NAME.fullmatch(tool.name):
            raise _wrong(f"The name of function {place + 1} must be 1-64 of letters, digits, _, -.")
        if tool.parameters:
            if not _is_object(tool.parameters, MAX_CHARACTERS):
                raise _wrong(f"The parameters of function {place + 1} must be a JSON object.")
            _check(json.loads(tool.parameters), f"function {place + 1}", is_root=True)
    if len({tool.name for tool in request.tools}) < len(request.tools):
        raise _wrong("Two functions have the same name.")
    return tuple(Tool(tool.name, tool.description, tool.parameters) for tool in request.tools)


def _check(schema: object, where: str, *, is_root: bool = False) -> None:
    """Refuses what is no schema of an object, or no schema somewhere inside."""
    if isinstance(schema, bool) and not is_root:
        return
    if not isinstance(schema, dict):
        raise _wrong(f"The parameters of {where} hold something that is no schema.")
    kinds = schema.get("type", "object" if is_root else [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if not all(isinstance(kind, str) and kind in _TYPES for kind in kinds):
        raise _wrong(f"The parameters of {where} have a type that JSON has not.")
    if is_root and kinds != ["object"]:
        raise _wrong(f"The parameters of {where} must be the schema of an object.")
    if not isinstance(schema.get("required", []), list):
        raise _wrong(f"What {where} requires must be a list.")
    for name in _INSIDE:
        inside: Any = schema.get(name, {})
        if not isinstance(inside, Mapping):
            raise _wrong(f"The parameters of {where} must be named in an object.")
        for child in inside.values():
            _check(child, where)
    for name in _LISTS:
        listed = schema.get(name, [])
        if not isinstance(listed, list):
            raise _wrong(f"The parameters of {where} need a list after {name}.")
        for child in listed:
            _check(child, where)
    if "items" in schema:
        _check(schema["items"], where)


def _is_object(text: str, most: int) -> bool:
    """Whether a text is a JSON object that every reader reads alike, and not too deep."""
    if len(text) > most:
        return False
    try:
        value = json.loads(text, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and _depth(value) <= DEEPEST


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level and deepest <= DEEPEST:
        deepest += 1
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest


def _no_number(_: str) -> object:
    raise ValueError("no JSON number")


def _wrong(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="tools")
