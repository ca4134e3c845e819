"""Requests off the wire: what is refused, and which field is named."""

from __future__ import annotations

from typing import Any

import pytest

from backend.errors import InvalidRequest
from backend.prompt.prompt import (
    Form,
    MediaPart,
    Prompt,
    ResponseFormat,
    Role,
    Sampling,
    TextPart,
    Thinking,
)
from backend.wire import requests
from protos import inference_pb2 as pb
from tests.fakes.running import question

HASH = "0" * 64
USER, ASSISTANT = pb.ROLE_USER, pb.ROLE_ASSISTANT


def parsed(request: pb.GenerateRequest, **defaults: float) -> Prompt:
    return requests.prompt(
        request,
        owner="me",
        defaults=Sampling(**defaults),  # type: ignore[arg-type]
        deadline=None,
    )


def turns(*said: tuple[pb.Role.ValueType, str]) -> pb.GenerateRequest:
    messages = [pb.Message(role=role, parts=[pb.Part(text=text)]) for role, text in said]
    return pb.GenerateRequest(request_id="a", messages=messages)


def blamed(request: pb.GenerateRequest) -> str | None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(request)
    return caught.value.param


def test_a_whole_request_arrives() -> None:
    request = question("hi", HASH, temperature=0.5, stop=["x"], logit_bias={3: -1.0}, n=2)

    prompt = parsed(request, top_p=0.9)

    assert prompt.messages[0].parts == (MediaPart(HASH, "a.pdf"), TextPart("hi"))
    assert prompt.sampling == Sampling(
        temperature=0.5, top_p=0.9, stop=("x",), logit_bias={3: -1.0}, n=2
    )
    assert prompt.use_answer_cache


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("temperature", [NAN, INF, -INF, -0.1, 2.1]),
        ("top_p", [NAN, -1.0, 1.0001]),
        ("top_k", [-1]),
        ("min_p", [NAN, -0.1, 1.1]),
        ("repetition_penalty", [NAN, 0.0, -1.0, 2.1]),
        ("presence_penalty", [-2.1, 2.1]),
        ("frequency_penalty", [-2.1, INF]),
        ("max_tokens", [0, -1]),
        ("min_tokens", [-1]),
        ("stop", [["a"] * 5, [""], ["x" * 257]]),
        ("logit_bias", [{1: NAN}, {1: 101.0}, {-1: 0.0}, dict.fromkeys(range(301), 0.0)]),
        ("top_logprobs", [-1, 21]),
        ("n", [0, 9, 2**31 - 1]),
    ],
)
def test_sampling_out_of_range_is_named(field: str, values: list[Any]) -> None:
    for value in values:
        assert blamed(question(**{field: value})) == f"sampling.{field}"


@pytest.mark.parametrize(
    ("field", "value"),
    [("temperature", 2.0), ("top_p", 0.0), ("top_k", 0), ("seed", -(2**63)), ("n", 8)],
)
def test_the_ends_of_ranges_are_served(field: str, value: Any) -> None:
    assert getattr(parsed(question(**{field: value})).sampling, field) == value


def test_more_least_tokens_than_most_are_refused() -> None:
    assert blamed(question(min_tokens=5, max_tokens=4)) == "sampling.min_tokens"


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 129, "../a", "\u00e9"])
def test_request_ids_are_plain(request_id: str) -> None:
    request = question()
    request.request_id = request_id

    assert blamed(request) == "request_id"


def test_unknown_enum_values_are_named() -> None:
    request = question("hi", HASH)
    request.priority = 999  # type: ignore[assignment]
    assert blamed(request) == "priority"
    request = question("hi", HASH)
    request.messages[0].role = pb.ROLE_UNSPECIFIED
    assert blamed(request) == "messages[0].role"
    request = question("hi", HASH)
    request.messages[0].parts[0].media.detail = 9  # type: ignore[assignment]
    assert blamed(request) == "messages[0].parts[0].media.detail"


