"""Functions over REST: offered, called and answered, by the official client and raw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from protos import inference_pb2 as pb
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells it.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "strict": True,
    },
}
CALLS = [
    pb.ToolCall(id="call_1", name="weather", arguments='{"city": "Paris"}'),
    pb.ToolCall(id="call_2", name="weather", arguments='{"city": "Rome"}'),
]
ASKED: Any = [{"role": "user", "content": "Paris?"}]
CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    ],
}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "rain"}


@pytest.fixture(autouse=True)
def calling(backend: FakeBackend) -> None:
    backend.calls_tools = True
    backend.calls = CALLS
    backend.answer = "Let me look."


@pytest.fixture
def client(web: Web) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{web.url}/v1", api_key="any", max_retries=0) as made:
        yield made


def test_calls_are_the_official_client_s_own(client: openai.OpenAI, backend: FakeBackend) -> None:
    tools: Any = [WEATHER]
    answer = client.chat.completions.create(model="fake-model", messages=ASKED, tools=tools)
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me look."
    called: Any = choice.message.tool_calls
    assert [(call.id, call.type, call.function.arguments) for call in called] == [
        ("call_1", "function", '{"city": "Paris"}'),
        ("call_2", "function", '{"city": "Rome"}'),
    ]
    # And the answer goes back as it came, with the results.
    results: Any = [
        {"role": "tool", "tool_call_id": call.id, "content": [{"type": "text", "text": "rain"}]}
        for call in called
    ]
    again: Any = [*ASKED, choice.message.model_dump(exclude_none=True), *results]
    client.chat.completions.create(model="fake-model", messages=again, tools=tools)
    told = backend.requests[-1].messages
    assert list(told[1].tool_calls) == CALLS
    assert [(turn.role, turn.tool_call_id) for turn in told[2:]] == [
        (pb.ROLE_TOOL, "call_1"),
        (pb.ROLE_TOOL, "call_2"),
    ]


def test_streamed_calls_come_together_in_the_official_client(client: openai.OpenAI) -> None:
    tools: Any = [WEATHER]
    with client.chat.completions.stream(model="fake-model", messages=ASKED, tools=tools) as stream:
        for _ in stream:
            pass
        choice = stream.get_final_completion().choices[0]
    assert choice.finish_reason == "tool_calls"
    called: Any = choice.message.tool_calls
    assert [call.function.parsed_arguments for call in called] == [
        {"city": "Paris"},
        {"city": "Rome"},
    ]


def test_the_shape_of_streamed_calls(web: Web) -> None:
    chunks = web.chat(tools=[WEATHER], stream=True, n=2).chunks
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    for index in (0, 1):
        own = [choice for choice in choices if choice["index"] == index]
        calls = [call for choice in own for call in choice["delta"].get("tool_calls", ())]
        assert [(call["index"], call["id"]) for call in calls] == [(0, "call_1"), (1, "call_2")]
        assert [choice["finish_reason"] for choice in own if choice["finish_reason"]] == [
            "tool_calls"
        ]
        assert not any("content" in c["delta"] for c in own if "tool_calls" in c["delta"])


def test_without_words_the_content_is_null(web: Web, backend: FakeBackend) -> None:
    backend.answer = lambda request: ""
    assert web.chat(tools=[WEATHER]).json["choices"][0]["message"]["content"] is None


def test_what_was_offered_arrives(web: Web, backend: FakeBackend) -> None:
    named = {"type": "function", "function": {"name": "weather"}}
    for choice, wanted, name in (
        (None, pb.TOOL_CHOICE_AUTO, ""),
        ("auto", pb.TOOL_CHOICE_AUTO, ""),
        ("none", pb.TOOL_CHOICE_NONE, ""),
        ("required", pb.TOOL_CHOICE_REQUIRED, ""),
        (named, pb.TOOL_CHOICE_REQUIRED, "weather"),
    ):
        assert web.chat(tools=[WEATHER], tool_choice=choice).status == 200
        sent = backend.requests[-1]
        assert (sent.tool_choice, sent.tool_name) == (wanted, name)
        assert sent.parallel_tool_calls
    assert sent.tools[0].name == "weather"
    assert sent.tools[0].description == "Tells it."
    assert json.loads(sent.tools[0].parameters) == WEATHER["function"]["parameters"]  # type: ignore[index]
    web.chat(tools=[WEATHER], parallel_tool_calls=False)
    assert not backend.requests[-1].parallel_tool_calls
    assert web.chat(tools=[], tool_choice="none").status == 200


def test_a_model_that_calls_nothing_says_so(web: Web, backend: FakeBackend) -> None:
    backend.calls_tools = False
    for stream in (False, True):
        refused = web.chat(tools=[WEATHER], stream=stream)
        assert refused.status == 400
        assert (refused.error["param"], refused.error["code"]) == ("tools", "unsupported_parameter")


@pytest.mark.parametrize(
    ("over", "param"),
    [
        ({"tools": "x"}, "tools"),
        ({"tools": [5]}, "tools[0]"),
        ({"tools": [WEATHER] * 129}, "tools"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "some"}, "tool_choice"),
        ({"tool_choice": 5}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tools": [WEATHER], "parallel_tool_calls": 1}, "parallel_tool_calls"),
        ({"messages": [*ASKED, {"role": "tool", "content": "x"}]}, "messages[1].tool_call_id"),
        (
            {"messages": [*ASKED, {**CALLED, "tool_calls": {}}, RESULT]},
            "messages[1].tool_calls",
        ),
        (
            {"messages": [*ASKED, {**CALLED, "tool_calls": [{"type": "function"}]}, RESULT]},
            "messages[1].tool_calls[0].function",
        ),
        ({"functions": [{"name": "f"}]}, "functions"),
    ],
)
def test_what_is_wrong_is_named(web: Web, over: dict[str, Any], param: str) -> None:
    answered = web.chat(**over)
    assert answered.status == 400
    assert answered.error["param"] == param


@pytest.mark.parametrize("arguments", ["[]", "{", "5", "[" * 100_000])
def test_arguments_must_be_an_object(web: Web, arguments: str) -> None:
    function = {"name": "weather", "arguments": arguments}
    called = {**CALLED, "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
    answered = web.chat(messages=[*ASKED, called, RESULT])
    assert answered.error["param"] == "messages[1].tool_calls[0].function.arguments"
