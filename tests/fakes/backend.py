"""An in-process backend that behaves as `protos/*.proto` says and computes nothing.

It runs in its own thread, so that blocking and asyncio callers alike can talk to it. The answer to
a question is `answer` (a text, or a function of the request); a token is a word with the space
before it. What callers did is left in `requests`, `owners`, `uploads` and `cancelled`.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
import threading
import warnings
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio
from PIL import Image, UnidentifiedImageError

from frontend.messages import Word
from protos import inference_pb2, inference_pb2_grpc, media_pb2, media_pb2_grpc
from tests.fakes import contracts

T = TypeVar("T")
GenerateRequest = inference_pb2.GenerateRequest
GenerateEvent = inference_pb2.GenerateEvent
Context = grpc.aio.ServicerContext[Any, Any]

STATUS = {
    "bad_input": grpc.StatusCode.INVALID_ARGUMENT,
    "too_large": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "not_found": grpc.StatusCode.NOT_FOUND,
    "already_exists": grpc.StatusCode.ALREADY_EXISTS,
    "queue_full": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "deadline": grpc.StatusCode.DEADLINE_EXCEEDED,
    "not_implemented": grpc.StatusCode.UNIMPLEMENTED,
    "internal": grpc.StatusCode.INTERNAL,
}
CONTEXT_TOKENS = 8192
BLOCK_TOKENS = 16
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


@dataclass(frozen=True)
class Refusal:
    """How a call ends instead of being served."""

    kind: str
    message: str = "The fake refuses."
    code: str = "invalid_value"
    param: str | None = None
    retry_after: int | None = None


class Refused(Exception):
    """Carries a refusal out of a call's checks."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass
class Stored:
    """A file and who has it."""

    data: bytes
    ref: media_pb2.MediaRef


@dataclass
class Generation:
    """An answer under way: its log, and a bell that rings when the log grows or ends."""

    request: GenerateRequest
    number: int  # how many came before it, and itself
    events: list[GenerateEvent] = field(default_factory=list)
    bell: asyncio.Condition = field(default_factory=asyncio.Condition)
    done: bool = False
    crashed: bool = False
    stop_asked: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def add(self, **event: Any) -> None:
        async with self.bell:
            self.events.append(GenerateEvent(number=len(self.events) + 1, **event))
            self.bell.notify_all()

    async def pause(self, seconds: float) -> None:
        """Waits, but not beyond Stop."""
        if seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop_asked.wait(), seconds)

    async def end(self, *, crashed: bool = False) -> None:
        async with self.bell:
            self.done, self.crashed = True, crashed
            self.bell.notify_all()

    async def follow(self, after: int) -> AsyncIterator[GenerateEvent]:
        place = after
        while True:
            async with self.bell:
                while not self.done and len(self.events) <= place:
                    await self.bell.wait()
                fresh = self.events[place:]
            if not fresh:
                return
            for event in fresh:
                yield event
            place += len(fresh)


