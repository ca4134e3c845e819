"""How the server goes down, and what it is before it is ready."""

from __future__ import annotations

import asyncio
import threading

import grpc
import pytest

from backend.auth import Gate
from backend.errors import Unavailable
from backend.media.limits import MediaLimits
from backend.readiness import Ready, Report
from backend.service.server import AddressInUse, Server
from protos import inference_pb2 as pb
from tests.fakes.engine import FakeEngine
from tests.fakes.library import FakeLibrary
from tests.fakes.running import Start, question, text_of
from tests.fakes.waiting import PATIENCE, until


async def test_running_requests_finish_and_new_ones_are_refused_while_draining(
    start: Start,
) -> None:
    backend = await start(engine=FakeEngine(held=True))
    running = asyncio.create_task(backend.ask(question()))
    await until(lambda: backend.engine.live == 1)

    closing = asyncio.create_task(backend.server.close(grace=3))
    await until(lambda: backend.server.readiness.phase.value == "draining")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backend.ask(question())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert dict(caught.value.trailing_metadata())["error-code"] == "backend_unavailable"
    backend.engine.release()

    assert text_of(await running) == "It is a fake answer."
    await closing
    assert backend.library.closed


async def test_what_outlasts_the_grace_is_ended_visibly(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    running = asyncio.create_task(backend.ask(question()))
    await until(lambda: backend.engine.live == 1)

    await asyncio.wait_for(backend.server.close(grace=0.1), PATIENCE)

    assert (await running)[-1].finished.choices[0].reason == pb.FINISH_REASON_CANCELLED
    assert backend.engine.live == 0


async def test_requests_before_the_model_is_there_are_told_to_come_back(start: Start) -> None:
    go_on = threading.Event()

    def slow(report: Report) -> Ready:
        go_on.wait(PATIENCE)
        raise Unavailable("The model cannot be loaded: it is a test.")

    backend = await start(load=slow, wait=False)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backend.ask(question())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert int(dict(caught.value.trailing_metadata())["retry-after"]) > 0

    go_on.set()
    await until(lambda: backend.server.readiness.phase.value == "failed")
    described = await backend.inference.GetModel(pb.GetModelRequest())
    assert described.phase == pb.PHASE_FAILED
    assert described.detail == "The model cannot be loaded: it is a test."


async def test_an_address_serves_one_backend(start: Start) -> None:
    backend = await start()

    def never(report: Report) -> Ready:
        raise AssertionError("it must not come to loading")

    second = Server(
        FakeLibrary(),
        MediaLimits(),
        Gate(None, ()),
        [],
        never,
        max_queue=1,
        max_running=1,
        answer_cache_bytes=0,
    )
    with pytest.raises(AddressInUse):
        await second.start(backend.address)
