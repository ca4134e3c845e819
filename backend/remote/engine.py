"""An engine that computes nothing itself: it asks another server over OpenAI's interface.

It owns one thread with an event loop of its own, on which every accepted request is a task. Work
comes in from any thread; listeners hear of it on the engine's thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import httpx

from backend.errors import (
    AlreadyExists,
    ContextLengthExceeded,
    Internal,
    InvalidRequest,
    QueueFull,
    RequestError,
    Unavailable,
)
from backend.prompt.events import Delta
from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import FinishReason
from backend.rates import Flow, Rate
from backend.remote import failures
from backend.remote.address import Address
from backend.remote.answer import Answer
from backend.remote.body import body
from backend.remote.estimate import Estimate
from backend.remote.picture import data_url
from backend.remote.places import Places
from backend.remote.probe import Found
from backend.remote.run import Run
from backend.remote.stream import check, chunks
from backend.work import Counting, EngineStats, Listener, Work

log = logging.getLogger(__name__)


class RemoteEngine:
    """Takes work from any thread and has it computed elsewhere."""

    resizes_pictures = True  # the other server brings them to the size that its model wants

    def __init__(
        self,
        address: Address,
        found: Found,
        *,
        context_length: int,
        max_running: int,
        max_queue: int,
        on_away: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_away` hears, on the engine's thread, that the server could not be reached."""
        self.found = found  # replaced when the server comes back as another
        self.context_length = context_length
        self._address = address
        self._max_running = max_running
        self._limit = max_running + max_queue
        self._on_away = on_away
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
        self._lock = threading.Lock()  # over what is live and whether more may come
        self._live: dict[tuple[str, str], Run] = {}
        self._is_stopping = False
        self._has_ended = False  # the engine's thread's own
        self._flow = Flow()
        self._prefill = Rate()
        self._prompt_tokens = 0
        self._cached_tokens = 0
        self._completion_tokens = 0

    def start(self) -> None:
        """Starts the engine's thread."""
        self._thread.start()

    def submit(self, work: Work, listener: Listener) -> int:
        """Accepts work, or raises a RequestError; answers how many requests wait before it."""
        self._check(work)
        thinking = work.thinking and self.found.thinks and not self.found.tells_apart
        answers = [Answer(index, thinking=thinking) for index in range(work.sampling.n)]
        run = Run(work, listener, time.monotonic(), answers)
        with self._lock:
            if self._is_stopping:
                raise Unavailable("The backend is shutting down.", retry_after=5)
            if run.key in self._live:
                raise AlreadyExists("This request id is in use.", param="request_id")
            if len(self._live) >= self._limit:
                raise QueueFull("Too many requests are waiting; try again soon.", retry_after=5)
            running = sum(other.has_started for other in self._live.values())
            ahead = len(self._live) - running if len(self._live) >= self._max_running else 0
            self._live[run.key] = run
        self._loop.call_soon_threadsafe(self._begin, run)
        return ahead

    def cancel(self, owner: str, request_id: str) -> bool:
        """Closes the other server's stream; whether the request was live. `finished` comes."""
        with self._lock:
            run = self._live.get((owner, request_id))
        if run is None:
            return False
        self._loop.call_soon_threadsafe(run.cancel)
        return True

    def hold_pictures(self, keys: Iterable[bytes]) -> frozenset[bytes]:
        """None is kept here: every picture is drawn and sent; the server may know it."""
        return frozenset()

    @property
    def busy_since(self) -> float | None:
        """Never: no step is computed here, and every wait for the other server has its own end."""
        return None

    def release_pictures(self, keys: Iterable[bytes]) -> None:
        """Nothing was held."""

    def known_tokens(
        self,
        owner: str,
        prompt_ids: Sequence[int],
        images: Sequence[ImageSpan],
        *,
        adapted: bool = False,
    ) -> int:
        """What the server has cached is not known before it answers."""
        return 0

    def forget(self, owner: str, sha256: str) -> int:
        """Nothing made of files is kept here."""
        return 0

    def tokenize(self, text: str) -> list[int]:
        """The other server's tokens of a text. Raises RequestError where it does not tell them."""
        for url, fields in (
            (f"{self._address.root}/tokenize", {"add_special_tokens": False}),
            (f"{self._address.url}/tokenize", {}),
        ):
            asked = {"model": self.found.model, "prompt": text, "content": text, **fields}
            try:
                with self._address.client() as client:
                    answer = client.post(url, json=asked)
            except httpx.HTTPError as error:
                raise failures.unreachable(error) from None
            if not answer.is_success:
                continue
            tokens = answer.json().get("tokens")
            if isinstance(tokens, list) and all(isinstance(token, int) for token in tokens):
                return tokens
        raise InvalidRequest(
            "The engine behind this service does not tell its tokens.",
            code="unsupported_parameter",
        )

    def stats(self) -> EngineStats:
        """The engine's figures now; blocks and pictures are the other server's affair."""
        with self._lock:
            live = list(self._live.values())
        running = sum(run.has_started for run in live)
        return EngineStats(
            queued=len(live) - running,
            running=running,
            blocks_used=0,
            blocks_total=0,
            tokens_per_second=self._flow.per_second,
            prompt_tokens_total=self._prompt_tokens,
            completion_tokens_total=self._completion_tokens,
            preemptions_total=0,
            prefix_hits_total=self._cached_tokens,
            prefix_misses_total=self._prompt_tokens - self._cached_tokens,
            prefill_tokens_per_second=self._prefill.per_second,
        )

    def stop(self, grace: float) -> None:
        """Refuses new work, lets the accepted finish within `grace` seconds, then ends the rest."""
        with self._lock:
            self._is_stopping = True
        end = time.monotonic() + grace
        while time.monotonic() < end and self._live:
            time.sleep(0.02)
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end_all)
            self._thread.join()

    def _check(self, work: Work) -> None:
        assert work.sampling.max_tokens is not None
        needed = len(work.prompt_ids) + work.sampling.max_tokens
        if needed > self.context_length:
            raise ContextLengthExceeded(
                f"Prompt (about {len(work.prompt_ids)} tokens) and answer "
                f"({work.sampling.max_tokens}) need {needed}; the limit is {self.context_length}.",
                param="messages",
            )

    # Everything below runs on the engine's thread.

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._places = Places(self._max_running)
        self._client = self._address.streaming(self._max_running)
        self._loop.run_forever()
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()

    def _end_all(self) -> None:
        self._has_ended = True
        tasks = [run.watched for run in self._live.values() if run.watched is not None]
        for run in list(self._live.values()):
            run.cancel()

        async def last() -> None:
            await asyncio.gather(*tasks, return_exceptions=True)
            self._loop.stop()

        self._last = self._loop.create_task(last())

    def _begin(self, run: Run) -> None:
        # A task that is cancelled before it began never runs: so the answer is a task of its own,
        # which another one sees to its end.
        run.task = self._loop.create_task(self._answer(run))
        run.watched = self._loop.create_task(self._see_through(run, run.task))
        if run.is_cancelled or self._has_ended:
            run.cancel()

    async def _see_through(self, run: Run, task: asyncio.Task[None]) -> None:
        """A request from its queue to its one end."""
        error: RequestError | None = None
        rest = FinishReason.ERROR
        try:
            async with asyncio.timeout_at(run.work.deadline):
                await task
        except TimeoutError:
            rest = FinishReason.DEADLINE
        except asyncio.CancelledError:
            rest = FinishReason.CANCELLED
        except RequestError as told:
            error = told
        except httpx.HTTPError as broken:
            error = failures.unreachable(broken)
            if not isinstance(broken, httpx.TimeoutException):
                self._on_away()
        except Exception:
            log.exception("an answer broke")
            error = Internal(failures.FAILED)
        self._finish(run, rest, error)

    async def _answer(self, run: Run) -> None:
        work = run.work
        if work.notice is not None:
            self._start(run)
            tokens = Estimate().count(work.notice)
            for answer in run.answers:
                run.tell(run.listener.delta, Delta(answer.index, work.notice, tokens))
                answer.tokens, answer.reason = tokens, FinishReason.STOP
            return
        async with self._places.take(work.priority):
            pictures = [
                await asyncio.to_thread(data_url, span.picture.pixels)
                for span in work.images
                if span.picture.pixels is not None
            ]
            assert len(pictures) == len(work.images), "every picture was drawn"
            for span in work.images:
                span.picture.pixels = None
            asked = body(work, self.found, pictures)
            url = f"{self._address.url}/chat/completions"
            sent = time.monotonic()
            async with self._client.stream("POST", url, json=asked) as response:
                await check(response)
                self._start(run)
                await self._read(run, response, sent)

    async def _read(self, run: Run, response: httpx.Response, sent: float) -> None:
        first = None
        async for chunk in chunks(response):
            usage = chunk.get("usage")
            if isinstance(usage, dict):
                run.usage = usage
            for choice in chunk.get("choices") or ():
                index = choice.get("index", 0)
                if not 0 <= index < len(run.answers):
                    continue
                answer = run.answers[index]
                before = answer.tokens
                delta = answer.push(choice)
                if answer.tokens > before:
                    first = first or time.monotonic()
                    self._flow.add(answer.tokens - before)
                if delta is not None:
                    run.tell(run.listener.delta, delta)
        if first is not None:
            prompt, cached = run.prompt_tokens
            self._prefill.add(prompt - cached, first - sent)
        if any(answer.reason is None for answer in run.answers):
            raise Unavailable(failures.BROKEN_OFF, retry_after=failures.RETRY_AFTER)

    def _start(self, run: Run) -> None:
        run.has_started = True
        run.tell(run.listener.started, 0, time.monotonic() - run.accepted)

    def _finish(self, run: Run, rest: FinishReason, error: RequestError | None) -> None:
        for answer in run.answers:
            delta = answer.flush(rest)
            if delta is not None and run.has_started:
                run.tell(run.listener.delta, delta)
        prompt, cached = run.prompt_tokens
        if prompt:
            self._prompt_tokens += prompt
            self._cached_tokens += cached
            if isinstance(run.listener, Counting):
                run.tell(run.listener.counted, prompt, cached)
        counted = sum(answer.tokens for answer in run.answers)
        told = run.usage.get("completion_tokens")
        completion = told if isinstance(told, int) and told >= counted else counted
        self._completion_tokens += completion
        with self._lock:
            del self._live[run.key]
        reasons = tuple(answer.reason or rest for answer in run.answers)
        if FinishReason.ERROR in reasons:
            error = error or Internal(failures.FAILED)
        run.tell(run.listener.finished, reasons, completion, "", error)
