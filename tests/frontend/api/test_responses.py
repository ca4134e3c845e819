"""POST /v1/responses as its callers see it: the official client, and raw HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from protos import inference_pb2 as pb
from tests.fakes.asking import PDF, png, url
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.web import Answered, Web

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Tells it.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": True,
}
CALL = pb.ToolCall(id="call_1", name="weather", arguments='{"city": "Paris"}')


@pytest.fixture
def client(web: Web) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{web.url}/v1", api_key="any", max_retries=0) as made:
        yield made


def post(web: Web, **over: Any) -> Answered:
    body = {k: v for k, v in {"model": "fake-model", "input": "hi", **over}.items() if v is not ...}
    headers = {"Content-Type": "application/json"}
    return web.send("POST", "/v1/responses", json.dumps(body).encode(), headers)


def events(answered: Answered) -> list[dict[str, Any]]:
    """The events of a stream; asserts that each is named and numbered."""
    found = []
    for number, block in enumerate(answered.content.decode().strip().split("\n\n")):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event["sequence_number"] == number
        found.append(event)
    return found


def said(web: Web, *content: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}]


# The official client


def test_a_whole_answer(client: openai.OpenAI) -> None:
    answer = client.responses.create(
        model="fake-model", input="hi there", instructions="Be kind.", max_output_tokens=50
    )
    assert answer.output_text == "You said: hi there"
    assert (answer.status, answer.model, answer.object) == ("completed", "fake-model", "response")
    assert (answer.instructions, answer.max_output_tokens) == ("Be kind.", 50)
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (4, 4)
    assert answer.usage.input_tokens_details.cached_tokens == 0
    extra: Any = answer.model_extra
    assert extra["glm_flash"]["route"] == "text"
    assert extra["store"] is False


def test_a_streamed_answer_builds_up_to_the_same(client: openai.OpenAI) -> None:
    with client.responses.stream(model="fake-model", input="hi there") as stream:
        text = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
        answer = stream.get_final_response()
    assert text == answer.output_text == "You said: hi there"
    assert answer.usage is not None
    assert answer.usage.output_tokens == 4


def test_pictures_and_files_arrive_in_their_order(
    client: openai.OpenAI, backend: FakeBackend
) -> None:
    content: Any = [
        {"type": "input_text", "text": "first"},
        {"type": "input_image", "image_url": url(png()), "detail": "low"},
        {
            "type": "input_file",
            "filename": "nda.pdf",
            "file_data": url(PDF, "application/pdf"),
        },
        {"type": "input_text", "text": "then"},
    ]
    client.responses.create(model="fake-model", input=[{"role": "user", "content": content}])
    parts = backend.requests[0].messages[0].parts
    assert [part.WhichOneof("content") for part in parts] == ["text", "media", "media", "text"]
    assert parts[1].media.detail == pb.DETAIL_LOW
    assert parts[2].media.filename == "nda.pdf"


def test_calls_and_their_results_go_back_and_forth(
    client: openai.OpenAI, backend: FakeBackend
) -> None:
    backend.calls_tools, backend.calls, backend.answer = True, [CALL], "Let me look."
    tools: Any = [WEATHER]
    asked: list[Any] = [{"role": "user", "content": "Paris?"}]
    answer = client.responses.create(model="fake-model", input=asked, tools=tools)
    assert [item.type for item in answer.output] == ["message", "function_call"]
    called: Any = answer.output[1]
    assert (called.name, called.arguments, called.call_id) == (
        "weather",
        '{"city": "Paris"}',
        "call_1",
    )
    asked += [item.model_dump(exclude_none=True) for item in answer.output]
    asked.append({"type": "function_call_output", "call_id": "call_1", "output": "rain"})
    client.responses.create(model="fake-model", input=asked, tools=tools, tool_choice="none")
    _, model, tool = backend.requests[-1].messages
    assert (model.parts[0].text, list(model.tool_calls)) == ("Let me look.", [CALL])
    assert (tool.role, tool.tool_call_id, tool.parts[0].text) == (pb.ROLE_TOOL, "call_1", "rain")
    assert backend.requests[-1].tools[0].name == "weather"


def test_a_form_arrives_and_is_parsed(client: openai.OpenAI, backend: FakeBackend) -> None:
    schema = {"type": "object", "properties": {"said": {"type": "string"}}}
    text: Any = {"format": {"type": "json_schema", "name": "x", "schema": schema, "strict": True}}
    answer = client.responses.create(model="fake-model", input="hi", text=text)
    assert json.loads(answer.output_text) == {"said": "You said: hi"}
    assert json.loads(backend.requests[-1].response_format.json_schema) == schema


def test_errors_are_the_client_s_own(client: openai.OpenAI, backend: FakeBackend) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.responses.create(model="gpt-4o", input="hi")
    assert missing.value.code == "model_not_found"
    backend.refusals.append(Refusal("queue_full", "Busy.", "queue_full", retry_after=9))
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model="fake-model", input="hi")


# The events, to the letter


def test_the_events_of_a_stream(web: Web, backend: FakeBackend) -> None:
    backend.calls_tools, backend.calls = True, [CALL]
    backend.reasoning, backend.answer = "hm well", "yes"
    asked = {"tools": [WEATHER], "reasoning": {"effort": "high"}, "stream": True}
    answered = post(web, **asked, include=["message.output_text.logprobs"])
    assert answered.headers["content-type"].startswith("text/event-stream")
    told = events(answered)
    assert [event["type"].removeprefix("response.") for event in told] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert told[11]["logprobs"][0]["token"] == "yes"
    assert told[0]["response"]["output"] == told[2]["item"]["content"] == []
    done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
    whole = told[-1]["response"]
    assert whole["output"] == done
    assert [item["type"] for item in done] == ["reasoning", "message", "function_call"]
    assert whole["id"] == told[0]["response"]["id"]
    assert whole["usage"]["output_tokens_details"] == {"reasoning_tokens": 2}


def test_an_answer_that_was_cut_short_is_incomplete(web: Web) -> None:
    answered = post(web, max_output_tokens=1).json
    assert (answered["status"], answered["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    assert answered["output"][0]["status"] == "incomplete"
    assert events(post(web, max_output_tokens=1, stream=True))[-1]["type"] == "response.incomplete"


def test_an_answer_first_taken_for_reasoning_is_given_once(web: Web, backend: FakeBackend) -> None:
    backend.reasoning = backend.answer = "Paris it is"
    (item,) = post(web, reasoning={"effort": "low"}).json["output"]
    assert item["content"][0]["text"] == "Paris it is"


def test_an_error_after_the_first_word_ends_the_stream(web: Web, backend: FakeBackend) -> None:
    backend.fail_after = 1
    told = events(post(web, stream=True))
    assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
    assert told[-2]["code"] == "internal_error"
    assert told[-1]["response"]["status"] == "failed"
    backend.fail_after = 0
    refused = post(web, stream=True)
    assert (refused.status, refused.error["code"]) == (500, "internal_error")


# What is refused, under this dialect's names


def part(**fields: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}, fields]}]}


@pytest.mark.parametrize(
    ("over", "param"),
    [
        ({"model": ...}, "model"),
        ({"input": ...}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": [5]}, "input[0]"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "root", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        (
            {"input": [{"type": "function_call", "call_id": "1", "name": "f", "arguments": "["}]},
            "input[0].arguments",
        ),
        (part(type="input_audio"), "input[0].content[1].type"),
        (part(type="input_text"), "input[0].content[1].text"),
        (part(type="input_image", image_url="data:x"), "input[0].content[1].image_url"),
        (part(type="input_image", image_url=url(b"no")), "input[0].content[1].image_url"),
        (part(type="input_image", file_id="f"), "input[0].content[1].file_id"),
        (
            part(type="input_image", image_url=url(png()), detail="x"),
            "input[0].content[1].detail",
        ),
        (part(type="input_file", file_data="AAAA"), "input[0].content[1].file_data"),
        (part(type="input_file", file_url="http://a.b/c.pdf"), "input[0].content[1].file_url"),
        ({"instructions": 5}, "instructions"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"include": ["everything"]}, "include"),
        ({"text": {"format": {"type": "json_schema", "name": "a b"}}}, "text.format.name"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "yaml"}}}, "text.format.type"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [WEATHER]}, "tools"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "c"}, "conversation"),
        ({"background": True}, "background"),
        ({"truncation": "auto"}, "truncation"),
        ({"guided_regex": "a"}, "guided_regex"),
        ({"cache_salt": "a"}, "cache_salt"),
    ],
)
def test_what_is_wrong_is_named(web: Web, over: dict[str, Any], param: str) -> None:
    for stream in (False, True):
        answered = post(web, **over, stream=stream)
        assert answered.status == 400, answered.content
        assert answered.error["param"] == param


def test_what_the_backend_blames_gets_this_dialect_s_name(web: Web, backend: FakeBackend) -> None:
    for theirs, ours in {
        "messages[1].parts[0]": "input",
        "messages[0].parts[0]": "instructions",
        "messages": "input",
        "sampling.max_tokens": "max_output_tokens",
        "response_format.json_schema": "text.format",
    }.items():
        backend.refusals.append(Refusal("bad_input", "No.", "invalid_value", theirs))
        assert post(web, instructions="Be.").error["param"] == ours


def test_what_cannot_change_an_answer_is_ignored(web: Web) -> None:
    ignored = {
        "store": True,
        "metadata": {"a": "b"},
        "user": "me",
        "service_tier": "auto",
        "safety_identifier": "x",
        "prompt_cache_key": "x",
        "max_tool_calls": 3,
        "stream_options": {"include_obfuscation": False},
        "include": ["reasoning.encrypted_content"],
        "text": {"verbosity": "low"},
        "truncation": "disabled",
        "n": 5,
        "messages": "x",
    }
    answered = post(web, **ignored)
    assert answered.status == 200
    assert answered.json["metadata"] == {"a": "b"}
    assert len(answered.json["output"]) == 1
