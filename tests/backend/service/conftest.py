"""A real gRPC server on a free port, over a library in memory and a fake engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import grpc
import pytest

from backend.auth import Gate
from backend.media.limits import MediaLimits
from backend.readiness import Phase, Ready, Report
from backend.service.server import Server
from tests.fakes import glm, model
from tests.fakes.engine import FakeEngine
from tests.fakes.library import FakeLibrary
from tests.fakes.running import Backend, Start


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts backends; each ends with the test."""
    started: list[Backend] = []

    async def make(
        *,
        engine: FakeEngine | None = None,
        gate: Gate | None = None,
        load: Callable[[Report], Ready] | None = None,
        max_queue: int = 8,
        context: int = 4000,
        sees: bool = False,
        answer_cache_bytes: int = 1 << 20,
        wait: bool = True,
    ) -> Backend:
        engine = engine or FakeEngine()
        library = FakeLibrary()
        if sees:
            words = glm.tokenizer()
            info = glm.info(context=context)
            ready = Ready(info, words, glm.template(words), engine, glm.sight())
        else:
            words = model.tokenizer()
            ready = Ready(model.info(context=context), words, model.template(words), engine)

        def load_fake(report: Report) -> Ready:
            report(Phase.LOADING, "Reading the weights.")
            return ready

        server = Server(
            library,
            MediaLimits(),
            gate or Gate(None, ()),
            [ready.info],
            load or load_fake,
            max_queue=max_queue,
            max_running=2,
            answer_cache_bytes=answer_cache_bytes,
        )
        port = await server.start("127.0.0.1:0")
        address = f"127.0.0.1:{port}"
        backend = Backend(server, engine, library, address, grpc.aio.insecure_channel(address))
        started.append(backend)
        if wait:
            await backend.ready()
        return backend

    yield make
    for backend in started:
        await backend.channel.close()
        if not backend.library.closed:
            await backend.server.close(grace=1.0)


@pytest.fixture
async def backend(start: Start) -> Backend:
    """One that is ready."""
    return await start()
