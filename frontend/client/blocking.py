"""The backend for threads: the page's client. Safe to share between threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import grpc

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


class Client:
    """Every call has a deadline; every failure is a `BackendError`."""

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
            grpc.insecure_channel(address, options=options(ping_seconds))
            if ca is None
            else grpc.secure_channel(address, credentials(ca), options=options(ping_seconds))
        )
        self._inference = inference_pb2_grpc.InferenceStub(self._channel)
        self._media = media_pb2_grpc.MediaStub(self._channel)

    def status(self) -> BackendStatus:
        """The models, and how far the backend is."""
        with _told():
            answer = self._inference.GetModel(
                inference_pb2.GetModelRequest(),
                timeout=QUICK_SECONDS,
                metadata=self._metadata(),
            )
        return translation.status(answer)

    def put(self, owner: str, data: bytes, filename: str) -> FileRef:
        """Stores a file."""
        with _told():
            answer = self._media.PutMedia(
                translation.upload(data, filename),
                timeout=WORK_SECONDS,
                metadata=self._metadata(owner),
            )
        return translation.file_ref(answer)

    def has(self, owner: str, hashes: Sequence[str]) -> list[FileRef]:
        """Those of the files that are stored already."""
        with _told():
            answer = self._media.HasMedia(
                media_pb2.HasMediaRequest(sha256=hashes),
                timeout=QUICK_SECONDS,
                metadata=self._metadata(owner),
            )
        return [translation.file_ref(ref) for ref in answer.present]

    def page(
        self,
        owner: str,
        sha256: str,
        number: int,
        *,
        max_side: int = 1024,
        words: bool = False,
        image: bool = True,
    ) -> Page:
        """One page, rendered unless only its words are asked for."""
        with _told():
            answer = self._media.GetPage(
                media_pb2.GetPageRequest(
                    sha256=sha256, page=number, max_side=max_side, words=words, image=image
                ),
                timeout=WORK_SECONDS,
                metadata=self._metadata(owner),
            )
        return translation.page(answer)

    def forget(self, owner: str, sha256: str) -> Forgotten:
        """Erases a file and what was derived from it."""
        with _told():
            answer = self._media.Forget(
                media_pb2.ForgetRequest(sha256=sha256),
                timeout=WORK_SECONDS,
                metadata=self._metadata(owner),
            )
        return translation.forgotten(answer)

    def generate(
        self, owner: str, question: Question, *, timeout: float | None = None
    ) -> Iterator[Event]:
        """The events of an answer. Closing the iterator cancels a call that is not detached."""
        request = translation.generate_request(question)
        return _events(
            lambda: self._inference.Generate(
                request,
                timeout=timeout or ANSWER_SECONDS,
                metadata=self._metadata(owner, question.request_id),
            )
        )

    def plan(self, owner: str, question: Question) -> Plan:
        """What a question would cost; nothing is computed."""
        request = inference_pb2.PlanRequest(request=translation.generate_request(question))
        with _told():
            answer = self._inference.Plan(
                request, timeout=WORK_SECONDS, metadata=self._metadata(owner, question.request_id)
            )
        return translation.plan(answer)

    def attach(
        self, owner: str, request_id: str, *, after: int = 0, gather_ms: int = 0
    ) -> Iterator[Event]:
        """The events of a detached answer again, from any one on; see Question.gather_ms."""
        return _events(
            lambda: self._inference.Attach(
                inference_pb2.AttachRequest(
                    request_id=request_id, after=after, gather_ms=gather_ms
                ),
                timeout=ANSWER_SECONDS,
                metadata=self._metadata(owner, request_id),
            )
        )

    def cancel(self, owner: str, request_id: str) -> bool:
        """Stops an answer; whether there was one to stop."""
        with _told():
            answer = self._inference.Cancel(
                inference_pb2.CancelRequest(request_id=request_id),
                timeout=QUICK_SECONDS,
                metadata=self._metadata(owner, request_id),
            )
        return answer.was_running

    def stats(self) -> Stats:
        """The backend's figures as they are now."""
        with _told():
            call = self._inference.WatchStats(
                inference_pb2.WatchStatsRequest(),
                timeout=QUICK_SECONDS,
                metadata=self._metadata(),
            )
            try:
                answer = next(iter(call), None)
            finally:
                call.cancel()
        if answer is None:
            raise unexpected()
        return translation.stats(answer)

    def watch(self, every: float) -> Iterator[Stats]:
        """The backend's figures, now and again every so many seconds, until it goes away."""
        with _told():
            call = self._inference.WatchStats(
                inference_pb2.WatchStatsRequest(interval_seconds=every),
                timeout=ANSWER_SECONDS,
                metadata=self._metadata(),
            )
            try:
                for answer in call:
                    yield translation.stats(answer)
            finally:
                call.cancel()

    def close(self) -> None:
        """Ends every call and the connection."""
        self._channel.close()

    def _metadata(self, owner: str | None = None, request_id: str = "") -> Metadata:
        return metadata(self._token, owner, request_id)


class _Stream(Protocol):
    """A call that answers with events."""

    def __iter__(self) -> Iterator[inference_pb2.GenerateEvent]: ...

    def cancel(self) -> object: ...


def _events(start: Callable[[], _Stream]) -> Iterator[Event]:
    """The call starts when its first event is asked for, and ends with the iterator."""
    with _told():
        call = start()
        try:
            for wire in call:
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
    except ValueError:  # gRPC's word for a channel that was closed
        raise closed() from None
