"""A request in, one answer out, whole or as it is written: the same for every dialect."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, closing
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from frontend.api.asking import openai_path, question, seconds
from frontend.api.attempts import Attempts
from frontend.api.body import Body, Room, arrived
from frontend.api.errors import (
    ApiError,
    ClientLeft,
    deadline,
    from_backend,
    internal,
    unavailable,
)
from frontend.api.fetch import Fetcher
from frontend.api.limits import READER_SECONDS
from frontend.api.metrics import Metrics
from frontend.api.presence import while_present
from frontend.api.schema import ChatRequest
from frontend.api.uploads import Uploads
from frontend.client.concurrent import AsyncClient
from frontend.messages import (
    BackendError,
    Delta,
    Event,
    Finished,
    FinishReason,
    Started,
    Turn,
)

logger = logging.getLogger(__name__)

STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class Writer(Protocol):
    """How the parts of one answer are spelt."""

    def start(self, started: Started) -> None:
        """Takes in what the prompt became."""

    def add(self, delta: Delta) -> None:
        """Takes in new text of an answer that is sent whole."""

    def completion(self, finished: Finished) -> bytes:
        """The whole answer."""

    def opening(self) -> bytes:
        """How a stream begins."""

    def chunk(self, delta: Delta) -> bytes:
        """New text of a stream; nothing if there is none."""

    def closing(self, finished: Finished) -> Iterator[bytes]:
        """How a stream ends."""

    def broken(self, failure: ApiError) -> bytes:
        """How a stream ends that cannot go on."""


class Asked(Protocol):
    """A request in some dialect."""

    @property
    def chat(self) -> ChatRequest:
        """What is asked for."""

    @property
    def emptied(self) -> Asked:
        """The same, without the bytes of its files."""

    def param(self, path: str | None) -> str | None:
        """This dialect's name for a field of a chat request."""

    def writer(self, request_id: str, created: int, names: Mapping[str, str]) -> Writer:
        """What writes the answer; `names` are those of files, by hash."""


Dialect = Callable[[dict[str, Any]], Asked]  # of a body; raises ApiError


