"""Forms and thinking over the wire: what reaches the engine, and what is refused before it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from backend import journey
from backend.prompt.guides import Guides
from backend.prompt.prompt import Prompt
from backend.readiness import Ready, Report
from protos import inference_pb2 as pb
from tests.fakes import glm, model
from tests.fakes.engine import FakeEngine
from tests.fakes.running import Start, question, text_of

PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def with_guides(
    engine: FakeEngine, *, thinks: bool = False, guides: Guides | None = None
) -> Callable[[Report], Ready]:
    """Loads a model whose answers can be held to forms."""
    words = glm.tokenizer() if thinks else model.tokenizer()
    template = glm.template(words) if thinks else model.template(words)
    info = glm.info() if thinks else model.info()
    guides = guides or Guides(words, frozenset({257}), thinks=thinks)
    return lambda report: Ready(info, words, template, engine, guides=guides)


def asking(**form: Any) -> pb.GenerateRequest:
    request = question("Who?", max_tokens=100)
    request.response_format.CopyFrom(pb.ResponseFormat(**form))
    return request


@pytest.mark.parametrize(
    "form", [{"json_object": True}, {"json_schema": json.dumps(PERSON)}, {"regex": "[a-z]{3}"}]
)
async def test_every_answer_of_a_request_is_held_to_its_form(
    start: Start, form: dict[str, Any]
) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, load=with_guides(engine))
    await backend.ask(asking(**form))
    make = engine.works[-1].guide
    assert make is not None
    first, second = make(), make()
    assert first is not second
    assert first.allowed() == second.allowed() is not None
    await backend.ask(question("free"))
    assert engine.works[-1].guide is None


async def test_a_form_that_cannot_be_had_never_reaches_the_engine(start: Start) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, load=with_guides(engine))
    before = len(engine.works)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await backend.ask(asking(json_schema='{"not": {}}'))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    trailing = dict(refused.value.trailing_metadata() or ())
    assert trailing["error-param"] == "response_format.json_schema"
    assert "keyword not" in str(refused.value.details())
    assert len(engine.works) == before
    assert text_of(await backend.ask(question("still there?"))) == engine.text


async def test_a_form_that_takes_too_long_is_refused(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Guides):
        def factory(self, prompt: Prompt, max_tokens: int) -> Any:
            time.sleep(0.5)
            return super().factory(prompt, max_tokens)

    monkeypatch.setattr(journey, "FORM_SECONDS", 0.1)
    engine = FakeEngine()
    slow = Slow(model.tokenizer(), frozenset({257}), thinks=False)
    backend = await start(engine=engine, load=with_guides(engine, guides=slow))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await backend.ask(asking(regex="a+"))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "too complex" in str(refused.value.details())
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await backend.ask(asking(regex="a+"), timeout=0.05)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_thinking_has_a_guide_of_its_own(start: Start) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, load=with_guides(engine, thinks=True), sees=True)
    request = question("Why?", max_tokens=100)
    request.thinking.enabled = True
    request.thinking.budget = 0
    await backend.ask(request)
    work = engine.works[-1]
    assert work.thinking
    assert work.guide is not None
    assert work.guide().forced() == glm.tokenizer().control_id("</think>")
    await backend.ask(question("Why?"))
    assert not engine.works[-1].thinking


async def test_a_model_that_does_not_think_is_not_held_to_a_budget(start: Start) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, load=with_guides(engine))
    request = question("Why?")
    request.thinking.enabled = True
    await backend.ask(request)
    assert engine.works[-1].guide is None
    assert not engine.works[-1].thinking


async def test_without_guides_a_form_is_refused(start: Start) -> None:
    backend = await start()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await backend.ask(asking(json_object=True))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_fixed_notice_gives_way_to_a_form(start: Start) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, load=with_guides(engine))
    photo = backend.library.add(b" ")  # without a word
    request = question("What is shown?", photo.sha256, max_tokens=100)
    await backend.ask(request)
    noticed = engine.works[-1].notice
    request = question("What is shown?", photo.sha256, max_tokens=100)
    request.response_format.json_object = True
    await backend.ask(request)
    assert noticed is not None
    assert engine.works[-1].notice is None
    assert engine.works[-1].guide is not None


def offering(**more: Any) -> pb.GenerateRequest:
    request = question("Paris?", max_tokens=100)
    schema = json.dumps({"type": "object", "properties": {"city": {"type": "string"}}})
    request.MergeFrom(
        pb.GenerateRequest(tools=[pb.Tool(name="weather", parameters=schema)], **more)
    )
    return request


async def test_a_call_may_be_required_of_a_model_that_can(start: Start) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, load=with_guides(engine, thinks=True))
    await backend.ask(offering(tool_choice=pb.TOOL_CHOICE_REQUIRED))
    assert engine.works[-1].guide is not None
    await backend.ask(offering())
    work = engine.works[-1]
    assert (work.guide, work.calling.tools[0].name) == (None, "weather")
    assert "weather" in glm.shown(glm.tokenizer(), work.prompt_ids)
    await backend.ask(offering(tool_choice=pb.TOOL_CHOICE_NONE))
    assert "weather" not in glm.shown(glm.tokenizer(), engine.works[-1].prompt_ids)


async def test_a_model_without_functions_refuses_them(start: Start) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, load=with_guides(engine))
    told = question("hi")
    told.messages.add(
        role=pb.ROLE_ASSISTANT, tool_calls=[pb.ToolCall(id="1", name="f", arguments="{}")]
    )
    told.messages.add(role=pb.ROLE_TOOL, tool_call_id="1", parts=[pb.Part(text="x")])
    for request, param in ((offering(), "tools"), (told, "messages[1].role")):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await backend.ask(request)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert dict(caught.value.trailing_metadata())["error-param"] == param
    await backend.ask(offering(tool_choice=pb.TOOL_CHOICE_NONE))