def test_turns_must_be_there_have_parts_and_end_with_a_question() -> None:
    assert blamed(turns()) == "messages"
    assert blamed(turns(*[(USER, "x")] * 1001)) == "messages"
    no_parts = pb.GenerateRequest(request_id="a", messages=[pb.Message(role=USER)])
    assert blamed(no_parts) == "messages[0].parts"
    assert blamed(turns((USER, "x"), (ASSISTANT, "y"))) == "messages"
    assert blamed(turns((pb.ROLE_TOOL, "x"))) == "messages[0].role"
    empty_part = pb.GenerateRequest(
        request_id="a", messages=[pb.Message(role=USER, parts=[pb.Part()])]
    )
    assert blamed(empty_part) == "messages[0].parts[0]"


def test_an_empty_system_or_assistant_turn_is_left_out() -> None:
    prompt = parsed(turns((pb.ROLE_SYSTEM, ""), (USER, "x"), (ASSISTANT, ""), (USER, "y")))

    assert [message.role for message in prompt.messages] == [Role.USER, Role.USER]


def test_an_empty_question_is_one() -> None:
    prompt = parsed(turns((USER, ""), (ASSISTANT, "x"), (USER, " ")))

    assert [message.role for message in prompt.messages] == [Role.USER, Role.ASSISTANT, Role.USER]


def test_files_are_counted_and_their_names_bounded() -> None:
    assert blamed(question("hi", *[HASH] * 51)) == "messages"
    assert blamed(question("hi", "../../etc/passwd")) == "messages[0].parts[0].media"
    request = question("hi", HASH)
    request.messages[0].parts[0].media.filename = "x" * 2000
    assert blamed(request) == "messages[0].parts[0].media.filename"
    request.messages[0].parts[0].media.filename = "x"
    request.messages[0].parts[0].media.pages.extend([3, 0])
    assert blamed(request) == "messages[0].parts[0].media.pages"


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({}, None),
        ({"text": True}, None),
        ({"json_object": False}, None),
        ({"json_object": True}, ResponseFormat(Form.JSON)),
        ({"json_schema": "{}"}, ResponseFormat(Form.SCHEMA, "{}")),
        ({"regex": "(a+)+b"}, ResponseFormat(Form.REGEX, "(a+)+b")),
    ],
)
def test_the_form_of_an_answer(sent: dict[str, Any], wanted: ResponseFormat | None) -> None:
    request = question()
    request.response_format.CopyFrom(pb.ResponseFormat(**sent))
    assert parsed(request).response_format == wanted


@pytest.mark.parametrize("form", ["json_schema", "regex"])
def test_a_form_too_long_to_look_at(form: str) -> None:
    request = question()
    setattr(request.response_format, form, "x" * 70_000)
    assert blamed(request) == f"response_format.{form}"


def test_thinking_and_its_budget() -> None:
    request = question()
    assert parsed(request).thinking == Thinking()
    request.thinking.enabled = True
    assert parsed(request).thinking == Thinking(enabled=True)
    request.thinking.budget = 0
    assert parsed(request).thinking == Thinking(enabled=True, budget=0)
    request.thinking.budget = -1
    assert blamed(request) == "thinking.budget"


def test_answers_held_to_a_form_have_defaults_of_their_own() -> None:
    free, held = question(), question()
    held.response_format.json_schema = "{}"
    usual, copying = Sampling(temperature=0.7, frequency_penalty=0.3), Sampling()

    def temperature(request: pb.GenerateRequest, form_defaults: Sampling | None) -> float:
        prompt = requests.prompt(
            request, owner="me", defaults=usual, deadline=None, form_defaults=form_defaults
        )
        return prompt.sampling.temperature

    assert temperature(free, copying) == 0.7
    assert temperature(held, copying) == 0.0
    assert temperature(held, None) == 0.7
