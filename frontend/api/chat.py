"""POST /v1/chat/completions: a request in, one answer out, whole or as it is written."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from frontend.api.answers import DONE, Answer
from frontend.api.asking import openai_path, question, seconds
from frontend.api.body import read
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
from frontend.api.schema import ChatRequest, chat_request
from frontend.api.uploads import Uploads
from frontend.client.concurrent import AsyncClient
from frontend.messages import (
    BackendError,
    Delta,
    Event,
    Finished,
    FinishReason,
    Started,
)

logger = logging.getLogger(__name__)

STREAM_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class Chat:
    """An ASGI application; one per process."""

    def __init__(
        self, client: AsyncClient, fetcher: Fetcher, metrics: Metrics, timeout: float
    ) -> None:
        self._client = client
        self._fetcher = fetcher
        self._metrics = metrics
        self._timeout = timeout
        self._answering: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ApiError as long as nothing is sent."""
        request = Request(scope, receive)
        end = asyncio.get_running_loop().time() + seconds(request, self._timeout)
        asked = await read(request, chat_request)
        if self._is_closing:
            raise unavailable("The service is stopping.")
        await while_present(receive, self._answer(asked, scope, send, end))

    def end_all(self) -> None:
        """Ends what is still being answered, saying so; new requests are refused."""
        self._is_closing = True
        for task in self._answering:
            task.cancel()

    async def _answer(self, asked: ChatRequest, scope: Scope, send: Send, end: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        exchange = _Exchange(send)
        try:
            await self._exchange(asked, scope, exchange, end)
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

    async def _exchange(
        self, asked: ChatRequest, scope: Scope, exchange: _Exchange, end: float
    ) -> None:
        owner, request_id = scope["owner"], f"{scope['request_id']}-{uuid.uuid4().hex[:8]}"
        uploads = Uploads(self._client, self._fetcher, owner)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(end):
                turns = await uploads.turns(asked)
        except TimeoutError:
            raise deadline() from None
        answer = Answer(
            f"chatcmpl-{request_id}",
            int(time.time()),
            answers=asked.sampling.n or 1,
            with_logprobs=asked.sampling.top_logprobs is not None,
            include_usage=asked.include_usage,
            names=uploads.names,
        )
        try:
            events = self._client.generate(
                owner,
                question(asked, turns, request_id),
                timeout=max(0.001, end - loop.time()),
            )
            async with aclosing(events):
                if asked.stream:
                    await self._stream(events, answer, exchange)
                else:
                    await self._whole(events, answer, exchange)
        except BackendError as error:
            raise from_backend(error, lambda path: openai_path(path, asked)) from None

    async def _whole(
        self, events: AsyncGenerator[Event, None], answer: Answer, exchange: _Exchange
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
        self, events: AsyncGenerator[Event, None], answer: Answer, exchange: _Exchange
    ) -> None:
        """Nothing is sent before the first text or the end: until then a refusal has a status."""
        async for event in events:
            match event:
                case Delta():
                    if not exchange.has_begun:
                        await exchange.begin(answer.opening())
                    await exchange.send_part(answer.chunk(event))
                case Started():
                    answer.start(event)
                case Finished():
                    self._finish(event)
                    if not exchange.has_begun:
                        await exchange.begin(answer.opening())
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

    async def begin(self, first: bytes) -> None:
        """A stream's head and first chunk."""
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        await self._put(first)

    async def send_part(self, chunk: bytes) -> None:
        """Some of a stream."""
        if chunk:
            await self._put(chunk)

    async def end(self, chunks: bytes) -> None:
        """The rest of a stream."""
        await self._put(chunks, more=False)

    async def fail(self, failure: ApiError) -> None:
        """An error: as a response, or inside the stream if that has begun."""
        if self.has_begun:
            await self.end(b"data: " + failure.body() + b"\n\n" + DONE)
            return
        raise failure

    async def _put(self, body: bytes, *, more: bool = True) -> None:
        try:
            async with asyncio.timeout(READER_SECONDS):
                await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError:
            raise ClientLeft from None
