"""The Inference service: asks what the caller wants, hands over to whom it concerns, answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import structlog

from backend import machine
from backend.answering import Answerer
from backend.errors import ModelNotFound, NotFound, RequestError
from backend.generations import Generation, Generations
from backend.hardware import cores
from backend.kept_answers import KeptAnswers
from backend.media.library import Library
from backend.media.limits import MediaLimits
from backend.metrics import Metrics
from backend.model.info import ModelInfo
from backend.readiness import Phase, Readiness
from backend.service.boundary import Context, owner
from backend.wire import answers, requests
from protos import inference_pb2 as pb
from protos import inference_pb2_grpc

VERSION = "0.1.0"

ACCEPTED = (("accepted", "yes"),)  # as protos/inference.proto has it
DEADLINE_MARGIN = 0.25  # seconds before the call's own end, so that a Finished still arrives

_PHASES = {
    Phase.STARTING: pb.PHASE_STARTING,
    Phase.LOADING: pb.PHASE_LOADING,
    Phase.WARMING: pb.PHASE_WARMING,
    Phase.READY: pb.PHASE_READY,
    Phase.DRAINING: pb.PHASE_DRAINING,
    Phase.FAILED: pb.PHASE_FAILED,
}


class Inference(inference_pb2_grpc.InferenceServicer):
    """Answers, and how far the backend is."""

    def __init__(
        self,
        readiness: Readiness,
        catalogue: Sequence[ModelInfo],
        answerer: Answerer,
        generations: Generations,
        kept: KeptAnswers,
        library: Library,
        metrics: Metrics,
        limits: MediaLimits,
        max_queue: int,
    ) -> None:
        self._readiness = readiness
        self._catalogue = catalogue
        self._answerer = answerer
        self._generations = generations
        self._kept = kept
        self._library = library
        self._metrics = metrics
        self._limits = limits
        self._max_queue = max_queue

    async def Generate(
        self, request: pb.GenerateRequest, context: Context
    ) -> AsyncIterator[pb.GenerateEvent]:
        """Accepts a request and follows it; leaving stops it unless it is detached."""
        gather = requests.gather(request.gather_ms)
        generation = self._accept(request, context)
        try:
            # Said at once, since the first event may be long in coming: whoever loses this backend
            # knows then that it had the request.
            await context.send_initial_metadata(ACCEPTED)
            async for numbered in generation.follow(gather=gather):
                yield answers.event(numbered)
        finally:
            if not request.detached:
                generation.stop()

    async def Attach(
        self, request: pb.AttachRequest, context: Context
    ) -> AsyncIterator[pb.GenerateEvent]:
        """Follows a generation from any event on; leaving changes nothing for it."""
        request_id = requests.request_id(request.request_id)
        gather = requests.gather(request.gather_ms)
        generation = self._generations.find(owner(), request_id)
        async for numbered in generation.follow(after=request.after, gather=gather):
            yield answers.event(numbered)

    async def Cancel(self, request: pb.CancelRequest, context: Context) -> pb.CancelResponse:
        """Stops one of the caller's generations."""
        request_id = requests.request_id(request.request_id)
        try:
            generation = self._generations.find(owner(), request_id)
        except NotFound:
            return pb.CancelResponse(was_running=False)
        return pb.CancelResponse(was_running=generation.stop())

    async def Plan(self, request: pb.PlanRequest, context: Context) -> pb.PlanResponse:
        """What a request would cost; nothing is computed, and its id may be missing."""
        ready = self._readiness.ready()
        prompt = requests.prompt(
            requests.planned(request),
            owner=owner(),
            defaults=ready.info.defaults,
            form_defaults=ready.info.form_defaults,
            deadline=_deadline(context),
        )
        return answers.plan(await self._answerer.plan(prompt, ready))

    async def Tokenize(self, request: pb.TokenizeRequest, context: Context) -> pb.TokenizeResponse:
        """The tokens of a text."""
        ready = self._readiness.ready()
        if request.model not in ("", ready.info.id):
            raise ModelNotFound("No such model is loaded.", param="model")
        text = requests.plain_text(request)
        encode = ready.tokenize or ready.tokenizer.encode
        return pb.TokenizeResponse(tokens=await asyncio.to_thread(encode, text))

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:
        """The models, the loaded one first, and the phase."""
        loaded = self._readiness.model
        others = [info for info in self._catalogue if loaded is None or info.id != loaded.id]
        models = others if loaded is None else [loaded, *others]
        return pb.GetModelResponse(
            models=[answers.model(info) for info in models],
            phase=_PHASES[self._readiness.phase],
            detail=self._readiness.detail,
            version=VERSION,
            limits=answers.limits(self._limits, requests.MAX_FILES, self._max_queue),
            started_at=int(self._metrics.started_at),
        )

    async def WatchStats(
        self, request: pb.WatchStatsRequest, context: Context
    ) -> AsyncIterator[pb.Stats]:
        """The figures, now and at every interval."""
        interval = requests.interval(request)
        while True:
            yield await self._stats()
            await asyncio.sleep(interval)

    def _accept(self, request: pb.GenerateRequest, context: Context) -> Generation:
        try:
            ready = self._readiness.ready()
            prompt = requests.prompt(
                request,
                owner=owner(),
                defaults=ready.info.defaults,
                form_defaults=ready.info.form_defaults,
                deadline=_deadline(context),
            )
            structlog.contextvars.bind_contextvars(request=prompt.request_id)
            return self._answerer.accept(prompt, ready)
        except RequestError as error:
            self._metrics.refused(error.code, owner())
            raise

    async def _stats(self) -> pb.Stats:
        engine = self._readiness.engine
        stored = await asyncio.to_thread(self._library.stored_bytes)
        room = await asyncio.to_thread(self._library.free_bytes)
        available = await asyncio.to_thread(machine.available_bytes)
        stats = answers.stats(
            self._metrics, self._kept, engine.stats() if engine is not None else None
        )
        stats.phase = _PHASES[self._readiness.phase]
        stats.media_bytes = stored
        stats.media_bytes_limit = self._limits.quota_bytes
        stats.disk_bytes_free = room
        stats.available_bytes = available
        stats.cores = cores()
        stats.damaged_entries_total = self._library.damaged_entries
        return stats


def _deadline(context: Context) -> float | None:
    """When the answer has to be there, on time.monotonic()'s clock."""
    remaining = context.time_remaining()
    if remaining is None:
        return None
    return time.monotonic() + remaining - min(DEADLINE_MARGIN, remaining / 10)
