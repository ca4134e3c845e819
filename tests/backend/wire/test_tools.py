"""Functions off the wire: what may be offered and told, and which field is blamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.errors import InvalidRequest
from backend.prompt.prompt import NO_CALLS, Calling, Prompt, Role, Sampling, Tool, ToolCall
from backend.wire import requests
from protos import inference_pb2 as pb
from tests.fakes.running import question

SCHEMA = {"type": "object", "properties": {"city": {"type": ["string", "null"]}}}


def parsed(request: pb.GenerateRequest) -> Prompt:
    return requests.prompt(request, owner="me", defaults=Sampling(), deadline=None)


def offering(*tools: pb.Tool, **more: Any) -> pb.GenerateRequest:
    request = question("hi")
    request.MergeFrom(pb.GenerateRequest(tools=tools, **more))
    return request


def function(schema: Any = None, name: str = "weather") -> pb.Tool:
    return pb.Tool(name=name, parameters=schema if isinstance(schema, str) else json.dumps(schema))


WEATHER = function(SCHEMA)


def test_functions_arrive() -> None:
    tool = Tool("weather", "", json.dumps(SCHEMA))
    required = pb.TOOL_CHOICE_REQUIRED
    assert parsed(offering(WEATHER)).calling == Calling((tool,))
    asked = offering(WEATHER, tool_choice=required, tool_name="weather", parallel_tool_calls=False)
    assert parsed(asked).calling == Calling((tool,), True, "weather", False)
    assert parsed(asked).is_held
    assert parsed(offering(WEATHER, tool_choice=pb.TOOL_CHOICE_NONE)).calling == NO_CALLS


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (offering(function(SCHEMA, name="two words")), "tools"),
        (offering(WEATHER, WEATHER), "tools"),
        (offering(*[function(SCHEMA, f"f{n}") for n in range(129)]), "tools"),
        (offering(function("no JSON")), "tools"),
        (offering(function([])), "tools"),
        (offering(function({"type": "something"})), "tools"),
        (offering(function({"type": "array"})), "tools"),
        (offering(function({"properties": []})), "tools"),
        (offering(function({"properties": {"a": 5}})), "tools"),
        (offering(function({"required": "a"})), "tools"),
        (offering(function({"properties": {"a": {"items": {"type": 7}}}})), "tools"),
        (offering(function({"anyOf": {}})), "tools"),
        (offering(function('{"a":' * 50 + "1" + "}" * 50)), "tools"),
        (offering(function('{"a": NaN}')), "tools"),
        (offering(function({"description": "x" * (256 << 10)})), "tools"),
        (offering(tool_choice=pb.TOOL_CHOICE_REQUIRED), "tool_choice"),
        (offering(WEATHER, tool_choice=pb.TOOL_CHOICE_REQUIRED, tool_name="f"), "tool_choice"),
        (offering(WEATHER, tool_name="weather"), "tool_choice"),
        (
            offering(WEATHER, response_format=pb.ResponseFormat(json_object=True)),
            "response_format",
        ),
    ],
)
def test_what_cannot_be_offered(asked: pb.GenerateRequest, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(asked)
    assert caught.value.param == param


def conversation(*calls: pb.ToolCall, answers: str = "1", role: Any = None) -> pb.GenerateRequest:
    said = [pb.Part(text="x")]
    role = pb.ROLE_ASSISTANT if role is None else role
    return pb.GenerateRequest(
        request_id="a",
        messages=[
            pb.Message(role=pb.ROLE_USER, parts=said),
            pb.Message(role=role, tool_calls=calls),
            pb.Message(role=pb.ROLE_TOOL, parts=said, tool_call_id=answers),
        ],
    )


CALL = pb.ToolCall(id="1", name="weather", arguments='{"city": "Paris"}')


def test_calls_and_their_results_arrive() -> None:
    _, called, result = parsed(conversation(CALL)).messages
    assert called.calls == (ToolCall("1", "weather", '{"city": "Paris"}'),)
    assert (result.role, result.call_id) == (Role.TOOL, "1")


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (conversation(CALL, answers="2"), "messages[2].tool_call_id"),
        (conversation(CALL, role=pb.ROLE_USER), "messages[1].tool_calls"),
        (
            conversation(pb.ToolCall(id="1", name="a b", arguments="{}")),
            "messages[1].tool_calls[0]",
        ),
        (conversation(pb.ToolCall(name="f", arguments="{}")), "messages[1].tool_calls[0]"),
        (
            conversation(pb.ToolCall(id="1", name="f", arguments="[]")),
            "messages[1].tool_calls[0].arguments",
        ),
    ],
)
def test_calls_that_were_none(asked: pb.GenerateRequest, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(asked)
    assert caught.value.param == param
