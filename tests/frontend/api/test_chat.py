"""POST /v1/chat/completions as its callers see it: the official client, and raw HTTP."""

from __future__ import annotations

import base64
import concurrent.futures
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from protos import inference_pb2
from tests.fakes.asking import PDF, document, picture, png, text, url, user
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.waiting import PATIENCE, wait_until
from tests.fakes.web import CHAT, Web, read_response

HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture
def client(web: Web) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{web.url}/v1", api_key="any", max_retries=0) as made:
        yield made


# The official client


def test_a_whole_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="fake-model", messages=[{"role": "user", "content": "hi there"}]
    )
    assert answer.choices[0].message.content == "You said: hi there"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (2, 4)
    assert answer.usage.total_tokens == 6
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 0


def test_a_streamed_answer_is_the_same(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="fake-model",
            messages=[{"role": "user", "content": "hi there"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == "You said: hi there"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_errors_are_the_clients_own(client: openai.OpenAI, backend: FakeBackend) -> None:
    messages: Any = [{"role": "user", "content": "hi"}]
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-4o", messages=messages)
    assert missing.value.code == "model_not_found"
    backend.refusals.append(Refusal("queue_full", "Busy.", "queue_full", retry_after=9))
    with pytest.raises(openai.RateLimitError) as busy:
        client.chat.completions.create(model="fake-model", messages=messages)
    assert busy.value.response.headers["retry-after"] == "9"
    backend.refusals.append(
        Refusal("bad_input", "No.", "unsupported_parameter", "response_format.json_schema")
    )
    with pytest.raises(openai.BadRequestError) as unable:
        client.chat.completions.create(model="fake-model", messages=messages)
    assert (unable.value.code, unable.value.param) == ("unsupported_parameter", "response_format")


def test_an_error_inside_a_stream_is_raised(client: openai.OpenAI, backend: FakeBackend) -> None:
    backend.fail_after = 2
    stream = client.chat.completions.create(
        model="fake-model", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    with pytest.raises(openai.APIError) as broken:
        list(stream)
    assert broken.value.code == "internal_error"


# The stream, to the letter


def test_the_shape_of_a_stream(web: Web) -> None:
    answered = web.chat(stream=True, n=2)
    assert answered.headers["content-type"].startswith("text/event-stream")
    chunks = answered.chunks
    assert len({(c["id"], c["created"], c["model"], c["object"]) for c in chunks}) == 1
    assert chunks[0]["object"] == "chat.completion.chunk"
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    for index in (0, 1):
        own = [choice for choice in choices if choice["index"] == index]
        assert own[0]["delta"]["role"] == "assistant"
        assert all("role" not in choice["delta"] for choice in own[1:])
        assert [choice["finish_reason"] for choice in own] == [None] * (len(own) - 1) + ["stop"]
        said = "".join(choice["delta"].get("content", "") for choice in own)
        assert said == "You said: hi there"
    assert "role" in json.dumps(chunks[0])
    assert all('"role"' not in json.dumps(chunk) for chunk in chunks[1:])
    assert all("usage" not in chunk for chunk in chunks)
    assert chunks[-1]["glm_flash"]["route"] == "text"


def test_a_refusal_before_the_first_token_is_plain_http(web: Web, backend: FakeBackend) -> None:
    backend.fail_after = 0
    answered = web.chat(stream=True)
    assert answered.status == 500
    assert answered.error["code"] == "internal_error"
    assert "0x" not in answered.error["message"]
    assert web.chat(stream=True, model="other").status == 404


def test_an_error_after_the_first_token_ends_the_stream(web: Web, backend: FakeBackend) -> None:
    backend.fail_after = 1
    answered = web.chat(stream=True)
    assert answered.status == 200
    assert answered.chunks[-1]["error"]["code"] == "internal_error"
    assert set(answered.chunks[-1]["error"]) == {"message", "type", "param", "code"}


# What the answer tells


def test_several_answers_and_their_length(web: Web) -> None:
    answered = web.chat(n=3, max_tokens=2).json
    assert [choice["index"] for choice in answered["choices"]] == [0, 1, 2]
    assert {choice["finish_reason"] for choice in answered["choices"]} == {"length"}
    assert {choice["message"]["content"] for choice in answered["choices"]} == {"You said:"}
    assert answered["usage"]["completion_tokens"] == 6
    assert answered["usage"]["prompt_tokens"] == 2


def test_logprobs(web: Web) -> None:
    choice = web.chat(logprobs=True, top_logprobs=2).json["choices"][0]
    first = choice["logprobs"]["content"][0]
    assert (first["token"], bytes(first["bytes"]), len(first["top_logprobs"])) == ("You", b"You", 2)
    assert web.chat().json["choices"][0]["logprobs"] is None
    streamed = web.chat(logprobs=True, stream=True).chunks[1]["choices"][0]
    assert streamed["logprobs"]["content"][0]["token"] == "You"


def test_reasoning_stands_beside_the_answer(web: Web, backend: FakeBackend) -> None:
    backend.reasoning = "hm well"
    assert "reasoning_content" not in web.chat().json["choices"][0]["message"]
    thought = web.chat(chat_template_kwargs={"enable_thinking": True}).json
    assert thought["choices"][0]["message"]["reasoning_content"] == "hm well"
    assert thought["choices"][0]["message"]["content"] == "You said: hi there"
    assert thought["usage"]["completion_tokens_details"] == {"reasoning_tokens": 2}
    assert thought["choices"][0]["message"]["reasoning"] == "hm well"
    assert web.chat(thinking={"type": "enabled"}, stream=True).chunks[1]["choices"][0]["delta"] == {
        "reasoning_content": "hm",
        "reasoning": "hm",
    }


def test_an_answer_first_taken_for_reasoning_is_given_once(web: Web, backend: FakeBackend) -> None:
    backend.reasoning = backend.answer = "Paris it is"
    message = web.chat(thinking={"type": "enabled"}).json["choices"][0]["message"]
    assert message["content"] == "Paris it is"
    assert "reasoning_content" not in message


def test_a_budget_for_reasoning_arrives(web: Web, backend: FakeBackend) -> None:
    backend.reasoning = "one two three"
    asked = web.chat(thinking={"type": "enabled", "budget_tokens": 2}).json
    assert asked["choices"][0]["message"]["reasoning_content"] == "one two"


def test_a_form_arrives(web: Web, backend: FakeBackend) -> None:
    schema = {"type": "object", "properties": {"said": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    answered = web.chat(response_format=form).json["choices"][0]["message"]["content"]
    assert json.loads(answered) == {"said": "You said: hi there"}
    assert json.loads(backend.requests[-1].response_format.json_schema) == schema
    assert web.chat(response_format={"type": "json_object"}).status == 200
    assert backend.requests[-1].response_format.json_object


@pytest.mark.parametrize("stream", [False, True])
def test_places_in_pictures_stand_beside_the_answer(
    web: Web, backend: FakeBackend, stream: bool
) -> None:
    def choice() -> dict[str, Any]:
        answered = web.chat(stream=stream)
        chosen: dict[str, Any] = (answered.chunks[-1] if stream else answered.json)["choices"][0]
        return chosen

    assert "boxes" not in choice()
    backend.boxes = [
        inference_pb2.Box(sha256="ab", page=2, label="seal", left=1, top=2, right=3, bottom=4.5)
    ]
    assert choice()["boxes"] == [
        {
            "file": None,
            "sha256": "ab",
            "page": 2,
            "label": "seal",
            "left": 1.0,
            "top": 2.0,
            "right": 3.0,
            "bottom": 4.5,
        }
    ]


def test_a_repeated_prompt_is_cached(web: Web) -> None:
    long = " ".join(["word"] * 100)
    messages = [{"role": "user", "content": long}]
    first, second = (web.chat(messages=messages).json["usage"] for _ in range(2))
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert second["prompt_tokens_details"]["cached_tokens"] == 96


def test_an_answer_from_the_cache_is_marked_and_can_be_declined(
    web: Web, backend: FakeBackend
) -> None:
    backend.keeps_answers = True
    computed, again = (web.chat().json for _ in range(2))
    assert (computed["glm_flash"]["answer_cached"], computed["glm_flash"]["cached_tokens"]) == (
        False,
        0,
    )
    assert again["choices"] == computed["choices"]
    assert again["glm_flash"]["answer_cached"] is True
    assert again["usage"]["prompt_tokens"] == 2
    assert again["usage"]["prompt_tokens_details"]["cached_tokens"] == 2
    assert again["glm_flash"]["cached_tokens"] == 2
    assert web.chat(stream=True).chunks[-1]["glm_flash"]["answer_cached"] is True

    declined = web.chat(use_answer_cache=False).json
    assert declined["glm_flash"]["answer_cached"] is False
    assert backend.requests[-1].use_answer_cache is False
    assert web.chat(use_answer_cache=True).json["glm_flash"]["answer_cached"] is True


def test_all_sampling_fields_arrive(web: Web, backend: FakeBackend) -> None:
    assert (
        web.chat(
            temperature=1,
            top_p=0.5,
            top_k=-1,
            presence_penalty=-2,
            frequency_penalty=2,
            seed=-5,
            max_tokens=9,
            max_completion_tokens=7,
            stop="x",
            logit_bias={"12": -100},
            user="someone",
            metadata={"a": "b"},
            tools=[],
            stream_options=None,
        ).status
        == 200
    )
    sampling = backend.requests[0].sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == (1.0, 0.5, 0)
    assert (sampling.presence_penalty, sampling.frequency_penalty) == (-2.0, 2.0)
    assert (sampling.seed, sampling.max_tokens, list(sampling.stop)) == (-5, 7, ["x"])
    assert dict(sampling.logit_bias) == {12: -100.0}
    assert not sampling.HasField("top_logprobs")


def test_what_is_not_given_is_not_sent(web: Web, backend: FakeBackend) -> None:
    web.chat(temperature=None, seed=None)
    assert backend.requests[0].sampling == inference_pb2.Sampling()


# Files


def test_a_document_is_read_and_told_about(web: Web, backend: FakeBackend) -> None:
    answered = web.chat(messages=user(document(filename="nda.pdf"), text("who?"))).json
    about = answered["glm_flash"]
    assert about["route"] == "multimodal"
    assert about["route_reason"]
    assert [(page["file"], page["page"], page["method"]) for page in about["pages"]] == [
        ("nda.pdf", 1, "text_layer"),
        ("nda.pdf", 2, "text_layer"),
    ]
    parts = backend.requests[0].messages[0].parts
    assert [part.WhichOneof("content") for part in parts] == ["media", "text"]
    assert parts[0].media.filename == "nda.pdf"


def test_the_same_file_is_uploaded_once(web: Web, backend: FakeBackend) -> None:
    same = [picture(url(png())), picture(url(png(), "IMAGE/JPEG;charset=x"), detail="low")]
    assert web.chat(messages=user(*same, picture(url(png("blue"))), text("?"))).status == 200
    assert len(backend.uploads) == 2
    assert web.chat(messages=user(*same)).status == 200
    assert len(backend.uploads) == 2
    details = [part.media.detail for part in backend.requests[0].messages[0].parts[:2]]
    assert details == [inference_pb2.DETAIL_AUTO, inference_pb2.DETAIL_LOW]


@pytest.mark.parametrize(
    "link", ["DATA:image/png;BASE64,", "data:;base64,", "data:text/plain;a=b;base64,"]
)
def test_legal_data_urls(web: Web, link: str) -> None:
    link += base64.b64encode(png()).decode()
    assert web.chat(messages=user(picture(link))).status == 200
    assert web.chat(messages=user({"type": "image_url", "image_url": link})).status == 200


@pytest.mark.parametrize(
    ("part", "param", "code"),
    [
        (picture("data:image/png;base64,_-_-"), "image_url.url", "invalid_image_url"),
        (picture("data:image/png;base64,"), "image_url.url", "invalid_image_url"),
        (picture("data:image/png;base64,AAA"), "image_url.url", "invalid_image_url"),
        (picture("data:image/png,abc"), "image_url.url", "invalid_image_url"),
        (picture(url(b"no picture")), "image_url.url", "unsupported_image_format"),
        (picture(url(PDF)), "image_url.url", "unsupported_image_format"),
        (picture(url(png(size=(1, 300)))), "image_url.url", "image_aspect_ratio"),
        (picture(url(png()), detail="ultra"), "image_url.detail", "invalid_value"),
        ({"type": "image_url", "image_url": "x"}, "image_url", "invalid_image_url"),
        ({"type": "image_url", "image_url": 5}, "image_url", "invalid_type"),
        ({"type": "image_url"}, "image_url", "missing_required_parameter"),
        (document(b"%PDF-1.7 cut"), "file.file_data", "invalid_file"),
        (document(b"%PDF-1.7 /Encrypt %%EOF"), "file.file_data", "pdf_encrypted"),
        ({"type": "file", "file": {"file_id": "f"}}, "file.file_id", "unsupported_parameter"),
        ({"type": "file", "file": {"file_data": "AAAA"}}, "file.file_data", "invalid_file"),
        (document(b""), "file.file_data", "empty_file"),
        ({"type": "file", "file": {}}, "file.file_data", "missing_required_parameter"),
        ({"type": "input_audio"}, "type", "invalid_value"),
        ({"type": "text"}, "text", "missing_required_parameter"),
        ({"type": "text", "text": "a", "uuid": "b"}, "uuid", "unknown_parameter"),
    ],
)
def test_bad_parts(web: Web, part: dict[str, Any], param: str, code: str) -> None:
    answered = web.chat(messages=user(text("look"), part))
    assert answered.status == 400
    assert answered.error["type"] == "invalid_request_error"
    assert (answered.error["param"], answered.error["code"]) == (
        f"messages[0].content[1].{param}",
        code,
    )


def test_pictures_over_the_limit_together(web: Web, backend: FakeBackend) -> None:
    half = picture(url(png() + bytes(4 << 20)))
    answered = web.chat(messages=user(half, half))
    assert answered.status == 413
    assert answered.error["code"] == "request_too_large"
    assert backend.uploads == []


def test_some_pages_of_a_document_can_be_asked_about(web: Web, backend: FakeBackend) -> None:
    part = document()
    part["file"]["pages"] = [3, 1, 3]
    assert web.chat(messages=[{"role": "user", "content": [part]}]).status == 200
    assert list(backend.requests[0].messages[0].parts[0].media.pages) == [1, 3]
    for wrong, path in (("1", "pages"), ([0], "pages[0]"), ([1, True], "pages[1]")):
        part["file"]["pages"] = wrong
        refused = web.chat(messages=[{"role": "user", "content": [part]}])
        assert refused.status == 400
        assert refused.error["param"] == f"messages[0].content[0].file.{path}"


def test_a_large_document_is_taken(web: Web, backend: FakeBackend) -> None:
    assert web.chat(messages=user(document(PDF + bytes(20 << 20) + b"%%EOF"))).status == 200
    assert len(backend.uploads) == 1


def test_the_backends_fields_get_their_openai_names(web: Web, backend: FakeBackend) -> None:
    messages = [{"role": "system", "content": "be"}, *user(text("a"), picture(url(png())))]
    for theirs, ours in {
        "messages[1].parts[1].media": "messages[1].content[1].image_url.url",
        "messages[1].parts[0]": "messages[1].content[0]",
        "messages[0].parts[0]": "messages[0].content",
        "messages[0].role": "messages[0].role",
        "messages": "messages",
        "sampling.max_tokens": "max_tokens",
        "response_format.json_schema": "response_format",
        "request_id": None,
    }.items():
        backend.refusals.append(Refusal("bad_input", "No.", "invalid_value", theirs))
        assert web.chat(messages=messages).error["param"] == ours


# Time, absence and leaving


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("start_delay", "token_delay"), [(900.0, 0.0), (0.0, 300.0)])
def test_a_client_that_leaves_frees_its_place(
    web: Web, backend: FakeBackend, stream: bool, start_delay: float, token_delay: float
) -> None:
    backend.start_delay, backend.token_delay = start_delay, token_delay
    connection = http.client.HTTPConnection("127.0.0.1", web.port)
    body = {"model": "fake-model", "stream": stream, "messages": user(text("a b c d e"))}
    connection.request("POST", CHAT, json.dumps(body), {"Content-Type": "application/json"})
    wait_until(lambda: backend.running == 1)
    connection.close()
    wait_until(lambda: len(backend.cancelled) == 1)
    assert backend.running == 0


def test_leaving_in_the_middle_of_a_stream(
    client: openai.OpenAI, web: Web, backend: FakeBackend
) -> None:
    backend.token_delay = 0.1
    words = "word " * 2_000
    stream = client.chat.completions.create(
        model="fake-model", messages=[{"role": "user", "content": words}], stream=True
    )
    next(stream)
    next(stream)
    stream.close()
    wait_until(lambda: len(backend.cancelled) == 1)
    left = b'glm_flash_web_requests_total{route="/v1/chat/completions",status="499"} 1.0'
    wait_until(lambda: left in web.get("/metrics").content)


def test_the_time_allowed(web: Web, backend: FakeBackend) -> None:
    backend.start_delay = 300
    for stream in (False, True):
        answered = web.chat(headers={"X-Request-Timeout": "0.2"}, stream=stream)
        assert answered.status == 504
        assert answered.error["code"] == "deadline_exceeded"
    for wrong in ("0", "-1", "nan", "1e3", "99999"):
        assert web.chat(headers={"X-Request-Timeout": wrong}).status == 400
    backend.start_delay, backend.token_delay = 0, 0.5
    words = user(text("word " * 500))
    answered = web.chat(headers={"X-Request-Timeout": "4"}, stream=True, messages=words)
    assert answered.chunks[-1]["error"]["code"] == "deadline_exceeded"


def test_ends_that_are_no_answers(web: Web, backend: FakeBackend) -> None:
    for reason, status in (
        (inference_pb2.FINISH_REASON_DEADLINE, 504),
        (inference_pb2.FINISH_REASON_CANCELLED, 503),
        (inference_pb2.FINISH_REASON_ERROR, 500),
    ):
        backend.finish_reason = reason
        assert web.chat().status == status
        assert web.chat(stream=True).chunks[-1]["error"]["type"] == "server_error"


def test_without_a_backend(web: Web, backend: FakeBackend) -> None:
    backend.phase = inference_pb2.PHASE_LOADING
    backend.phase_detail = "The weights are being read."
    answered = web.chat()
    assert (answered.status, answered.headers["retry-after"]) == (503, "2")
    assert answered.error["message"] == "The weights are being read."
    backend.stop()
    answered = web.chat(stream=True)
    assert answered.status == 503
    assert 1 <= int(answered.headers["retry-after"]) <= 120
    assert "127.0.0.1" not in answered.error["message"]
    backend.phase = inference_pb2.PHASE_READY
    backend.start()
    wait_until(lambda: web.chat().status == 200)


def test_eight_at_once(web: Web, backend: FakeBackend) -> None:
    backend.answers = 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(web.chat, messages=user(text(f"number {i}")), stream=bool(i % 2))
            for i in range(8)
        ]
        wait_until(lambda: backend.running == 8)
        assert web.get("/health").status == 200
        assert backend.running == 8, "it waits for none of them"
        backend.answers = None
        for i, future in enumerate(asked):
            assert future.result().status == 200
            assert f" {i}" in future.result().content.decode()
    assert len({request.request_id for request in backend.requests}) == 8


def test_stopping_ends_running_answers_with_a_word(web: Web, backend: FakeBackend) -> None:
    backend.token_delay = 0.3
    with socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE) as connection:
        words = user(text("word " * 500))
        body = json.dumps({"model": "fake-model", "stream": True, "messages": words})
        connection.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        connection.recv(1, socket.MSG_PEEK)  # the stream has begun, so the first token was told
        web.api.end_all()
        answered = read_response(connection)
    assert answered.chunks[-1]["error"]["code"] == "backend_unavailable"
    assert web.chat().status == 503


def test_request_ids(web: Web, backend: FakeBackend) -> None:
    answered = web.chat(headers={"X-Request-Id": "my-own.id_1"})
    assert answered.headers["x-request-id"] == "my-own.id_1"
    assert backend.requests[0].request_id.startswith("my-own.id_1-")
    assert answered.json["id"] == f"chatcmpl-{backend.requests[0].request_id}"
    again = web.chat(headers={"X-Request-Id": "my-own.id_1"})
    assert again.status == 200
    assert web.chat(headers={"X-Request-Id": "no good"}).headers["x-request-id"] != "no good"


def test_a_body_that_does_not_arrive(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontend.api.body.BODY_SECONDS", 0.2)
    answered = web.raw([f"{HEAD}Content-Length: 100\r\n\r\n{{".encode()])
    assert answered.status == 408
    assert answered.error["code"] == "request_timeout"


def test_a_client_that_does_not_read_frees_its_place(
    web: Web, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.api.exchange.READER_SECONDS", 0.3)
    backend.answer = " ".join(["w" * 200_000] * 100)
    backend.token_delay = 0.01
    with socket.create_connection(("127.0.0.1", web.port), timeout=5) as connection:
        body = json.dumps({"model": "fake-model", "stream": True, "messages": user(text("a"))})
        connection.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        wait_until(lambda: len(backend.cancelled) == 1)
    assert web.get("/health").status == 200
