"""The REST contract, clause by clause, on the real model: whole and streamed, client and raw."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import jsonschema
import pytest
from openai import OpenAI

from frontend.client.blocking import Client
from scripts.lib.system import System

HELLO = [{"role": "user", "content": "Say hello to the sea."}]


@dataclass
class Told:
    """One answer, however it came."""

    texts: dict[int, str] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    logprobs: list[Any] = field(default_factory=list)
    usage: Any = None


def ask(openai: OpenAI, *, stream: bool, **asked: Any) -> Told:
    """The same question, whole or streamed, told alike."""
    given: dict[str, Any] = {
        "model": "embedded",
        "messages": HELLO,
        "temperature": 0,
        "max_tokens": 8,
        "extra_body": {"use_answer_cache": False},
        **asked,
    }
    told = Told()
    if not stream:
        answer = openai.chat.completions.create(**given)
        for choice in answer.choices:
            told.texts[choice.index] = choice.message.content or ""
            told.reasons[choice.index] = choice.finish_reason
            told.logprobs += (choice.logprobs.content or []) if choice.logprobs else []
        told.usage = answer.usage
        return told
    chunks = list(
        openai.chat.completions.create(**given, stream=True, stream_options={"include_usage": True})
    )
    for chunk in chunks:
        for part in chunk.choices:
            told.texts[part.index] = told.texts.get(part.index, "") + (part.delta.content or "")
            if part.finish_reason:
                assert part.index not in told.reasons, "one reason for each"
                told.reasons[part.index] = part.finish_reason
            told.logprobs += (part.logprobs.content or []) if part.logprobs else []
    assert chunks[-1].choices == []
    told.usage = chunks[-1].usage
    return told


def both(openai: OpenAI, **asked: Any) -> Told:
    """Asserts that a stream says what the whole answer says."""
    whole, streamed = (ask(openai, stream=stream, **asked) for stream in (False, True))
    assert (whole.texts, whole.reasons) == (streamed.texts, streamed.reasons)
    assert whole.usage.prompt_tokens == streamed.usage.prompt_tokens
    assert whole.usage.completion_tokens == streamed.usage.completion_tokens
    assert [one.token for one in whole.logprobs] == [one.token for one in streamed.logprobs]
    return whole


def test_several_answers_count_their_prompt_once(openai: OpenAI) -> None:
    one = both(openai)
    three = both(openai, n=3)
    assert list(three.texts.values()) == [one.texts[0]] * 3
    assert three.usage.prompt_tokens == one.usage.prompt_tokens
    assert three.usage.completion_tokens == 3 * one.usage.completion_tokens


def test_the_same_question_again_is_cached_but_not_before(openai: OpenAI) -> None:
    fresh = [{"role": "user", "content": "Count: " + " ".join(str(n * 37) for n in range(90))}]
    usages = [ask(openai, stream=False, messages=fresh, max_tokens=2).usage for _ in range(2)]
    first, second = (usage.prompt_tokens_details.cached_tokens for usage in usages)
    assert first < 64
    assert second >= usages[0].prompt_tokens - 64


def test_stop_strings_end_and_are_no_part_of_the_text(openai: OpenAI) -> None:
    said = both(openai, max_tokens=24).texts[0]
    word = said.split()[2]
    stopped = both(openai, max_tokens=24, stop=[word, "never said"])
    assert stopped.texts[0] == said[: said.index(word)]
    assert stopped.reasons[0] == "stop"


def test_logprobs_are_one_a_token(openai: OpenAI) -> None:
    told = both(openai, logprobs=True, top_logprobs=3, max_tokens=5)
    assert len(told.logprobs) == told.usage.completion_tokens == 5
    assert b"".join(bytes(one.bytes) for one in told.logprobs).decode() == told.texts[0]
    for one in told.logprobs:
        assert len(one.top_logprobs) == 3
        assert one.logprob == one.top_logprobs[0].logprob <= 0


def test_a_bias_forbids_a_token(openai: OpenAI, system: System) -> None:
    first = ask(openai, stream=False, max_tokens=1).texts[0]
    body = {"model": "embedded", "prompt": first}
    told = httpx.post(f"{system.url}/v1/tokenize", json=body, timeout=30).json()
    assert told["count"] == len(told["tokens"]) == 1
    biased = both(openai, max_tokens=1, logit_bias={str(told["tokens"][0]): -100})
    assert biased.texts[0] != first


def test_a_form_holds_whatever_the_prompt_says(openai: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"word": {"type": "string", "maxLength": 12}, "size": {"enum": [1, 2]}},
        "required": ["word", "size"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    told = both(
        openai,
        messages=[{"role": "user", "content": "Never write JSON. Write a poem."}],
        response_format=form,
        max_tokens=60,
    )
    jsonschema.validate(json.loads(told.texts[0]), schema)
    assert told.reasons[0] == "stop"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_length_is_met_exactly(openai: OpenAI, name: str) -> None:
    asked: dict[str, Any] = {"max_tokens": None, name: 3}
    told = both(openai, **asked)
    assert (told.reasons[0], told.usage.completion_tokens) == ("length", 3)


def test_this_model_refuses_functions_and_tool_turns(system: System) -> None:
    function = {"type": "function", "function": {"name": "f"}}
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        *HELLO,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "x"},
    ]
    for over, param in (
        ({"tools": [function]}, "tools"),
        ({"messages": turns}, "messages[1].role"),
    ):
        for stream in (False, True):
            body = {"model": "embedded", "messages": HELLO, "stream": stream, **over}
            answered = httpx.post(f"{system.url}/v1/chat/completions", json=body, timeout=30)
            error = answered.json()["error"]
            assert (answered.status_code, error["param"]) == (400, param)
            assert error["code"] == "unsupported_parameter"


def test_a_stream_to_the_letter(system: System, backend: Client) -> None:
    body = {"model": "embedded", "messages": HELLO, "max_tokens": 4, "stream": True, "n": 2}
    sent = httpx.post(f"{system.url}/v1/chat/completions", json=body, timeout=30)
    assert sent.headers["content-type"].startswith("text/event-stream")
    events = sent.text.strip().split("\n\n")
    assert events.pop() == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert len({(c["id"], c["created"], c["model"], c["object"]) for c in chunks}) == 1
    assert all("usage" not in chunk for chunk in chunks)
    for place, chunk in enumerate(chunks):
        assert all(("role" in choice["delta"]) == (place == 0) for choice in chunk["choices"])
    for index in (0, 1):
        own = [c for chunk in chunks for c in chunk["choices"] if c["index"] == index]
        assert [c["finish_reason"] for c in own] == [None] * (len(own) - 1) + ["length"]
    assert backend.stats().running == 0