class Exchanges:
    """Every answer being written; one per process."""

    def __init__(
        self, client: AsyncClient, fetcher: Fetcher, metrics: Metrics, timeout: float, room: Room
    ) -> None:
        self._client = client
        self._fetcher = fetcher
        self._metrics = metrics
        self._timeout = timeout
        self._room = room
        self._attempts = Attempts(client)
        self._answering: set[asyncio.Task[None]] = set()
        self._is_closing = False

    def speaking(self, dialect: Dialect) -> ASGIApp:
        """An application that answers in a dialect. Raises ApiError as long as nothing is sent."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            end = asyncio.get_running_loop().time() + seconds(request, self._timeout)
            with closing(await arrived(request)) as body:
                if self._is_closing:
                    raise unavailable("The service is stopping.")
                await while_present(receive, self._answer(body, dialect, scope, send, end))

        return app

    async def idle(self) -> None:
        """Returns once nothing is being answered."""
        while self._answering:
            await asyncio.wait(set(self._answering))

    def end_all(self) -> None:
        """Ends what is still being answered, saying so; new requests are refused."""
        self._is_closing = True
        for task in self._answering:
            task.cancel()

    async def _answer(
        self, body: Body, dialect: Dialect, scope: Scope, send: Send, end: float
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        exchange = _Exchange(send)
        try:
            asked, turns, names = await self._taken_in(body, dialect, scope["owner"], end)
            try:
                await self._exchange(asked, turns, names, scope, exchange, end)
            except ApiError as failure:
                failure.param = asked.param(failure.param)
                raise
        except ApiError as failure:
            await exchange.fail(failure)
        except asyncio.CancelledError:
            if not self._is_closing:
                raise
            await exchange.fail(unavailable("The service is stopping."))
        except ClientLeft:
            raise
        except Exception:
            logger.exception("request %s failed", scope["request_id"])
            await exchange.fail(internal())
        finally:
            self._answering.discard(task)

    async def _taken_in(
        self, body: Body, dialect: Dialect, owner: str, end: float
    ) -> tuple[Asked, tuple[Turn, ...], Mapping[str, str]]:
        """The request without its files, its turns with those in the backend, and their names."""
        uploads = Uploads(self._client, self._fetcher, owner)
        try:
            async with asyncio.timeout_at(end), self._room.of(body):
                asked = await body.read(dialect)
                try:
                    turns = await uploads.turns(asked.chat)
                except ApiError as failure:
                    failure.param = asked.param(failure.param)
                    raise
        except TimeoutError:
            raise deadline() from None
        return asked.emptied, turns, uploads.names

    async def _exchange(
        self,
        asked: Asked,
        turns: tuple[Turn, ...],
        names: Mapping[str, str],
        scope: Scope,
        exchange: _Exchange,
        end: float,
    ) -> None:
        chat = asked.chat
        owner, request_id = scope["owner"], f"{scope['request_id']}-{uuid.uuid4().hex[:8]}"
        answer = asked.writer(request_id, int(time.time()), names)
        try:
            put = question(chat, turns, request_id)
            async with aclosing(self._attempts.events(owner, put, end)) as events:
                if chat.stream:
                    await self._stream(events, answer, exchange)
                else:
                    await self._whole(events, answer, exchange)
        except BackendError as error:
            raise from_backend(error, lambda path: openai_path(path, chat)) from None

    async def _whole(
        self, events: AsyncGenerator[Event, None], answer: Writer, exchange: _Exchange
    ) -> None:
        async for event in events:
            match event:
                case Delta():
                    answer.add(event)
                case Started():
                    answer.start(event)
                case Finished():
                    self._finish(event)
                    await exchange.send_whole(answer.completion(event))
                    return
        raise internal()

    async def _stream(
        self, events: AsyncGenerator[Event, None], answer: Writer, exchange: _Exchange
    ) -> None:
        """Nothing is sent before the first text or the end: until then a refusal has a status."""
        async for event in events:
            match event:
                case Delta():
                    if not exchange.has_begun:
                        await exchange.begin(answer)
                    await exchange.send_part(answer.chunk(event))
                case Started():
                    answer.start(event)
                case Finished():
                    self._finish(event)
                    if not exchange.has_begun:
                        await exchange.begin(answer)
                    await exchange.end(b"".join(answer.closing(event)))
                    return
        raise internal()

    def _finish(self, finished: Finished) -> None:
        """Counts, and raises ApiError for an end that is no answer."""
        self._metrics.count_tokens(finished.usage)
        if FinishReason.ERROR in finished.reasons:
            raise internal()
        if FinishReason.DEADLINE in finished.reasons:
            raise deadline()
        if FinishReason.CANCELLED in finished.reasons:
            raise unavailable("The answer was stopped before its end.")


class _Exchange:
    """The response as far as it is sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._writer: Writer | None = None  # of a stream that has begun
        self.has_begun = False

    async def send_whole(self, body: bytes) -> None:
        """A whole answer."""
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._put(body, more=False)

    async def begin(self, writer: Writer) -> None:
        """A stream's head and first words."""
        self.has_begun, self._writer = True, writer
        await self._send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        await self._put(writer.opening())

    async def send_part(self, chunk: bytes) -> None:
        """Some of a stream."""
        if chunk:
            await self._put(chunk)

    async def end(self, chunks: bytes) -> None:
        """The rest of a stream."""
        await self._put(chunks, more=False)

    async def fail(self, failure: ApiError) -> None:
        """An error: as a response, or inside the stream if that has begun."""
        if self._writer is None:
            raise failure
        await self.end(self._writer.broken(failure))

    async def _put(self, body: bytes, *, more: bool = True) -> None:
        try:
            async with asyncio.timeout(READER_SECONDS):
                await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError:
            raise ClientLeft from None
