"""Every field's limits, by the path that a refusal names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from frontend.api.errors import ApiError
from frontend.api.schema import ChatRequest, Thinking, chat_request
from frontend.messages import Role, TextPart

USER = {"role": "user", "content": "hi"}


def asked(**over: Any) -> ChatRequest:
    body = {"model": "m", "messages": [USER], **over}
    return chat_request({key: value for key, value in body.items() if value is not ...})


def said(*messages: Any) -> dict[str, Any]:
    return {"messages": list(messages)}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"model": ...}, "model", "missing_required_parameter"),
    ({"model": None}, "model", "missing_required_parameter"),
    ({"model": 5}, "model", "invalid_type"),
    ({"model": ""}, "model", "model_not_found"),
    ({"use_answer_cache": "no"}, "use_answer_cache", "invalid_type"),
    ({"use_answer_cache": 0}, "use_answer_cache", "invalid_type"),
    ({"messages": ...}, "messages", "missing_required_parameter"),
    ({"messages": "hi"}, "messages", "invalid_type"),
    ({"messages": []}, "messages", "invalid_value"),
    ({"messages": [USER] * 1001}, "messages", "array_above_max_length"),
    (said("hi"), "messages[0]", "invalid_type"),
    (said({"content": "hi"}), "messages[0].role", "missing_required_parameter"),
    (said({"role": "root", "content": "hi"}), "messages[0].role", "invalid_value"),
    (said({"role": ["user"], "content": "hi"}), "messages[0].role", "invalid_type"),
    (said(USER, {"role": "function", "content": "1"}), "messages[1].role", "invalid_value"),
    (
        said(USER, {"role": "assistant", "tool_calls": [{"id": "1"}]}),
        "messages[1].tool_calls[0].type",
        "missing_required_parameter",
    ),
    (said({"role": "user"}), "messages[0].content", "invalid_type"),
    (said({"role": "system", "content": None}), "messages[0].content", "invalid_type"),
    (said({"role": "user", "content": []}), "messages[0].content", "invalid_value"),
    (said({"role": "user", "content": ["hi"]}), "messages[0].content[0]", "invalid_type"),
    (
        said({"role": "user", "content": [{}]}),
        "messages[0].content[0].type",
        "missing_required_parameter",
    ),
    (
        said({"role": "user", "content": [{"type": 1}]}),
        "messages[0].content[0].type",
        "invalid_type",
    ),
    (
        said({"role": "system", "content": [{"type": "image_url", "image_url": "http://a/b"}]}),
        "messages[0].content[0].type",
        "invalid_value",
    ),
    (said({"role": "user", "content": "a" * 2_000_001}), "messages", "context_length_exceeded"),
    ({"temperature": -0.1}, "temperature", "decimal_below_min_value"),
    ({"temperature": 2.1}, "temperature", "decimal_above_max_value"),
    ({"temperature": "1"}, "temperature", "invalid_type"),
    ({"temperature": True}, "temperature", "invalid_type"),
    ({"top_p": 1.1}, "top_p", "decimal_above_max_value"),
    ({"presence_penalty": 3}, "presence_penalty", "decimal_above_max_value"),
    ({"frequency_penalty": -3}, "frequency_penalty", "decimal_below_min_value"),
    ({"repetition_penalty": 0}, "repetition_penalty", "invalid_value"),
    ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
    ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
    ({"max_tokens": "10"}, "max_tokens", "invalid_type"),
    ({"max_tokens": True}, "max_tokens", "invalid_type"),
    ({"max_tokens": 2**31}, "max_tokens", "integer_above_max_value"),
    ({"max_completion_tokens": 0}, "max_completion_tokens", "integer_below_min_value"),
    ({"n": 9}, "n", "integer_above_max_value"),
    ({"seed": 2**63}, "seed", "integer_above_max_value"),
    ({"seed": 1.0}, "seed", "invalid_type"),
    ({"stop": ["a"] * 5}, "stop", "array_above_max_length"),
    ({"stop": ""}, "stop", "invalid_value"),
    ({"stop": "x" * 257}, "stop", "invalid_value"),
    ({"stop": [1]}, "stop", "invalid_type"),
    ({"stop": {"a": 1}}, "stop", "invalid_type"),
    ({"stream": "yes"}, "stream", "invalid_type"),
    ({"stream": 1}, "stream", "invalid_type"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_value"),
    ({"stream": True, "stream_options": []}, "stream_options", "invalid_type"),
    (
        {"stream": True, "stream_options": {"include_usage": 1}},
        "stream_options.include_usage",
        "invalid_type",
    ),
    ({"top_logprobs": 1}, "top_logprobs", "invalid_value"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
    ({"logprobs": 1}, "logprobs", "invalid_type"),
    ({"logit_bias": {"a": 1}}, "logit_bias", "invalid_value"),
    ({"logit_bias": {"1": 101}}, "logit_bias", "decimal_above_max_value"),
    ({"logit_bias": {"1": None}}, "logit_bias", "invalid_type"),
    ({"logit_bias": {str(i): 1 for i in range(301)}}, "logit_bias", "invalid_value"),
    ({"response_format": "json"}, "response_format", "invalid_type"),
    ({"response_format": {}}, "response_format.type", "missing_required_parameter"),
    ({"response_format": {"type": "regex"}}, "response_format.type", "unsupported_parameter"),
    (
        {"response_format": {"type": "json_schema"}},
        "response_format.json_schema",
        "missing_required_parameter",
    ),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a b"}}},
        "response_format.json_schema.name",
        "invalid_value",
    ),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
        "response_format.json_schema.schema",
        "missing_required_parameter",
    ),
    (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "schema": {"enum": ["x" * 70_000]}},
            }
        },
        "response_format.json_schema.schema",
        "invalid_value",
    ),
    ({"response_format": {"type": "regex"}}, "response_format.type", "unsupported_parameter"),
    ({"reasoning_effort": "immense"}, "reasoning_effort", "invalid_value"),
    ({"thinking": {"budget_tokens": 1.5}}, "thinking.budget_tokens", "invalid_type"),
    ({"thinking_token_budget": -1}, "thinking_token_budget", "integer_below_min_value"),
    ({"functions": [{"name": "f"}]}, "functions", "unsupported_parameter"),
    ({"tools": {}}, "tools", "invalid_type"),
    ({"tool_choice": "required"}, "tool_choice", "invalid_value"),
    ({"functions": []}, "functions", "unsupported_parameter"),
    ({"modalities": ["text", "audio"]}, "modalities", "unsupported_parameter"),
    ({"chat_template": "x"}, "chat_template", "unknown_parameter"),
    ({"chat_template_kwargs": {"tokenize": 1}}, "chat_template_kwargs", "unknown_parameter"),
    ({"cache_salt": "x"}, "cache_salt", "unknown_parameter"),
    ({"prompt_embeds": "x"}, "prompt_embeds", "unsupported_parameter"),
    ({"guided_json": {}}, "guided_json", "unsupported_parameter"),
    ({"structured_outputs": {"regex": "a"}}, "structured_outputs", "unsupported_parameter"),
]


@pytest.mark.parametrize(("over", "param", "code"), WRONG)
def test_refusals(over: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        asked(**over)
    assert refused.value.status in (400, 404)
    assert (refused.value.param, refused.value.code) == (param, code)


def test_pictures_are_counted() -> None:
    many = [{"type": "image_url", "image_url": "http://a.example/b.png"}] * 51
    with pytest.raises(ApiError) as refused:
        asked(messages=[{"role": "user", "content": many}])
    assert (refused.value.param, refused.value.code) == ("messages", "too_many_images")


def test_null_is_not_given_and_the_harmless_is_ignored() -> None:
    plain = asked()
    assert plain == asked(temperature=None, tools=None, stop=None, chat_template=None, n=None)
    assert plain == asked(user="u", store=True, metadata={}, service_tier="auto", logprobs=False)
    named = {**USER, "name": "Ann", "refusal": None}
    assert plain.messages == asked(messages=[named]).messages


def test_roles_and_their_content() -> None:
    messages = asked(
        messages=[
            {"role": "developer", "content": "be brief"},
            USER,
            {"role": "assistant", "content": None},
            {"role": "assistant", "content": [{"type": "text", "text": "a"}]},
            {"role": "user", "content": [{"type": "text", "text": ""}]},
        ]
    ).messages
    assert [message.role for message in messages] == [
        Role.SYSTEM,
        Role.USER,
        Role.ASSISTANT,
        Role.ASSISTANT,
        Role.USER,
    ]
    assert messages[2].pieces == (TextPart(""),)


def test_schemas_travel_as_documents() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    assert asked(response_format=form).json_schema == (
        '{"type": "object", "properties": {"a": {"type": "string"}}}'
    )
    assert asked(response_format={"type": "json_object"}).json_object
    assert not asked(response_format={"type": "text"}).json_object


@pytest.mark.parametrize(
    ("over", "thinking"),
    [
        ({}, None),
        ({"thinking_token_budget": 9}, None),  # a bound alone switches nothing on
        ({"chat_template_kwargs": {"enable_thinking": True}}, Thinking()),
        ({"chat_template_kwargs": {"enable_thinking": False}}, None),
        ({"thinking": {"type": "enabled"}}, Thinking()),
        ({"thinking": {"type": "disabled"}}, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 7}}, Thinking(7)),
        ({"thinking": {"type": "enabled"}, "thinking_token_budget": 0}, Thinking(0)),
        ({"reasoning_effort": "none"}, None),
        ({"reasoning_effort": "minimal"}, None),
        ({"reasoning_effort": "low"}, Thinking(512)),
        ({"reasoning_effort": "medium"}, Thinking(2048)),
        ({"reasoning_effort": "high"}, Thinking()),
        ({"reasoning_effort": "high", "thinking": {"type": "disabled"}}, None),
        ({"reasoning_effort": "none", "thinking": {"type": "enabled"}}, Thinking()),
        ({"reasoning_effort": "low", "thinking_token_budget": 3}, Thinking(3)),
    ],
)
def test_thinking_is_off_unless_asked_for(over: dict[str, Any], thinking: Thinking | None) -> None:
    assert asked(**over).thinking == thinking


# What OpenAI's own client can send, and what becomes of it here.
IGNORED: dict[str, Any] = {
    "user": "u",
    "safety_identifier": "u",
    "metadata": {"a": "b"},
    "store": True,
    "service_tier": "auto",
    "prompt_cache_key": "k",
    "prompt_cache_options": {"a": 1},
    "prompt_cache_retention": "24h",
    "prediction": {"type": "content", "content": "x"},
    "verbosity": "low",
}
REFUSED: dict[str, Any] = {
    "functions": [{"name": "f"}],
    "function_call": "auto",
    "audio": {"voice": "a", "format": "wav"},
    "modalities": ["audio"],
    "moderation": {"model": "m"},
    "web_search_options": {},
}
HONOURED: dict[str, Any] = {
    "frequency_penalty": 1,
    "logit_bias": {"1": 1},
    "logprobs": True,
    "max_completion_tokens": 5,
    "max_tokens": 5,
    "messages": [{"role": "user", "content": "other"}],
    "model": "other",
    "n": 2,
    "parallel_tool_calls": False,
    "presence_penalty": 1,
    "reasoning_effort": "high",
    "response_format": {"type": "json_object"},
    "seed": 1,
    "stop": "x",
    "stream": True,
    "stream_options": {"include_usage": True},
    "temperature": 1,
    "tool_choice": "none",
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "top_logprobs": 2,
    "top_p": 0.5,
}
NEEDS: dict[str, dict[str, Any]] = {
    "stream_options": {"stream": True},
    "top_logprobs": {"logprobs": True},
}


def test_every_field_of_openai_is_honoured_ignored_on_purpose_or_refused() -> None:
    known = {"stream", *CompletionCreateParamsBase.__annotations__}
    assert known == HONOURED.keys() | IGNORED.keys() | REFUSED.keys()
    for name, value in HONOURED.items():
        needed = NEEDS.get(name, {})
        assert asked(**needed, **{name: value}) != asked(**needed), name
    for name, value in IGNORED.items():
        assert asked(**{name: value}) == asked(), name
    for name, value in REFUSED.items():
        with pytest.raises(ApiError) as refused:
            asked(**{name: value})
        assert (refused.value.status, refused.value.param) == (400, name)


def test_what_becomes_of_every_field_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    honoured, rest = text.split("Ignored on purpose", 1)
    ignored, refused = rest.split("Refused with 400", 1)
    for names, section in ((HONOURED, honoured), (IGNORED, ignored), (REFUSED, refused)):
        missing = [name for name in names if not re.search(rf"`{name}[`.]", section)]
        assert not missing
