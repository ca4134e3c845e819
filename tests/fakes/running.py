"""A running backend with everything a test wants to reach of it, and the words to call it."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc

from backend.service.server import Server
from protos import inference_pb2 as pb
from protos import inference_pb2_grpc, media_pb2_grpc
from tests.fakes.engine import FakeEngine
from tests.fakes.library import FakeLibrary

_numbers = itertools.count(1)


@dataclass
class Backend:
    """The server and everything a test wants to reach of it."""

    server: Server
    engine: FakeEngine
    library: FakeLibrary
    address: str
    channel: grpc.aio.Channel

    @property
    def inference(self) -> inference_pb2_grpc.InferenceAsyncStub:
        """The Inference service."""
        return inference_pb2_grpc.InferenceStub(self.channel)

    @property
    def media(self) -> media_pb2_grpc.MediaAsyncStub:
        """The Media service."""
        return media_pb2_grpc.MediaStub(self.channel)

    async def ready(self) -> None:
        """Returns once requests are served."""
        call = self.inference.WatchStats(pb.WatchStatsRequest(interval_seconds=0.1), timeout=10)
        async for stats in call:
            if stats.phase == pb.PHASE_READY:
                call.cancel()
                return

    async def ask(
        self,
        request: pb.GenerateRequest,
        *,
        owner: str = "local",
        timeout: float | None = 10,  # noqa: ASYNC109  # a gRPC deadline
    ) -> list[pb.GenerateEvent]:
        """Every event of one request."""
        call = self.inference.Generate(request, timeout=timeout, metadata=(("x-owner", owner),))
        return [event async for event in call]


Start = Callable[..., Awaitable[Backend]]


def question(
    text: str = "hi",
    *files: str,
    request_id: str = "",
    detached: bool = False,
    gather_ms: int = 0,
    **sampling: object,
) -> pb.GenerateRequest:
    """A request of one turn."""
    parts = [pb.Part(media=pb.MediaPart(sha256=sha256, filename="a.pdf")) for sha256 in files]
    parts.append(pb.Part(text=text))
    return pb.GenerateRequest(
        request_id=request_id or f"test-{next(_numbers)}",
        messages=[pb.Message(role=pb.ROLE_USER, parts=parts)],
        sampling=pb.Sampling(**sampling),  # type: ignore[arg-type]
        detached=detached,
        gather_ms=gather_ms,
    )


def kinds(events: list[pb.GenerateEvent]) -> list[str]:
    """What the events are, in order."""
    return [str(event.WhichOneof("event")) for event in events]


def text_of(events: list[pb.GenerateEvent]) -> str:
    """What was answered."""
    return "".join(event.delta.text for event in events if event.WhichOneof("event") == "delta")
