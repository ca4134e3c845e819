"""Encrypted calls: with the right certificate they work, without encryption nothing does."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from backend.auth import Gate
from backend.media.limits import MediaLimits
from backend.readiness import Ready
from backend.service.server import Server
from frontend.client.blocking import Client
from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendError
from tests.fakes import certificates, model
from tests.fakes.engine import FakeEngine
from tests.fakes.library import FakeLibrary


async def reached(client: AsyncClient) -> None:
    """Returns once a handshake has succeeded, which a busy machine may not manage at first."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(BackendError):
                await client.status()
                return
            await asyncio.sleep(0.1)


async def test_calls_are_encrypted(tmp_path: Path) -> None:
    key, cert = certificates.write(tmp_path)
    words = model.tokenizer()
    ready = Ready(model.info(), words, model.template(words), FakeEngine())
    server = Server(
        FakeLibrary(),
        MediaLimits(),
        Gate("between-us", ()),
        [ready.info],
        lambda report: ready,
        max_queue=4,
        max_running=2,
        answer_cache_bytes=0,
    )
    port = await server.start("127.0.0.1:0", (key.read_bytes(), cert.read_bytes()))
    address = f"127.0.0.1:{port}"
    client = AsyncClient(address, "between-us", ca=cert)
    plain = AsyncClient(address, "between-us")
    blocking = Client(address, "between-us", ca=cert)
    try:
        await reached(client)
        assert (await client.status()).limits.images == 50
        assert (await asyncio.to_thread(blocking.status)).limits.images == 50
        with pytest.raises(BackendError) as caught:
            await plain.status(timeout=1)
        assert caught.value.kind in ("unavailable", "deadline")
    finally:
        blocking.close()
        await client.close()
        await plain.close()
        await server.close(grace=1.0)
