"""The engine that asks another server, against one that speaks as vLLM does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.errors import (
    AlreadyExists,
    ContextLengthExceeded,
    Internal,
    InvalidRequest,
    QueueFull,
    RequestError,
    TooLarge,
    Unavailable,
)
from backend.prompt.events import Delta
from backend.prompt.picture import ImageSpan, Picture, Pixels
from backend.prompt.prompt import (
    Calling,
    FinishReason,
    Form,
    Priority,
    ResponseFormat,
    Role,
    Sampling,
    Tool,
    ToolCall,
)
from backend.prompt.template import ChatMessage, Mark
from backend.remote.address import Address
from backend.remote.dialect import Dialect
from backend.remote.engine import RemoteEngine
from backend.remote.probe import look
from backend.work import Asked, Work
from tests.fakes.vllm import FakeVllm, chunk, spoken
from tests.fakes.waiting import PATIENCE

pytestmark = pytest.mark.recipes

SECRET_WORDS = "Traceback: /srv/models/acme.py, prompt was 'the salary of Ms Roe'"


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.spoke = threading.Event()
        self.done = threading.Event()
        self.deltas: list[Delta] = []
        self.prompt: tuple[int, int] | None = None
        self.reasons: tuple[FinishReason, ...] = ()
        self.completion_tokens = 0
        self.error: RequestError | None = None
        self.ends = 0

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        assert not self.begun.is_set()
        self.begun.set()

    def delta(self, delta: Delta) -> None:
        self.deltas.append(delta)
        self.spoke.set()

    def counted(self, prompt_tokens: int, cached_tokens: int) -> None:
        self.prompt = prompt_tokens, cached_tokens

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.reasons, self.completion_tokens, self.error = reasons, completion_tokens, error
        self.ends += 1
        self.done.set()

    def text(self, index: int = 0) -> str:
        return "".join(delta.text for delta in self.deltas if delta.index == index)

    @property
    def reasoning(self) -> str:
        return "".join(delta.reasoning for delta in self.deltas)


@pytest.fixture
def server() -> Iterator[FakeVllm]:
    with FakeVllm() as fake:
        yield fake


Start = Callable[..., RemoteEngine]


@pytest.fixture
def start(server: FakeVllm) -> Iterator[Start]:
    started: list[RemoteEngine] = []

    def make(max_running: int = 4, max_queue: int = 8, **known: Any) -> RemoteEngine:
        address = Address(server.url)
        found = replace(look(address, None), **known)
        engine = RemoteEngine(
            address,
            found,
            context_length=4096,
            max_running=max_running,
            max_queue=max_queue,
        )
        engine.start()
        started.append(engine)
        return engine

    yield make
    server.go_on.set()
    for engine in started:
        engine.stop(0.0)


def work(request_id: str = "a", text: str = "Hello", **fields: Any) -> Work:
    turns = fields.pop("turns", (ChatMessage(Role.USER, text),))
    sampling = fields.pop("sampling", Sampling(seed=1, max_tokens=64))
    form = fields.pop("response_format", None)
    return Work(
        request_id=request_id,
        owner="local",
        prompt_ids=(300, 301),
        sampling=sampling,
        asked=Asked(turns, sampling.max_tokens, form),
        **fields,
    )


def ask(engine: RemoteEngine, asked: Work) -> Heard:
    heard = Heard()
    engine.submit(asked, heard)
    assert heard.done.wait(PATIENCE)
    return heard


def test_an_answer_comes_in_the_servers_pieces_with_its_own_counts(
    server: FakeVllm, start: Start
) -> None:
    details = {"cached_tokens": 8}
    server.answer = lambda body: spoken("It ", "is ", "so.", prompt_tokens_details=details)
    engine = start()

    heard = ask(engine, work())

    assert [delta.text for delta in heard.deltas] == ["It ", "is ", "so."]
    assert heard.reasons == (FinishReason.STOP,)
    assert (heard.prompt, heard.completion_tokens, heard.error) == ((11, 8), 3, None)
    assert heard.ends == 1
    stats = engine.stats()
    assert (stats.queued, stats.running) == (0, 0)
    assert (stats.prompt_tokens_total, stats.completion_tokens_total) == (11, 3)
    assert (stats.prefix_hits_total, stats.prefix_misses_total) == (8, 3)


def test_what_is_asked_is_said_in_the_servers_words(server: FakeVllm, start: Start) -> None:
    pixels = Pixels(b"\xff\x00\x00" * (28 * 28), 28, 28)
    picture = Picture(b"k", "local", "f" * 64, 1, 1, 1, pixels)
    sampling = Sampling(
        temperature=0.5, top_p=0.9, seed=7, max_tokens=20, stop=("END",), repetition_penalty=1.1
    )
    heard = ask(
        start(),
        work(
            turns=(
                ChatMessage(Role.SYSTEM, "Be brief."),
                ChatMessage(Role.USER, ("Page:\n", Mark.PICTURE, "What is it?")),
            ),
            sampling=sampling,
            images=(ImageSpan(1, picture),),
            response_format=ResponseFormat(Form.SCHEMA, '{"type": "object"}'),
        ),
    )

    assert heard.error is None
    (body,) = server.bodies
    first, shown, last = body["messages"][1]["content"]
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (first["text"], last["text"]) == ("Page:\n", "What is it?")
    assert shown["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert body["model"] == server.model
    assert body["stream_options"] == {"include_usage": True}
    assert (body["temperature"], body["top_p"], body["seed"], body["max_tokens"]) == (
        0.5, 0.9, 7, 20,
    )  # fmt: skip
    assert (body["stop"], body["top_k"], body["repetition_penalty"]) == (["END"], -1, 1.1)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert picture.pixels is None, "they are let go once they are sent"


def test_an_answer_of_open_length_is_left_to_the_server(server: FakeVllm, start: Start) -> None:
    asked = work()
    assert asked.asked is not None
    ask(start(), replace(asked, asked=replace(asked.asked, max_tokens=None)))
    assert "max_tokens" not in server.bodies[0]


def test_a_fixed_answer_is_given_without_asking(server: FakeVllm, start: Start) -> None:
    heard = ask(start(), work(notice="This is a photo without words."))
    assert heard.text() == "This is a photo without words."
    assert heard.reasons == (FinishReason.STOP,)
    assert server.bodies == []


def test_stop_closes_the_servers_stream(server: FakeVllm, start: Start) -> None:
    server.held.set()
    engine, heard = start(), Heard()
    engine.submit(work(), heard)
    assert heard.spoke.wait(PATIENCE)

    assert engine.cancel("local", "a")

    assert heard.done.wait(PATIENCE)
    assert heard.reasons == (FinishReason.CANCELLED,)
    assert heard.text() == "It "
    assert server.left.wait(PATIENCE), "the server was told"
    assert not engine.cancel("local", "a")


def test_a_request_that_is_stopped_at_once_still_ends_once(start: Start) -> None:
    engine = start()
    for number in range(20):
        heard = Heard()
        engine.submit(work(f"r{number}"), heard)
        engine.cancel("local", f"r{number}")
        assert heard.done.wait(PATIENCE)
        assert heard.ends == 1
    assert engine.stats().queued == 0


def test_time_runs_out_with_the_text_so_far(server: FakeVllm, start: Start) -> None:
    server.held.set()
    heard = ask(start(), work(deadline=time.monotonic() + 3))
    assert heard.reasons == (FinishReason.DEADLINE,)
    assert heard.text() == "It "
    assert server.left.wait(PATIENCE)


@pytest.mark.parametrize(
    ("status", "headers", "said", "kind", "retry_after"),
    [
        (429, {"Retry-After": "17"}, "busy", QueueFull, 17),
        (503, {"Retry-After": "soon"}, "loading", Unavailable, 5),
        (502, {}, "bad gateway", Unavailable, 5),
        (401, {}, "key sk-123", Unavailable, 5),
        (404, {}, "no model", Unavailable, 5),
        (413, {}, "large", TooLarge, None),
        (400, {}, "This model's maximum context length is 4096", ContextLengthExceeded, None),
        (400, {}, "the request exceeds the available context size", ContextLengthExceeded, None),
        (422, {}, "whatever", InvalidRequest, None),
        (500, {}, "boom", Internal, None),
    ],
)
def test_refusals_become_ours_without_a_word_of_theirs(
    server: FakeVllm,
    start: Start,
    caplog: pytest.LogCaptureFixture,
    status: int,
    headers: dict[str, str],
    said: str,
    kind: type[RequestError],
    retry_after: int | None,
) -> None:
    engine = start()
    server.refusal = status, headers, f"{said}. {SECRET_WORDS}"

    heard = ask(engine, work())

    assert type(heard.error) is kind
    assert heard.error.retry_after == retry_after
    assert heard.reasons == (FinishReason.ERROR,)
    assert not heard.begun.is_set()
    for word in ("Traceback", "acme", "salary", "sk-123"):
        assert word not in heard.error.message
        assert word not in caplog.text


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        ({"error": {"message": SECRET_WORDS, "code": 500}}, Internal),
        ({"object": "error", "message": SECRET_WORDS, "code": 503}, Unavailable),
        ({"error": {"message": SECRET_WORDS, "code": "engine_dead"}}, Internal),
    ],
)
def test_an_error_in_the_middle_ends_the_answer(
    server: FakeVllm,
    start: Start,
    caplog: pytest.LogCaptureFixture,
    broken: dict[str, Any],
    kind: type[RequestError],
) -> None:
    server.answer = lambda body: [chunk("It "), broken]
    heard = ask(start(), work())
    assert heard.text() == "It "
    assert type(heard.error) is kind
    assert "salary" not in heard.error.message + caplog.text


def test_a_stream_without_an_end_is_not_taken_for_an_answer(server: FakeVllm, start: Start) -> None:
    server.answer = lambda body: [chunk("It "), chunk("is ")]
    server.is_complete = False
    heard = ask(start(), work())
    assert isinstance(heard.error, Unavailable)
    assert heard.text() == "It is "


def test_a_server_that_is_gone_is_unavailable(server: FakeVllm, start: Start) -> None:
    engine = start()
    server.go_away()
    try:
        heard = ask(engine, work())
    finally:
        server.come_back()
    assert isinstance(heard.error, Unavailable)
    assert heard.error.retry_after


def test_several_answers_keep_apart(server: FakeVllm, start: Start) -> None:
    server.answer = lambda body: [
        chunk("one", 0),
        chunk("two", 1),
        chunk(" more", 0),
        chunk(index=1, finish_reason="length"),
        chunk(index=0, finish_reason="stop"),
    ]
    heard = ask(start(), work(sampling=Sampling(seed=1, max_tokens=9, n=2)))
    assert (heard.text(0), heard.text(1)) == ("one more", "two")
    assert heard.reasons == (FinishReason.STOP, FinishReason.LENGTH)
    assert server.bodies[0]["n"] == 2


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_in_a_field_of_its_own(server: FakeVllm, start: Start, name: str) -> None:
    server.answer = lambda body: [
        chunk(None, **{name: "Let me see."}),  # type: ignore[arg-type]
        chunk("Four."),
        chunk(finish_reason="stop"),
    ]
    heard = ask(start(thinks=True), work(thinking=True))
    assert (heard.reasoning, heard.text()) == ("Let me see.", "Four.")
    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": True}


def test_reasoning_in_the_text_is_told_apart(server: FakeVllm, start: Start) -> None:
    server.answer = lambda body: spoken("<thi", "nk>Let me", " see.</think>", "Four.")
    heard = ask(start(thinks=True), work(thinking=True))
    assert (heard.reasoning, heard.text()) == ("Let me see.", "Four.")
    assert sum(delta.tokens for delta in heard.deltas) == 4


def test_calls_of_functions_are_put_together(server: FakeVllm, start: Start) -> None:
    def piece(index: int, **function: str) -> dict[str, Any]:
        call = {"index": index, "id": f"call_{index}", "function": function}
        return chunk(None, tool_calls=[call])  # type: ignore[arg-type]

    server.answer = lambda body: [
        piece(0, name="rent", arguments=""),
        piece(0, arguments='{"year":'),
        piece(0, arguments=" 2019}"),
        piece(1, name="law", arguments="{}"),
        chunk(finish_reason="tool_calls"),
    ]
    tool = Tool("rent", "Finds the rent.", '{"type": "object"}')
    calling = Calling((tool,), is_required=True, is_parallel=False)

    heard = ask(start(), work(calling=calling))

    calls = [call for delta in heard.deltas for call in delta.calls]
    assert calls == [
        ToolCall("call_0", "rent", '{"year": 2019}'),
        ToolCall("call_1", "law", "{}"),
    ]
    assert heard.reasons == (FinishReason.TOOL_CALLS,)
    body = server.bodies[0]
    assert body["tools"][0]["function"]["parameters"] == {"type": "object"}
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", False)


@pytest.mark.parametrize(
    ("dialect", "offered", "choice"),
    [
        (Dialect.VLLM, ["rent", "law"], {"type": "function", "function": {"name": "law"}}),
        (Dialect.LLAMA_CPP, ["law"], "required"),
    ],
)
def test_a_function_that_has_to_be_called_is_named_so_that_the_server_hears_it(
    server: FakeVllm, start: Start, dialect: Dialect, offered: list[str], choice: object
) -> None:
    tools = (Tool("rent", "Finds the rent."), Tool("law", "Finds the law."))
    ask(start(dialect=dialect), work(calling=Calling(tools, is_required=True, name="law")))
    (body,) = server.bodies
    assert [tool["function"]["name"] for tool in body["tools"]] == offered
    assert body["tool_choice"] == choice


def test_probabilities_are_passed_on(server: FakeVllm, start: Start) -> None:
    told = {
        "content": [
            {
                "token": "So",
                "logprob": -0.25,
                "bytes": [83, 111],
                "top_logprobs": [{"token": "No", "logprob": -1.5, "bytes": None}],
            }
        ]
    }
    server.answer = lambda body: [chunk("So", logprobs=told), chunk(finish_reason="stop")]
    heard = ask(start(), work(sampling=Sampling(seed=1, max_tokens=9, top_logprobs=1)))
    (logprob,) = heard.deltas[0].logprobs
    assert (logprob.chosen.bytes, logprob.chosen.logprob) == (b"So", -0.25)
    assert (logprob.top[0].token, logprob.top[0].bytes) == ("No", b"No")
    assert (server.bodies[0]["logprobs"], server.bodies[0]["top_logprobs"]) == (True, 1)


def test_who_waits_for_an_answer_goes_before_batch_work(server: FakeVllm, start: Start) -> None:
    server.held.set()
    engine = start(max_running=1)
    first, batch, person = Heard(), Heard(), Heard()
    engine.submit(work("first", "first"), first)
    assert first.spoke.wait(PATIENCE)
    assert engine.submit(work("batch", "batch", priority=Priority.BATCH), batch) == 0
    assert engine.submit(work("person", "person"), person) == 1
    server.go_on.set()
    for heard in (first, batch, person):
        assert heard.done.wait(PATIENCE)
    asked = [body["messages"][0]["content"] for body in server.bodies]
    assert asked == ["first", "person", "batch"]


def test_what_does_not_fit_is_refused_at_once(server: FakeVllm, start: Start) -> None:
    server.held.set()
    engine = start(max_running=1, max_queue=1)
    with pytest.raises(ContextLengthExceeded):
        engine.submit(work(sampling=Sampling(seed=1, max_tokens=4095)), Heard())
    engine.submit(work("a"), Heard())
    with pytest.raises(AlreadyExists):
        engine.submit(work("a"), Heard())
    engine.submit(work("b"), Heard())
    with pytest.raises(QueueFull):
        engine.submit(work("c"), Heard())


def test_the_end_ends_what_runs_and_takes_nothing_new(server: FakeVllm, start: Start) -> None:
    server.held.set()
    engine, heard = start(), Heard()
    engine.submit(work(), heard)
    assert heard.spoke.wait(PATIENCE)
    engine.stop(0.0)
    assert heard.reasons == (FinishReason.CANCELLED,)
    with pytest.raises(Unavailable):
        engine.submit(work("b"), Heard())


def test_a_form_that_the_server_has_no_words_for_is_refused(start: Start) -> None:
    heard = ask(
        start(dialect=Dialect.LLAMA_CPP),
        work(response_format=ResponseFormat(Form.REGEX, "[a-z]+")),
    )
    assert isinstance(heard.error, InvalidRequest)
    assert heard.error.param == "response_format"


def test_tokens_are_the_servers(start: Start) -> None:
    assert start().tokenize("three tokens here") == [7, 8, 9]
