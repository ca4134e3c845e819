"""A whole backend before another server: readiness, answers, absence and return."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from backend.auth import Gate
from backend.media.limits import MediaLimits
from backend.readiness import Phase
from backend.remote import bring_up
from backend.remote.address import Address
from backend.remote.bring_up import Remote
from backend.service.server import Server
from protos import inference_pb2 as pb
from protos import inference_pb2_grpc
from tests.fakes.library import FakeLibrary
from tests.fakes.running import kinds, question, text_of
from tests.fakes.vllm import FakeVllm, spoken
from tests.fakes.waiting import until

pytestmark = pytest.mark.recipes


class Running:
    """A backend that asks `fake`."""

    def __init__(self, fake: FakeVllm, *, most_tokens: int = 8192) -> None:
        self.fake = fake
        remote = Remote(
            Address(fake.url),
            model=None,
            sees=None,
            most_tokens=most_tokens,
            max_running=4,
            max_queue=8,
        )
        self.server = Server(
            FakeLibrary(),
            MediaLimits(),
            Gate(None, ()),
            [],
            remote.bring_in,
            max_queue=8,
            max_running=4,
            answer_cache_bytes=1 << 20,
        )

    async def start(self) -> None:
        port = await self.server.start("127.0.0.1:0")
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        self.inference = inference_pb2_grpc.InferenceStub(self.channel)

    @property
    def phase(self) -> Phase:
        return self.server.readiness.phase

    async def ask(self, request: pb.GenerateRequest) -> list[pb.GenerateEvent]:
        call = self.inference.Generate(request, timeout=10, metadata=(("x-owner", "local"),))
        return [event async for event in call]

    async def health(self) -> int:
        stub = health_pb2_grpc.HealthStub(self.channel)
        return int((await stub.Check(health_pb2.HealthCheckRequest())).status)


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setattr(bring_up, "EVERY_SECONDS", 0.05)
    with FakeVllm() as fake:
        backend = Running(fake)
        await backend.start()
        yield backend
        await backend.channel.close()
        await backend.server.close(grace=1.0)


async def test_answers_and_their_counts_are_the_servers(running: Running) -> None:
    await until(lambda: running.phase is Phase.READY)
    details = {"cached_tokens": 5}
    running.fake.answer = lambda body: spoken("It ", "is.", prompt_tokens_details=details)

    events = await running.ask(question("hi"))

    assert text_of(events) == "It is."
    finished = events[-1].finished
    assert finished.usage.prompt_tokens == 11
    assert finished.usage.cached_tokens == 5
    assert finished.usage.completion_tokens == 2
    model = (await running.inference.GetModel(pb.GetModelRequest())).models[0]
    assert (model.id, model.context_length, model.sees_images) == ("Acme/Looker-7B", 4096, True)
    assert model.device == "remote"
    tokens = await running.inference.Tokenize(pb.TokenizeRequest(text="three tokens here"))
    assert list(tokens.tokens) == [7, 8, 9]


async def test_what_was_answered_before_is_not_asked_again(running: Running) -> None:
    await until(lambda: running.phase is Phase.READY)
    running.fake.bodies.clear()  # the warm-up's
    first = await running.ask(question("hi", temperature=0.0))
    again = await running.ask(question("hi", temperature=0.0))
    assert text_of(first) == text_of(again) == "It is so."
    assert len(running.fake.bodies) == 1


async def test_a_server_that_goes_takes_readiness_with_it_and_brings_it_back(
    running: Running,
) -> None:
    await until(lambda: running.phase is Phase.READY)
    await running.ask(question("hi", temperature=0.0))
    running.fake.go_away()
    await until(lambda: running.phase is Phase.LOADING)
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await running.ask(question("hi"))
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "127.0.0.1" not in str(refusal.value.details())
    assert await running.health() == health_pb2.HealthCheckResponse.NOT_SERVING

    running.fake.answer = lambda body: spoken("Other weights.")
    running.fake.card["max_model_len"] = 2048
    running.fake.come_back()
    await until(lambda: running.phase is Phase.READY)
    assert await running.health() == health_pb2.HealthCheckResponse.SERVING
    # Kept answers are of what the server was before.
    assert text_of(await running.ask(question("hi", temperature=0.0))) == "Other weights."
    model = (await running.inference.GetModel(pb.GetModelRequest())).models[0]
    assert model.context_length == 2048


async def test_it_waits_for_a_server_that_is_not_there_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bring_up, "EVERY_SECONDS", 0.05)
    with FakeVllm() as fake:
        fake.go_away()
        backend = Running(fake)
        await backend.start()
        await until(lambda: "does not answer yet" in backend.server.readiness.detail)
        fake.come_back()
        await until(lambda: backend.phase is Phase.READY)
        await backend.channel.close()
        await backend.server.close(grace=1.0)


async def test_a_busy_server_is_told_of_before_an_answer_begins(running: Running) -> None:
    await until(lambda: running.phase is Phase.READY)
    running.fake.refusal = 429, {"Retry-After": "9"}, "too many"
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await running.ask(question("hi"))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert running.phase is Phase.READY


async def test_leaving_closes_the_servers_stream(running: Running) -> None:
    await until(lambda: running.phase is Phase.READY)
    running.fake.held.set()
    call = running.inference.Generate(question("hi"), metadata=(("x-owner", "local"),))
    async for event in call:
        if kinds([event]) == ["delta"]:
            break
    call.cancel()
    assert await asyncio.to_thread(running.fake.left.wait, 5)


async def test_a_schema_that_cannot_be_enforced_is_refused_here(running: Running) -> None:
    await until(lambda: running.phase is Phase.READY)
    running.fake.bodies.clear()
    asked = question("hi")
    asked.response_format.json_schema = '{"not": {"type": "null"}}'
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await running.ask(asked)
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert running.fake.bodies == []
