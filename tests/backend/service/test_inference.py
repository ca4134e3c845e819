"""What a caller of the Inference service sees."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest

from backend.errors import QueueFull
from protos import inference_pb2 as pb
from protos import media_pb2
from tests.fakes import model
from tests.fakes.engine import FakeEngine
from tests.fakes.running import Backend, Start, kinds, question, text_of
from tests.fakes.waiting import until

NDA = (
    b"%PDF This agreement is made by and between Kite Inc. and Gilead Inc.\fThe law of Ohio rules."
)


async def refused(
    backend: Backend, request: pb.GenerateRequest, owner: str = "local"
) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backend.ask(request, owner=owner)
    return caught.value


def trailer(error: grpc.aio.AioRpcError, key: str) -> str | None:
    return dict(error.trailing_metadata()).get(key)


async def test_an_answer_starts_grows_and_ends_once(backend: Backend) -> None:
    events = await backend.ask(question())

    assert kinds(events) == ["started", *["delta"] * 5, "finished"]
    assert [event.number for event in events] == list(range(1, 8))
    assert text_of(events) == "It is a fake answer."
    started, finished = events[0].started, events[-1].finished
    assert started.route == pb.ROUTE_TEXT
    assert started.model == "tiny"
    assert started.prompt_tokens == finished.usage.prompt_tokens > 0
    assert finished.usage.completion_tokens == 5
    assert [choice.reason for choice in finished.choices] == [pb.FINISH_REASON_STOP]
    assert 0 < finished.timing.first_token <= finished.timing.total


async def test_absent_fields_become_concrete_and_given_ones_reach_the_engine(
    backend: Backend,
) -> None:
    await backend.ask(question(temperature=0.5, seed=7, max_tokens=3))
    await backend.ask(question())

    given, drawn = (work.sampling for work in backend.engine.works[-2:])
    assert (given.temperature, given.seed, given.max_tokens) == (0.5, 7, 3)
    assert drawn.seed is not None
    assert drawn.max_tokens == 4000 - len(backend.engine.works[-1].prompt_ids)


async def test_several_answers_to_one_prompt(backend: Backend) -> None:
    events = await backend.ask(question(n=3))

    assert {event.delta.index for event in events if kinds([event]) == ["delta"]} == {0, 1, 2}
    assert [choice.index for choice in events[-1].finished.choices] == [0, 1, 2]


async def test_a_file_is_read_page_by_page_and_stands_in_the_prompt(backend: Backend) -> None:
    media = backend.library.add(NDA)

    events = await backend.ask(question("Which law governs?", media.sha256))

    assert kinds(events)[:3] == ["reading", "reading", "started"]
    assert [(e.reading.page, e.reading.pages) for e in events[:2]] == [(1, 2), (2, 2)]
    started = events[2].started
    assert started.route_reason == (
        "Read 2 pages by text layer; this model reads words, not pictures."
    )
    assert [(use.page, use.method) for use in started.pages] == [
        (1, media_pb2.READING_METHOD_TEXT_LAYER),
        (2, media_pb2.READING_METHOD_TEXT_LAYER),
    ]
    assert all(use.tokens > 0 and use.words > 0 for use in started.pages)
    prompt = model.tokenizer().decode(backend.engine.works[-1].prompt_ids)
    assert "[Page 2]\nThe law of Ohio rules." in prompt
    assert prompt.index("Kite Inc.") < prompt.index("Which law governs?")


async def test_a_picture_without_words_gets_an_honest_sentence(backend: Backend) -> None:
    photo = backend.library.add(b"")

    english = await backend.ask(question("What is in this photo?", photo.sha256))
    chinese = await backend.ask(question("照片里有什么？", photo.sha256))

    assert "cannot see pictures" in text_of(english)
    assert "看不到图像" in text_of(chinese)


@pytest.mark.parametrize("detached", [False, True])
async def test_leaving_the_stream_stops_what_is_not_detached(start: Start, detached: bool) -> None:
    backend = await start(engine=FakeEngine(held=True))
    request = question(detached=detached)
    call = backend.inference.Generate(request)
    await until(lambda: backend.engine.live == 1)
    backend.engine.release(1)
    await call.read()
    call.cancel()

    if detached:
        await asyncio.sleep(0.1)
        assert backend.engine.live == 1
        backend.engine.release()
        attached = backend.inference.Attach(pb.AttachRequest(request_id=request.request_id))
        assert text_of([event async for event in attached]) == "It is a fake answer."
    else:
        await until(lambda: backend.engine.live == 0)


async def test_text_can_be_gathered(backend: Backend) -> None:
    request = question(gather_ms=200)
    events = await backend.ask(request)
    apart = await backend.ask(question("hello"))
    pieces = [event.delta.text for event in events if event.HasField("delta")]

    assert text_of(events) == text_of(apart) == "It is a fake answer."
    assert len(pieces) <= 2 < sum(event.HasField("delta") for event in apart)
    assert events[-1].number == apart[-1].number
    attached = backend.inference.Attach(
        pb.AttachRequest(request_id=request.request_id, gather_ms=200)
    )
    assert text_of([event async for event in attached]) == text_of(apart)


async def test_text_is_not_gathered_for_long(backend: Backend) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await backend.ask(question(gather_ms=1001))
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "gather_ms" in (refusal.value.details() or "")


async def test_attach_continues_after_every_event(backend: Backend) -> None:
    request = question()
    events = await backend.ask(request)

    for after in range(len(events) + 2):
        call = backend.inference.Attach(
            pb.AttachRequest(request_id=request.request_id, after=after)
        )
        assert [event async for event in call] == events[after:]


async def test_several_follow_one_generation_live(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    request = question(detached=True)
    call = backend.inference.Generate(request)
    await until(lambda: backend.engine.live == 1)

    async def follow() -> list[pb.GenerateEvent]:
        attach = pb.AttachRequest(request_id=request.request_id)
        return [event async for event in backend.inference.Attach(attach)]

    followers = [asyncio.create_task(follow()) for _ in range(3)]
    for _ in range(5):
        backend.engine.release(1)
        await asyncio.sleep(0.01)
    first = [event async for event in call]

    for follower in followers:
        assert await follower == first


async def test_cancel_ends_a_generation_wherever_it_is(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    media = backend.library.add(NDA)

    async def cancelled_when(request: pb.GenerateRequest, ready: object) -> list[pb.GenerateEvent]:
        task = asyncio.create_task(backend.ask(request))
        await until(ready)  # type: ignore[arg-type]
        cancel = pb.CancelRequest(request_id=request.request_id)
        assert (await backend.inference.Cancel(cancel)).was_running
        events = await task
        assert not (await backend.inference.Cancel(cancel)).was_running
        return events

    backend.library.open.clear()
    reading = await cancelled_when(
        question("hi", media.sha256), lambda: backend.library.readers == 1
    )
    await until(lambda: backend.library.readers == 0)
    backend.library.open.set()
    computing = await cancelled_when(question(), lambda: backend.engine.live == 1)

    for events in (reading, computing):
        assert kinds(events) == ["finished"]
        assert events[-1].finished.choices[0].reason == pb.FINISH_REASON_CANCELLED
    await until(lambda: backend.engine.live == 0)


async def test_cancelling_what_is_unknown_is_no_error(backend: Backend) -> None:
    response = await backend.inference.Cancel(pb.CancelRequest(request_id="never"))

    assert not response.was_running


async def test_waiting_requests_hear_how_many_are_before_them(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    first = asyncio.create_task(backend.ask(question()))
    await until(lambda: backend.engine.live == 1)
    second = asyncio.create_task(backend.ask(question()))
    await until(lambda: backend.engine.live == 2)
    backend.engine.release()

    assert (await second)[0].queued.ahead == 1
    assert kinds(await first)[0] == "started"


async def test_deadline_while_reading_waiting_and_running(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    media = backend.library.add(NDA)
    backend.library.open.clear()

    for request in (question("hi", media.sha256), question()):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await backend.ask(request, timeout=0.5)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    call = backend.inference.Generate(question(), timeout=0.8)
    await until(lambda: backend.engine.live == 1)
    backend.engine.release(1)
    events = [event async for event in call]
    assert text_of(events) == "It"
    assert events[-1].finished.choices[0].reason == pb.FINISH_REASON_DEADLINE


async def test_a_request_id_is_used_once(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    first = asyncio.create_task(backend.ask(question(request_id="dup")))
    await until(lambda: backend.engine.live == 1)

    error = await refused(backend, question(request_id="dup"))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    assert trailer(error, "error-code") == "request_id_in_use"
    backend.engine.release()
    assert text_of(await first) == "It is a fake answer."
    again = await refused(backend, question(request_id="dup"))
    assert again.code() is grpc.StatusCode.ALREADY_EXISTS
    assert text_of(await backend.ask(question(request_id="dup"), owner="somebody-else"))


async def test_owners_see_neither_files_nor_generations_of_others(backend: Backend) -> None:
    media = backend.library.add(NDA, owner="alice")
    request = question("hi", media.sha256)
    assert text_of(await backend.ask(request, owner="alice"))

    error = await refused(backend, question("hi", media.sha256), owner="bob")
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert trailer(error, "error-param") == "messages[0].parts[0].media"
    attach = backend.inference.Attach(
        pb.AttachRequest(request_id=request.request_id), metadata=(("x-owner", "bob"),)
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await attach.read()
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_the_queue_is_bounded(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True), max_queue=1)
    tasks = [asyncio.create_task(backend.ask(question())) for _ in range(3)]
    await until(lambda: backend.engine.live == 3)

    error = await refused(backend, question())
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert trailer(error, "error-code") == "queue_full"
    assert int(trailer(error, "retry-after") or 0) > 0
    backend.engine.release()
    for task in tasks:
        assert text_of(await task)


async def test_another_model_is_not_found(backend: Backend) -> None:
    request = question()
    request.model = "../../etc/passwd"

    error = await refused(backend, request)

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert trailer(error, "error-code") == "model_not_found"


@pytest.mark.parametrize("text", ["word " * 40_000, "a" * 1_000_000])
async def test_text_beyond_the_context_is_refused_quickly(backend: Backend, text: str) -> None:
    began = time.monotonic()

    error = await refused(backend, question(text))

    assert time.monotonic() - began < 20
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert trailer(error, "error-code") == "context_length_exceeded"
    assert trailer(error, "error-param") == "messages"
    assert backend.engine.live == 0


async def test_every_request_ends_once_whatever_breaks(start: Start) -> None:
    broken = FakeEngine(breaks=True)
    backend = await start(engine=broken)
    media = backend.library.add(NDA)

    events = await backend.ask(question())
    assert kinds(events).count("finished") == 1
    assert events[-1].finished.choices[0].reason == pb.FINISH_REASON_ERROR
    assert events[-1].finished.error

    broken.fails_with = QueueFull("Full.", retry_after=3)
    full = await refused(backend, question())
    assert full.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    backend.library.fails_with = RuntimeError("secret at 0xdeadbeef in /etc/passwd")
    request = question("hi", media.sha256)
    error = await refused(backend, request)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "0x" not in str(error.details())
    assert "passwd" not in str(error.details())
    attach = backend.inference.Attach(pb.AttachRequest(request_id=request.request_id))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await attach.read()
    assert caught.value.details() == error.details()


async def test_the_models_and_the_figures(backend: Backend) -> None:
    media = backend.library.add(NDA)
    await backend.ask(question("hi", media.sha256))
    await refused(backend, question(temperature=9))

    described = await backend.inference.GetModel(pb.GetModelRequest())
    stats = await backend.inference.WatchStats(pb.WatchStatsRequest()).read()

    assert described.phase == pb.PHASE_READY
    assert [(m.id, m.loaded) for m in described.models] == [("tiny", True)]
    assert described.limits.document_pages == 500
    assert described.limits.images == 50
    assert isinstance(stats, pb.Stats)
    assert stats.requests_total["stop"] == 1
    assert stats.requests_total["refused"] == 1
    assert stats.refusals_total["decimal_above_max_value"] == 1
    assert stats.routes_total["text"] == 1
    assert stats.pages_total["text_layer"] == 2
    assert stats.completion_tokens_total == 5
    assert stats.media_bytes == len(NDA)
    assert stats.blocks_total == 100
    assert stats.memory_bytes > 0
    assert stats.uptime_seconds > 0


async def test_a_text_is_told_in_tokens_and_never_in_control_tokens(backend: Backend) -> None:
    text = "hi <|start|>"
    answer = await backend.inference.Tokenize(pb.TokenizeRequest(text=text), timeout=5)
    assert list(answer.tokens) == model.tokenizer().encode(text)
    assert max(answer.tokens) < 256, "a byte each, and no control token"
    for request, code in (
        (pb.TokenizeRequest(text="x" * 1_000_001), grpc.StatusCode.INVALID_ARGUMENT),
        (pb.TokenizeRequest(model="other", text="x"), grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await backend.inference.Tokenize(request, timeout=5)
        assert caught.value.code() is code


async def test_an_accepted_request_is_known_to_be_before_anything_is_said(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    call = backend.inference.Generate(question("hi"), timeout=10)
    assert ("accepted", "yes") in tuple(await call.initial_metadata() or ())
    call.cancel()
    refused = backend.inference.Generate(question("hi", max_tokens=0), timeout=10)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        [event async for event in refused]
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert ("accepted", "yes") not in tuple(caught.value.initial_metadata())
