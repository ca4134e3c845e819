"""The edge under attack: tokens, foreign bytes, sizes; every gRPC entry of ../shared/hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from backend.auth import Gate, key_owner
from protos import inference_pb2 as pb
from tests.fakes import hostile
from tests.fakes.engine import FakeEngine
from tests.fakes.running import Backend, Start, question, text_of
from tests.fakes.waiting import PATIENCE, until

GENERATE = "/inference.v1.Inference/Generate"
KEY = "test-key"


def as_request(fields: dict[str, Any]) -> pb.GenerateRequest:
    sampling = {
        name: fields[name] for name in fields if name in pb.Sampling.DESCRIPTOR.fields_by_name
    }
    request = question(**sampling, request_id=fields.get("request_id", ""))
    if "priority" in fields:
        request.priority = fields["priority"]
    return request


async def outcome(backend: Backend, spec: dict[str, Any]) -> grpc.aio.AioRpcError | None:
    metadata: Sequence[tuple[str, str]] = spec["metadata"]
    call: Any
    if "wire" in spec:
        raw: Any = backend.channel.unary_stream(GENERATE)
        call = raw(spec["wire"], metadata=metadata, timeout=spec["timeout"])
    elif "conversation_id" in spec["fields"]:
        call = backend.inference.Attach(
            pb.AttachRequest(request_id=spec["fields"]["conversation_id"]), metadata=metadata
        )
    else:
        call = backend.inference.Generate(
            as_request(spec["fields"]), metadata=metadata, timeout=spec["timeout"]
        )
    try:
        async for _ in call:
            pass
    except grpc.aio.AioRpcError as error:
        return error
    return None


@pytest.mark.shared
@pytest.mark.skipif(not hostile.is_there(), reason=hostile.ABSENT)
@pytest.mark.parametrize("entry", hostile.entries("grpc"), ids=lambda entry: str(entry["name"]))
async def test_hostile(start: Start, entry: dict[str, Any]) -> None:
    backend = await start(gate=Gate(None, [KEY]), engine=FakeEngine(held=True), wait=False)
    good = (("authorization", f"Bearer {KEY}"),)
    await until(lambda: backend.server.readiness.phase.value == "ready")
    specs = hostile.build(entry, hostile.builders())
    tasks = [asyncio.create_task(outcome(backend, spec)) for spec in specs]
    await asyncio.sleep(0.1)
    backend.engine.release()

    for error in await asyncio.gather(*tasks):
        code = "OK" if error is None else error.code().name
        assert code in hostile.expected(entry)
        assert "0x" not in str(error.details() if error else "")
    call = backend.inference.Generate(question(), metadata=good, timeout=5)
    assert text_of([event async for event in call]) == "It is a fake answer."


async def test_a_refused_field_is_named(backend: Backend) -> None:
    wrong: dict[str, Any] = {"temperature": float("nan"), "top_p": -1.0, "max_tokens": -1}
    for field, value in wrong.items():
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await backend.ask(question(**{field: value}))
        assert dict(caught.value.trailing_metadata())["error-param"] == f"sampling.{field}"


async def test_health_is_open_and_tells_when_answers_are_possible(start: Start) -> None:
    engine = FakeEngine()
    backend = await start(engine=engine, gate=Gate("secret-token", ()), wait=False)
    health = health_pb2_grpc.HealthStub(backend.channel)

    async with asyncio.timeout(PATIENCE):
        async for response in health.Watch(health_pb2.HealthCheckRequest()):
            if response.status == health_pb2.HealthCheckResponse.SERVING:
                break
    assert [work.request_id for work in engine.works] == ["warm-up"]
    backend.server.readiness.drain()


async def test_reflection_lists_the_services_to_callers_with_a_token(start: Start) -> None:
    backend = await start(gate=Gate("secret-token", ()), wait=False)
    stub = reflection_pb2_grpc.ServerReflectionStub(backend.channel)
    ask = reflection_pb2.ServerReflectionRequest(list_services="")

    async def services(*metadata: tuple[str, str]) -> set[str]:
        call = stub.ServerReflectionInfo(iter([ask]), metadata=metadata)
        async for response in call:
            return {service.name for service in response.list_services_response.service}
        return set()

    assert "inference.v1.Media" in await services(("authorization", "Bearer secret-token"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await services()
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_key_is_an_owner_of_its_own(start: Start) -> None:
    backend = await start(gate=Gate("secret-token", [KEY]), wait=False)
    await until(lambda: backend.server.readiness.phase.value == "ready")
    media = backend.library.add(b"%PDF words", owner=key_owner(KEY))
    request = question("hi", media.sha256)

    async def ask(*metadata: tuple[str, str]) -> str:
        request.request_id += "x"
        call = backend.inference.Generate(request, metadata=metadata)
        return text_of([event async for event in call])

    assert await ask(("authorization", f"Bearer {KEY}"), ("x-owner", "local"))
    assert await ask(("authorization", "Bearer secret-token"), ("x-owner", key_owner(KEY)))
    with pytest.raises(grpc.aio.AioRpcError):
        await ask(("authorization", "Bearer secret-token"))