class FakeBackend:
    """Use as a context manager, or `start()` and `stop()`; it can be started again."""

    def __init__(self, *, token: str | None = None, answer: str | None = None) -> None:
        self.token = token
        self.model = "fake-model"
        self.parameters = 1
        self.sees_images = False
        self.thinks = False
        self.calls_tools = False
        self.defaults = inference_pb2.Sampling(
            temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0
        )
        self.calls: list[inference_pb2.ToolCall] = []  # with which every answer ends, if it may
        self.phase: inference_pb2.Phase.ValueType = inference_pb2.PHASE_READY
        self.phase_detail = "The fake is ready."
        self.answer: str | Callable[[GenerateRequest], str] = answer or _echo
        self.reasoning = ""  # what is thought before the answer, when thinking is on
        self.token_delay = 0.0  # seconds before each token
        self.start_delay = 0.0  # seconds before the first one
        self.answers: int | None = None  # this many questions; later ones wait for a change of it
        self.tokens_per_event = 1
        self.fail_after: int | None = None  # tokens after which the stream breaks off
        self.finish_reason: inference_pb2.FinishReason.ValueType | None = None
        self.warning = ""
        self.boxes: list[inference_pb2.Box] = []  # that every answer names
        self.keeps_answers = False  # whether a question asked before is answered from a cache
        self.refusals: deque[Refusal] = deque()  # the next Generate calls end like this
        self.requests: list[GenerateRequest] = []
        self.planned: list[GenerateRequest] = []
        self.owners: list[str] = []
        self.uploads: list[str] = []  # file names, in order
        self.cancelled: list[str] = []  # request ids
        self.media: dict[tuple[str, str], Stored] = {}
        self.available_bytes = 8 << 30
        self.disk_bytes_free = 100 << 30
        self.threads = 2
        self.page_texts: dict[str, tuple[str, ...]] = {}  # by SHA-256: what the pages say
        self.generations: dict[tuple[str, str], Generation] = {}
        self._prompts: list[list[str]] = []
        self._kept: set[tuple[str, bytes]] = set()
        self.started_at = 1_700_000_000  # unix seconds; later at every start
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: grpc.aio.Server | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._port}"

    @property
    def running(self) -> int:
        """Answers under way."""
        return sum(not generation.done for generation in list(self.generations.values()))

    def start(self) -> FakeBackend:
        """Listens; on the same port as before if it ran before."""
        self.started_at += 1
        loop = asyncio.new_event_loop()
        self._loop = loop
        self._thread = threading.Thread(target=loop.run_forever, name="fake-backend", daemon=True)
        self._thread.start()
        self._call(self._listen())
        return self

    def stop(self) -> None:
        """Goes away at once, breaking off every stream."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._call(self._leave())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        self._loop = self._thread = None

    def stop_answers(self) -> None:
        """Ends every answer under way, as a backend that goes down does."""
        assert self._loop is not None
        for generation in list(self.generations.values()):
            self._loop.call_soon_threadsafe(generation.stop_asked.set)

    def __enter__(self) -> FakeBackend:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.http2.min_ping_interval_without_data_ms", 2_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        inference_pb2_grpc.add_InferenceServicer_to_server(_Inference(self), self._server)
        media_pb2_grpc.add_MediaServicer_to_server(_Media(self), self._server)
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        await self._server.start()

    async def _leave(self) -> None:
        for generation in self.generations.values():
            if generation.task is not None:
                generation.task.cancel()
        self.generations.clear()
        assert self._server is not None
        await self._server.stop(0)


class _Inference(inference_pb2_grpc.InferenceServicer):
    """Generate and its kin."""

    def __init__(self, fake: FakeBackend) -> None:
        self._fake = fake

    async def Generate(
        self, request: GenerateRequest, context: Context
    ) -> AsyncIterator[GenerateEvent]:
        try:
            owner = _owner(self._fake, context)
            self._check(owner, request)
        except Refused as refused:
            await _abort(context, refused.refusal)
        fake = self._fake
        fake.requests.append(request)
        fake.owners.append(owner)
        generation = Generation(request, len(fake.requests))
        fake.generations[owner, request.request_id] = generation
        generation.task = asyncio.create_task(self._compute(owner, generation))
        try:
            async for event in generation.follow(0):
                yield event
            if generation.crashed:
                await context.abort(grpc.StatusCode.INTERNAL, "secret detail at 0x7f00dead")
        finally:
            if not request.detached and not generation.done:
                fake.cancelled.append(request.request_id)
                generation.done = True
                generation.task.cancel()

    async def Attach(
        self, request: inference_pb2.AttachRequest, context: Context
    ) -> AsyncIterator[GenerateEvent]:
        generation = None
        try:
            owner = _owner(self._fake, context)
            generation = self._fake.generations.get((owner, request.request_id))
            if generation is None:
                raise Refused(Refusal("not_found", "No such generation.", "not_found"))
        except Refused as refused:
            await _abort(context, refused.refusal)
        assert generation is not None
        async for event in generation.follow(request.after):
            yield event

    async def Cancel(
        self, request: inference_pb2.CancelRequest, context: Context
    ) -> inference_pb2.CancelResponse:
        owner = await _known(self._fake, context)
        generation = self._fake.generations.get((owner, request.request_id))
        running = generation is not None and not generation.done
        if generation is not None and running:
            generation.stop_asked.set()
            self._fake.cancelled.append(request.request_id)
        return inference_pb2.CancelResponse(was_running=running)

    async def GetModel(
        self, request: inference_pb2.GetModelRequest, context: Context
    ) -> inference_pb2.GetModelResponse:
        await _known(self._fake, context)
        fake = self._fake
        return inference_pb2.GetModelResponse(
            models=[
                inference_pb2.Model(
                    id=fake.model,
                    name="Fake model",
                    description="Repeats what it is told.",
                    description_zh="复述所说的话。",
                    loaded=fake.phase == inference_pb2.PHASE_READY,
                    sees_images=fake.sees_images,
                    thinks=fake.thinks,
                    calls_tools=fake.calls_tools,
                    context_length=CONTEXT_TOKENS,
                    parameters=self._fake.parameters,
                    device="cpu",
                    dtype="float32",
                    chosen_because="Tests asked for it.",
                    revision="0" * 12,
                    license="Apache-2.0",
                    defaults=self._fake.defaults,
                )
            ],
            phase=fake.phase,
            detail=fake.phase_detail,
            version="0",
            started_at=fake.started_at,
            limits=inference_pb2.Limits(
                image_pixels=40_000_000,
                aspect_ratio=200,
                images=50,
                document_bytes=50 << 20,
                document_pages=500,
                queue=64,
                image_bytes=20 << 20,
            ),
        )

    async def Plan(
        self, request: inference_pb2.PlanRequest, context: Context
    ) -> inference_pb2.PlanResponse:
        owner = await _known(self._fake, context)
        fake, asked = self._fake, request.request
        try:
            self._check(owner, asked)
        except Refused as refused:
            await _abort(context, refused.refusal)
        fake.planned.append(asked)
        return inference_pb2.PlanResponse(
            route=inference_pb2.ROUTE_MULTIMODAL,
            route_reason="The question comes with files.",
            prompt_tokens=900,
            cached_tokens=64,
            image_tokens=300,
            cached_image_tokens=200,
            first_token_seconds=1.5,
            fits=True,
            max_tokens=CONTEXT_TOKENS - 900,
            context_length=CONTEXT_TOKENS,
            parts=[inference_pb2.PartUse(message=0, part=1, tokens=300)],
            pages=[
                inference_pb2.PageUse(
                    sha256=stored.ref.sha256,
                    page=1,
                    method=media_pb2.READING_METHOD_VISION,
                    tokens=300,
                    width=560,
                    height=420,
                    reason="A picture.",
                )
                for stored in self._files(owner, asked)
            ],
            proposal="Look less closely.",
            proposals=[
                inference_pb2.Proposal(
                    kind=inference_pb2.Proposal.KIND_LOWER_DETAIL,
                    sentence="Look less closely.",
                    prompt_tokens=700,
                    detail=inference_pb2.DETAIL_LOW,
                    requests=1,
                ),
                inference_pb2.Proposal(
                    kind=inference_pb2.Proposal.KIND_MAP_REDUCE,
                    sentence="Ask in groups.",
                    prompt_tokens=500,
                    pages=[4],
                    requests=3,
                ),
            ],
        )

    async def Tokenize(
        self, request: inference_pb2.TokenizeRequest, context: Context
    ) -> inference_pb2.TokenizeResponse:
        await _known(self._fake, context)
        if request.model != self._fake.model:
            await _abort(context, Refusal("not_found", "No such model.", "model_not_found"))
        return inference_pb2.TokenizeResponse(tokens=request.text.encode())

    async def WatchStats(
        self, request: inference_pb2.WatchStatsRequest, context: Context
    ) -> AsyncIterator[inference_pb2.Stats]:
        await _known(self._fake, context)
        while True:
            yield inference_pb2.Stats(
                phase=self._fake.phase,
                running=self._fake.running,
                blocks_total=100,
                requests_total={"stop": len(self._fake.requests)},
                routes_total={"text": len(self._fake.requests)},
                pages_total={"text_layer": 3},
                refusals_total={"queue_full": 1},
                prompt_tokens_total=11,
                completion_tokens_total=7,
                media_bytes=sum(len(stored.data) for stored in self._fake.media.values()),
                media_bytes_limit=10 << 30,
                memory_bytes=1 << 20,
                uptime_seconds=5.0,
                tokens_per_second=42.0,
                reasoning_tokens_total=2,
                image_tokens_total=5,
                cached_tokens_total=3,
                cache_hits_total={"pages": 1, "embeddings": 2, "prefix": 3, "answers": 4},
                cache_misses_total={"pages": 5, "embeddings": 6, "prefix": 7, "answers": 8},
                cache_saved_seconds_total={"pages": 0.5, "prefix": 1.5, "answers": 2.5},
                cache_evictions_total={"embeddings": 9, "prefix": 10, "answers": 0},
                preemptions_total=1,
                blocks_cached=12,
                embedding_bytes=13,
                answer_bytes=14,
                damaged_entries_total=15,
                first_token_seconds=inference_pb2.Histogram(
                    bounds=[0.5, 1], counts=[3, 2, 1], sum=4.5
                ),
                inter_token_seconds=inference_pb2.Histogram(bounds=[0.1], counts=[9, 0], sum=0.3),
                prefill_tokens_per_second=1000.0,
                owners=[
                    inference_pb2.OwnerUse(
                        owner=owner, requests_total=count, prompt_tokens_total=11
                    )
                    for owner, count in Counter(self._fake.owners).items()
                ],
                device_bytes=16,
                device_bytes_limit=17,
                available_bytes=self._fake.available_bytes,
                disk_bytes_free=self._fake.disk_bytes_free,
                threads=self._fake.threads,
                cores=2,
            )
            await asyncio.sleep(
                request.interval_seconds if request.HasField("interval_seconds") else 1.0
            )

    def _check(self, owner: str, request: GenerateRequest) -> None:
        fake = self._fake
        if fake.phase != inference_pb2.PHASE_READY:
            raise Refused(
                Refusal("unavailable", fake.phase_detail, "backend_unavailable", retry_after=2)
            )
        if fake.refusals:
            raise Refused(fake.refusals.popleft())
        if request.tools and not fake.calls_tools:
            raise Refused(Refusal("bad_input", "No calls.", "unsupported_parameter", "tools"))
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,128}", request.request_id):
            raise Refused(Refusal("bad_input", "Bad request id.", param="request_id"))
        known = fake.generations.get((owner, request.request_id))
        if known is not None:
            raise Refused(Refusal("already_exists", "The id is in use.", "request_id_in_use"))
        if request.model not in ("", fake.model):
            raise Refused(
                Refusal("not_found", "No model of that name.", "model_not_found", "model")
            )
        if not 1 <= len(request.messages) <= 1000:
            raise Refused(Refusal("bad_input", "1-1,000 messages.", param="messages"))
        for i, message in enumerate(request.messages):
            for j, part in enumerate(message.parts):
                key = (owner, part.media.sha256)
                if part.WhichOneof("content") == "media" and key not in fake.media:
                    raise Refused(
                        Refusal(
                            "not_found",
                            "No such file.",
                            "not_found",
                            f"messages[{i}].parts[{j}].media",
                        )
                    )
        text_tokens = sum(
            len(part.text) // 4 for message in request.messages for part in message.parts
        )
        if text_tokens > CONTEXT_TOKENS:
            raise Refused(
                Refusal("bad_input", "Too many tokens.", "context_length_exceeded", "messages")
            )

    async def _compute(self, owner: str, generation: Generation) -> None:
        fake, request = self._fake, generation.request
        used: list[inference_pb2.PageUse] = []
        for stored in self._files(owner, request):
            for page in range(1, stored.ref.pages + 1):
                method = (
                    media_pb2.READING_METHOD_TEXT_LAYER
                    if stored.ref.kind == media_pb2.MEDIA_KIND_DOCUMENT
                    else media_pb2.READING_METHOD_OCR
                )
                await generation.add(
                    reading=inference_pb2.Reading(
                        sha256=stored.ref.sha256,
                        page=page,
                        pages=stored.ref.pages,
                        method=method,
                    )
                )
                used.append(
                    inference_pb2.PageUse(
                        sha256=stored.ref.sha256, page=page, method=method, words=3, tokens=3
                    )
                )
        prompt = self._prompt(request)
        known = self._known(owner, request)
        cached = len(prompt) if known else self._cached(prompt)
        await generation.pause(fake.start_delay)
        while fake.answers is not None and generation.number > fake.answers:
            await generation.pause(0.02)
            if generation.stop_asked.is_set():
                break
        await generation.add(
            started=inference_pb2.Started(
                request_id=request.request_id,
                model=fake.model,
                route=inference_pb2.ROUTE_MULTIMODAL if used else inference_pb2.ROUTE_TEXT,
                route_reason="The question comes with files." if used else "Words only.",
                prompt_tokens=len(prompt),
                cached_tokens=cached,
                pages=used,
                answer_cached=known,
                seed=request.sampling.seed,
            )
        )
        await self._speak(generation, len(prompt), cached)

    async def _speak(self, generation: Generation, prompt: int, cached: int) -> None:
        fake, request = self._fake, generation.request
        sampling = request.sampling
        text = fake.answer if isinstance(fake.answer, str) else fake.answer(request)
        if request.response_format.WhichOneof("format") in ("json_object", "json_schema"):
            text = text if text.startswith("{") else json.dumps({"said": text})
        for stop in sampling.stop:
            text = text.split(stop)[0]
        tokens = re.findall(r"\s*\S+|\s+$", text)
        reasons = inference_pb2.FINISH_REASON_STOP
        if sampling.HasField("max_tokens") and len(tokens) > sampling.max_tokens:
            tokens = tokens[: sampling.max_tokens]
            reasons = inference_pb2.FINISH_REASON_LENGTH
        answers = sampling.n or 1
        thought = re.findall(r"\s*\S+", fake.reasoning) if request.thinking.enabled else []
        if request.thinking.HasField("budget"):
            thought = thought[: request.thinking.budget]
        said = 0
        for reasoning in thought:
            for index in range(answers):
                await generation.add(
                    delta=inference_pb2.Delta(index=index, reasoning=reasoning, tokens=1)
                )
        together = fake.tokens_per_event
        if fake.token_delay:
            together = max(together, round(request.gather_ms / 1000 / fake.token_delay))
        for start in range(0, len(tokens), together):
            piece = tokens[start : start + together]
            if fake.token_delay:
                await generation.pause(fake.token_delay * len(piece))
            if generation.stop_asked.is_set():
                reasons = inference_pb2.FINISH_REASON_CANCELLED
                break
            if fake.fail_after is not None and said >= fake.fail_after:
                await generation.end(crashed=True)
                return
            for index in range(answers):
                await generation.add(
                    delta=inference_pb2.Delta(
                        index=index,
                        text="".join(piece),
                        tokens=len(piece),
                        logprobs=[_logprob(token, sampling) for token in piece]
                        if sampling.HasField("top_logprobs")
                        else [],
                    )
                )
            said += len(piece)
        if request.tools and request.tool_choice != inference_pb2.TOOL_CHOICE_NONE:
            for index in range(answers if fake.calls else 0):
                for call in fake.calls:
                    await generation.add(
                        delta=inference_pb2.Delta(index=index, tool_calls=[call], tokens=1)
                    )
                reasons = inference_pb2.FINISH_REASON_TOOL_CALLS
        if fake.finish_reason is not None:
            reasons = fake.finish_reason
        await generation.add(
            finished=inference_pb2.Finished(
                choices=[
                    inference_pb2.Finished.Choice(index=index, reason=reasons, boxes=fake.boxes)
                    for index in range(answers)
                ],
                usage=inference_pb2.Usage(
                    prompt_tokens=prompt,
                    completion_tokens=(said + len(thought)) * answers,
                    cached_tokens=cached,
                    reasoning_tokens=len(thought) * answers,
                ),
                timing=inference_pb2.Timing(queue=0.0, reading=0.01, first_token=0.02, total=0.03),
                warning=fake.warning,
            )
        )
        await generation.end()

    def _files(self, owner: str, request: GenerateRequest) -> list[Stored]:
        return [
            self._fake.media[owner, part.media.sha256]
            for message in request.messages
            for part in message.parts
            if part.WhichOneof("content") == "media"
        ]

    @staticmethod
    def _prompt(request: GenerateRequest) -> list[str]:
        tokens = []
        for message in request.messages:
            for part in message.parts:
                tokens += part.text.split() or [part.media.sha256] * 4
        return tokens

    def _known(self, owner: str, request: GenerateRequest) -> bool:
        if not self._fake.keeps_answers or not request.use_answer_cache:
            return False
        exact = GenerateRequest(messages=request.messages, sampling=request.sampling)
        key = owner, exact.SerializeToString(deterministic=True)
        known = key in self._fake._kept
        self._fake._kept.add(key)
        return known

    def _cached(self, prompt: list[str]) -> int:
        best = 0
        for earlier in self._fake._prompts:
            same = 0
            for ours, theirs in zip(prompt, earlier, strict=False):
                if ours != theirs:
                    break
                same += 1
            best = max(best, same)
        self._fake._prompts.append(prompt)
        return best // BLOCK_TOKENS * BLOCK_TOKENS


class _Media(media_pb2_grpc.MediaServicer):
    """Files."""

    def __init__(self, fake: FakeBackend) -> None:
        self._fake = fake

    async def PutMedia(
        self, request_iterator: AsyncIterator[media_pb2.PutMediaRequest], context: Context
    ) -> media_pb2.MediaRef:
        owner = await _known(self._fake, context)
        header: media_pb2.PutMediaRequest.Header | None = None
        data = bytearray()
        async for message in request_iterator:
            if message.WhichOneof("payload") == "header":
                header = message.header
            elif len(message.chunk) <= 1 << 20:
                data += message.chunk
        try:
            ref = _inspect(bytes(data), header)
        except Refused as refused:
            await _abort(context, refused.refusal)
        self._fake.uploads.append(header.filename if header is not None else "")
        self._fake.media[owner, ref.sha256] = Stored(bytes(data), ref)
        return ref

    async def HasMedia(
        self, request: media_pb2.HasMediaRequest, context: Context
    ) -> media_pb2.HasMediaResponse:
        owner = await _known(self._fake, context)
        found = [self._fake.media.get((owner, sha256)) for sha256 in request.sha256]
        return media_pb2.HasMediaResponse(
            present=[stored.ref for stored in found if stored is not None]
        )

    async def GetPage(self, request: media_pb2.GetPageRequest, context: Context) -> media_pb2.Page:
        owner = await _known(self._fake, context)
        stored = self._fake.media.get((owner, request.sha256))
        if stored is None or not 1 <= request.page <= stored.ref.pages:
            await _abort(context, Refusal("not_found", "No such page.", "not_found"))
        if request.sha256 in self._fake.page_texts:
            return _written_page(self._fake.page_texts[request.sha256][request.page - 1])
        side = request.max_side if request.HasField("max_side") else 1024
        width, height = side * 210 // 297, side
        image = io.BytesIO()
        Image.new("RGB", (width, height), "white").save(image, "WEBP", quality=50)
        probe = re.search(rb"\((probe[0-9a-f]+)\) Tj", stored.data)
        said = f"Page {request.page} words" if probe is None else probe[1].decode()
        words = [
            media_pb2.Word(text=text, left=0.1 + 0.2 * i, top=0.1, right=0.25 + 0.2 * i, bottom=0.2)
            for i, text in enumerate(said.split())
        ]
        return media_pb2.Page(
            image=image.getvalue(),
            width=width,
            height=height,
            words=words if request.words else [],
            method=media_pb2.READING_METHOD_TEXT_LAYER
            if request.words
            else media_pb2.READING_METHOD_UNSPECIFIED,
        )

    async def Forget(
        self, request: media_pb2.ForgetRequest, context: Context
    ) -> media_pb2.ForgetResponse:
        owner = await _known(self._fake, context)
        stored = self._fake.media.pop((owner, request.sha256), None)
        if stored is None:
            return media_pb2.ForgetResponse(existed=False)
        return media_pb2.ForgetResponse(
            existed=True, bytes=len(stored.data), pages=stored.ref.pages
        )


def _inspect(data: bytes, header: media_pb2.PutMediaRequest.Header | None) -> media_pb2.MediaRef:
    if header is None:
        raise Refused(Refusal("bad_input", "The header is missing.", param="header"))
    sha256 = hashlib.sha256(data).hexdigest()
    if header.HasField("sha256") and header.sha256 != sha256:
        raise Refused(Refusal("bad_input", "Other content than announced.", param="header.sha256"))
    if not data:
        raise Refused(Refusal("bad_input", "The file is empty.", "empty_file"))
    if len(data) > (50 << 20 if data.startswith(b"%PDF-") else 20 << 20):
        raise Refused(Refusal("too_large", "Too many bytes.", "image_too_large"))
    if data.startswith(b"%PDF-"):
        pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", data))
        if b"%%EOF" not in data:
            raise Refused(Refusal("bad_input", "The PDF is damaged.", "invalid_file"))
        if b"/Encrypt" in data:
            raise Refused(Refusal("bad_input", "The PDF is locked.", "pdf_encrypted"))
        return media_pb2.MediaRef(
            sha256=sha256,
            kind=media_pb2.MEDIA_KIND_DOCUMENT,
            media_type="application/pdf",
            size=len(data),
            pages=max(1, pages),
        )
    return _inspect_image(data, sha256)


def _inspect_image(data: bytes, sha256: str) -> media_pb2.MediaRef:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data)) as image:
                kind, (width, height) = image.format, image.size
        except UnidentifiedImageError:
            raise Refused(
                Refusal("bad_input", "Not a picture or PDF.", "unsupported_image_format")
            ) from None
        except Image.DecompressionBombError:
            raise Refused(Refusal("bad_input", "Too many pixels.", "image_too_large")) from None
    if kind not in FORMATS:
        raise Refused(Refusal("bad_input", "No such pictures.", "unsupported_image_format"))
    if width * height > 40_000_000:
        raise Refused(Refusal("bad_input", "Too many pixels.", "image_too_large"))
    if max(width, height) > 200 * min(width, height):
        raise Refused(Refusal("bad_input", "Too narrow.", "image_aspect_ratio"))
    return media_pb2.MediaRef(
        sha256=sha256,
        kind=media_pb2.MEDIA_KIND_IMAGE,
        media_type=FORMATS[kind],
        size=len(data),
        pages=1,
        width=width,
        height=height,
    )


def _written_page(text: str) -> media_pb2.Page:
    """A page that shows what it says."""
    seen, hidden = contracts.seen_and_hidden(text)
    return media_pb2.Page(
        image=contracts.INK,
        width=120,
        height=160,
        words=map(_word, seen),
        method=media_pb2.READING_METHOD_TEXT_LAYER,
        hidden=[
            media_pb2.HiddenWord(word=_word(one.word), because=media_pb2.HIDDEN_BECAUSE_OFF_PAGE)
            for one in hidden
        ],
    )


def _word(word: Word) -> media_pb2.Word:
    return media_pb2.Word(
        text=word.text,
        left=word.left,
        top=word.top,
        right=word.right,
        bottom=word.bottom,
        line=word.line,
    )


def _echo(request: GenerateRequest) -> str:
    texts = [
        part.text
        for message in request.messages
        if message.role == inference_pb2.ROLE_USER
        for part in message.parts
        if part.text
    ]
    return f"You said: {texts[-1] if texts else 'nothing'}"


def _logprob(token: str, sampling: inference_pb2.Sampling) -> inference_pb2.TokenLogprob:
    def candidate(text: str, logprob: float) -> inference_pb2.TokenLogprob.Candidate:
        return inference_pb2.TokenLogprob.Candidate(
            token=text, bytes=text.encode(), logprob=logprob
        )

    return inference_pb2.TokenLogprob(
        chosen=candidate(token, -0.1),
        top=[candidate(token, -0.1 - rank) for rank in range(sampling.top_logprobs)],
    )


def _owner(fake: FakeBackend, context: Context) -> str:
    sent = dict(context.invocation_metadata() or ())
    if fake.token is not None and sent.get("authorization") != f"Bearer {fake.token}":
        raise Refused(Refusal("unauthenticated", "The token is wrong.", "invalid_api_key"))
    return str(sent.get("x-owner", "local"))


async def _known(fake: FakeBackend, context: Context) -> str:
    try:
        return _owner(fake, context)
    except Refused as refused:
        await _abort(context, refused.refusal)


async def _abort(context: Context, refusal: Refusal) -> NoReturn:
    trailing = [("error-code", refusal.code), ("error-kind", refusal.kind)]
    if refusal.param is not None:
        trailing.append(("error-param", refusal.param))
    if refusal.retry_after is not None:
        trailing.append(("retry-after", str(refusal.retry_after)))
    await context.abort(STATUS[refusal.kind], refusal.message, tuple(trailing))
    raise AssertionError("abort returned")
