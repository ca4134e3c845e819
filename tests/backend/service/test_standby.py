"""What is said at the backend's address while there is no backend."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import SecretStr

from backend.service.standby import standing_in
from backend.settings import Settings
from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendError, Phase, Question, Role, TextPart, Turn
from scripts.lib.system import free_ports

REASON = "The backend has ended with status 1. It is started again."
QUESTION = Question("q", (Turn(Role.USER, (TextPart("hi"),)),))


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    (port,) = free_ports(1)
    return Settings(backend_address=f"127.0.0.1:{port}", data_dir=tmp_path)


async def test_it_says_why_and_refuses_with_the_time_to_wait(chosen: Settings) -> None:
    client = AsyncClient(chosen.backend_address)
    async with standing_in(chosen, REASON, 17.5) as stands:
        assert stands
        status = await client.status()
        assert (status.phase, status.detail) == (Phase.STARTING, REASON)
        assert status.limits.images == 50, "the page keeps its limits"
        for call in (
            anext(client.generate("local", QUESTION)),
            anext(client.attach("local", "q")),
            client.put("local", b"bytes", "a.png"),
            client.stats(),
        ):
            with pytest.raises(BackendError) as refused:
                await call
            assert (refused.value.kind, refused.value.message) == ("unavailable", REASON)
            assert refused.value.code == "backend_unavailable"
            assert refused.value.retry_after in (16, 17, 18)
        async with grpc.aio.insecure_channel(chosen.backend_address) as channel:
            checked = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest()
            )
            assert checked.status == health_pb2.HealthCheckResponse.NOT_SERVING
    await client.close()


async def test_the_token_is_asked_for(chosen: Settings, tmp_path: Path) -> None:
    closed = Settings(
        backend_address=chosen.backend_address,
        data_dir=tmp_path,
        backend_token=SecretStr("between-us"),
    )
    stranger, friend = (
        AsyncClient(chosen.backend_address, token) for token in (None, "between-us")
    )
    async with standing_in(closed, REASON, 1.0):
        with pytest.raises(BackendError) as refused:
            await stranger.status()
        assert refused.value.kind == "unauthenticated"
        assert (await friend.status()).detail == REASON
    await stranger.close()
    await friend.close()


async def test_it_leaves_the_address_to_the_next_backend(chosen: Settings) -> None:
    async with standing_in(chosen, REASON, 1.0), standing_in(chosen, REASON, 1.0) as second:
        assert not second, "the address is taken"
    async with standing_in(chosen, REASON, 1.0) as again:
        assert again
