"""The backend for an event loop: the REST interface's client. Belongs to the loop it is made in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import grpc
import grpc.aio

from frontend.client import translation
from frontend.client.channel import (
    ANSWER_SECONDS,
    PING_SECONDS,
    QUICK_SECONDS,
    WORK_SECONDS,
    Metadata,
    credentials,
    metadata,
    options,
)
from frontend.client.failures import closed, failure, unexpected
from frontend.messages import (
    BackendStatus,
    Event,
    FileRef,
    Forgotten,
    Page,
    Plan,
    Question,
    Stats,
)
from protos import inference_pb2, inference_pb2_grpc, media_pb2, media_pb2_grpc


class AsyncClient:
    """Every call has a deadline; every failure is a `BackendError`; cancelling ends the call."""

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        ca: Path | None = None,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        """`ca` holds the certificates that the backend's is signed by; None: no TLS.
        `ping_seconds`: how often it is asked whether it is still there; 0: never."""
        self._token = token
        self._channel = (
            grpc.aio.insecure_channel(address, options=options(ping_seconds))
            if ca is None
            else grpc.aio.secure_channel(address, credentials(ca), options=options(ping_seconds))
        )
        self._inference = inference_pb2_grpc.InferenceStub(self._channel)
        self._media = media_pb2_grpc.MediaStub(self._channel)

    async def status(self, *, timeout: float = QUICK_SECONDS) -> BackendStatus:  # noqa: ASYNC109
        """The models, and how far the backend is."""
        with _told():
            answer = await self._inference.GetModel(
                inference_pb2.GetModelRequest(), timeout=timeout, metadata=self._metadata()
            )
        return translation.status(answer)

    async def put(
        self, owner: str, data: bytes, filename: str, *, sha256: str | None = None
    ) -> FileRef:
        """Stores a file; a hash that is given is checked there."""
        with _told():
            answer = await self._media.PutMedia(
                translation.upload(data, filename, sha256),
                timeout=WORK_SECONDS,
                metadata=self._metadata(owner),
            )
        return translation.file_ref(answer)

    async def has(self, owner: str, hashes: Sequence[str]) -> list[FileRef]:
        """Those of the files that are stored already."""
        with _told():
            answer = await self._media.HasMedia(
                media_pb2.HasMediaRequest(sha256=hashes),
                timeout=QUICK_SECONDS,
                metadata=self._metadata(owner),
            )
        return [translation.file_ref(ref) for ref in answer.present]

    async def page(
        self, owner: str, sha256: str, number: int, *, max_side: int = 1024, words: bool = False
    ) -> Page:
        """One page, rendered, and its words on request."""
        with _told():
            answer = await self._media.GetPage(
                media_pb2.GetPageRequest(
                    sha256=sha256, page=number, max_side=max_side, words=words
                ),
                timeout=WORK_SECONDS,
                metadata=self._metadata(owner),
            )
        return translation.page(answer)

    async def forget(self, owner: str, sha256: str) -> Forgotten:
        """Erases a file and what was derived from it."""
        with _told():
            answer = await self._media.Forget(
                media_pb2.ForgetRequest(sha256=sha256),
                timeout=WORK_SECONDS,
                metadata=self._metadata(owner),
            )
        return translation.forgotten(answer)

    def generate(
        self, owner: str, question: Question, *, timeout: float | None = None
    ) -> AsyncGenerator[Event, None]:
        """The events of an answer. Closing the iterator cancels a call that is not detached."""
        request = translation.generate_request(question)
        return _events(
            lambda: self._inference.Generate(
                request,
                timeout=timeout or ANSWER_SECONDS,
                metadata=self._metadata(owner, question.request_id),
            )
        )

    async def plan(self, owner: str, question: Question) -> Plan:
        """What a question would cost; nothing is computed."""
        request = inference_pb2.PlanRequest(request=translation.generate_request(question))
        with _told():
            answer = await self._inference.Plan(
                request, timeout=WORK_SECONDS, metadata=self._metadata(owner, question.request_id)
            )
        return translation.plan(answer)

    async def tokenize(self, model: str, text: str) -> tuple[int, ...]:
        """The tokens of a text."""
        with _told():
            answer = await self._inference.Tokenize(
                inference_pb2.TokenizeRequest(model=model, text=text),
                timeout=WORK_SECONDS,
                metadata=self._metadata(),
            )
        return tuple(answer.tokens)

    def attach(self, owner: str, request_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """The events of a detached answer again, from any one on."""
        return _events(
            lambda: self._inference.Attach(
                inference_pb2.AttachRequest(request_id=request_id, after=after),
                timeout=ANSWER_SECONDS,
                metadata=self._metadata(owner, request_id),
            )
        )

    async def cancel(self, owner: str, request_id: str) -> bool:
        """Stops an answer; whether there was one to stop."""
        with _told():
            answer = await self._inference.Cancel(
                inference_pb2.CancelRequest(request_id=request_id),
                timeout=QUICK_SECONDS,
                metadata=self._metadata(owner, request_id),
            )
        return answer.was_running

    async def stats(self, *, timeout: float = QUICK_SECONDS) -> Stats:  # noqa: ASYNC109
        """The backend's figures as they are now."""
        call = self._inference.WatchStats(
            inference_pb2.WatchStatsRequest(), timeout=timeout, metadata=self._metadata()
        )
        try:
            with _told():
                async for answer in call:
                    return translation.stats(answer)
        finally:
            call.cancel()
        raise unexpected()

    async def close(self) -> None:
        """Ends every call and the connection."""
        await self._channel.close()

    def _metadata(self, owner: str | None = None, request_id: str = "") -> Metadata:
        return metadata(self._token, owner, request_id)


class _Stream(Protocol):
    """A call that answers with events."""

    def __aiter__(self) -> AsyncIterator[inference_pb2.GenerateEvent]: ...

    def cancel(self) -> object: ...


async def _events(start: Callable[[], _Stream]) -> AsyncGenerator[Event, None]:
    """The call starts when its first event is asked for, and ends with the iterator."""
    with _told():
        call = start()
        try:
            async for wire in call:
                event = translation.event(wire)
                if event is not None:
                    yield event
        finally:
            call.cancel()


@contextmanager
def _told() -> Iterator[None]:
    """Lets failures out as `BackendError` alone."""
    try:
        yield
    except grpc.RpcError as error:
        raise failure(error) from None
    except grpc.aio.UsageError:  # gRPC's word for a channel that was closed
        raise closed() from None
