"""Answers onto the wire: the backend's values in, protobuf out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backend.generations import Numbered
from backend.histogram import Histogram
from backend.kept_answers import KeptAnswers
from backend.media.limits import MediaLimits
from backend.media.media import Because, HiddenWord, Media, MediaKind, Word
from backend.metrics import Metrics, resident_bytes
from backend.model.info import ModelInfo
from backend.prompt.events import (
    Box,
    Candidate,
    Delta,
    Finished,
    PageRead,
    PageUse,
    Queued,
    Started,
    TokenLogprob,
)
from backend.prompt.plan import Plan
from backend.prompt.prompt import Detail, FinishReason, ReadingMethod, Route, Sampling
from backend.prompt.proposals import Change, Proposal
from backend.work import EngineStats
from protos import inference_pb2 as pb
from protos import media_pb2

_BECAUSE: Mapping[Because, media_pb2.HiddenBecause.ValueType] = {
    Because.NO_INK: media_pb2.HIDDEN_BECAUSE_NO_INK,
    Because.TINY: media_pb2.HIDDEN_BECAUSE_TINY,
    Because.OFF_PAGE: media_pb2.HIDDEN_BECAUSE_OFF_PAGE,
}
_METHODS: Mapping[ReadingMethod, media_pb2.ReadingMethod.ValueType] = {
    ReadingMethod.TEXT_LAYER: media_pb2.READING_METHOD_TEXT_LAYER,
    ReadingMethod.OCR: media_pb2.READING_METHOD_OCR,
    ReadingMethod.VISION: media_pb2.READING_METHOD_VISION,
}
_ROUTES: Mapping[Route, pb.Route.ValueType] = {
    Route.TEXT: pb.ROUTE_TEXT,
    Route.MULTIMODAL: pb.ROUTE_MULTIMODAL,
    Route.IMAGE_BATCH: pb.ROUTE_IMAGE_BATCH,
}
_REASONS: Mapping[FinishReason, pb.FinishReason.ValueType] = {
    FinishReason.STOP: pb.FINISH_REASON_STOP,
    FinishReason.LENGTH: pb.FINISH_REASON_LENGTH,
    FinishReason.CANCELLED: pb.FINISH_REASON_CANCELLED,
    FinishReason.DEADLINE: pb.FINISH_REASON_DEADLINE,
    FinishReason.ERROR: pb.FINISH_REASON_ERROR,
    FinishReason.TOOL_CALLS: pb.FINISH_REASON_TOOL_CALLS,
}
_DETAILS: Mapping[Detail, pb.Detail.ValueType] = {
    Detail.AUTO: pb.DETAIL_AUTO,
    Detail.LOW: pb.DETAIL_LOW,
    Detail.HIGH: pb.DETAIL_HIGH,
}
_CHANGES: Mapping[Change, pb.Proposal.Kind.ValueType] = {
    Change.LOWER_DETAIL: pb.Proposal.KIND_LOWER_DETAIL,
    Change.FEWER_PAGES: pb.Proposal.KIND_FEWER_PAGES,
    Change.MAP_REDUCE: pb.Proposal.KIND_MAP_REDUCE,
    Change.SHORTER_ANSWER: pb.Proposal.KIND_SHORTER_ANSWER,
}
_KINDS: Mapping[MediaKind, media_pb2.MediaKind.ValueType] = {
    MediaKind.IMAGE: media_pb2.MEDIA_KIND_IMAGE,
    MediaKind.DOCUMENT: media_pb2.MEDIA_KIND_DOCUMENT,
}


def event(numbered: Numbered) -> pb.GenerateEvent:
    """One step of an answer."""
    number = numbered.number
    match numbered.event:
        case Queued(ahead=ahead):
            return pb.GenerateEvent(number=number, queued=pb.Queued(ahead=ahead))
        case PageRead() as page:
            return pb.GenerateEvent(number=number, reading=_reading(page))
        case Started() as started:
            return pb.GenerateEvent(number=number, started=_started(started))
        case Delta() as delta:
            return pb.GenerateEvent(number=number, delta=_delta(delta))
        case Finished() as finished:
            return pb.GenerateEvent(number=number, finished=_finished(finished))


def media_ref(media: Media) -> media_pb2.MediaRef:
    """A stored file."""
    return media_pb2.MediaRef(
        sha256=media.sha256,
        kind=_KINDS[media.kind],
        media_type=media.media_type,
        size=media.size,
        pages=media.pages,
        width=media.width,
        height=media.height,
    )


def words(found: Iterable[Word]) -> list[media_pb2.Word]:
    """The words of a page."""
    return [_word(word) for word in found]


def hidden(found: Iterable[HiddenWord]) -> list[media_pb2.HiddenWord]:
    """The words that a page does not show."""
    return [
        media_pb2.HiddenWord(word=_word(one.word), because=_BECAUSE[one.because]) for one in found
    ]


def _word(word: Word) -> media_pb2.Word:
    return media_pb2.Word(
        text=word.text,
        left=word.left,
        top=word.top,
        right=word.right,
        bottom=word.bottom,
        line=word.line,
    )


def method(reading: ReadingMethod) -> media_pb2.ReadingMethod.ValueType:
    """How a page was read."""
    return _METHODS[reading]


def model(info: ModelInfo) -> pb.Model:
    """A model's description."""
    return pb.Model(
        id=info.id,
        name=info.name,
        description=info.description,
        description_zh=info.description_zh,
        loaded=info.loaded,
        sees_images=info.sees_images,
        thinks=info.thinks,
        context_length=info.context_length,
        parameters=info.parameters,
        device=info.device,
        dtype=info.dtype,
        chosen_because=info.chosen_because,
        revision=info.revision,
        defaults=_defaults(info.defaults),
        license=info.license,
        calls_tools=info.calls_tools,
    )


def limits(media: MediaLimits, files: int, queue: int) -> pb.Limits:
    """What requests are held to."""
    return pb.Limits(
        image_pixels=media.image_pixels,
        aspect_ratio=media.image_aspect,
        images=files,
        document_bytes=media.document_bytes,
        document_pages=media.document_pages,
        queue=queue,
        image_bytes=media.image_bytes,
    )


def plan(planned: Plan) -> pb.PlanResponse:
    """What a request would cost."""
    return pb.PlanResponse(
        route=_ROUTES[planned.route],
        route_reason=planned.route_reason,
        prompt_tokens=planned.prompt_tokens,
        cached_tokens=planned.cached_tokens,
        pages=[_page_use(use) for use in planned.pages],
        first_token_seconds=planned.first_token_seconds,
        fits=planned.fits,
        proposal=planned.proposals[0].sentence if planned.proposals else "",
        proposals=[_proposal(proposal) for proposal in planned.proposals],
        image_tokens=planned.image_tokens,
        cached_image_tokens=planned.cached_image_tokens,
        max_tokens=planned.max_tokens,
        context_length=planned.context_length,
        answer_cached=planned.answer_cached,
        parts=[
            pb.PartUse(message=part.message, part=part.part, tokens=part.tokens)
            for part in planned.parts
        ],
    )


def stats(metrics: Metrics, kept: KeptAnswers, engine: EngineStats | None) -> pb.Stats:
    """The figures of everything but the files and the phase; no engine's before there is one."""
    layers = metrics.layers(kept, engine)
    figures = pb.Stats(
        requests_total=metrics.requests,
        refusals_total=metrics.refusals,
        routes_total=metrics.routes,
        pages_total=metrics.pages,
        prompt_tokens_total=metrics.prompt_tokens,
        completion_tokens_total=metrics.completion_tokens,
        cached_tokens_total=metrics.cached_tokens,
        reasoning_tokens_total=metrics.reasoning_tokens,
        image_tokens_total=metrics.image_tokens,
        cache_hits_total={name: layer.hits for name, layer in layers.items()},
        cache_misses_total={name: layer.misses for name, layer in layers.items()},
        cache_saved_seconds_total={name: layer.saved_seconds for name, layer in layers.items()},
        cache_evictions_total={
            name: layer.evictions for name, layer in layers.items() if layer.evictions is not None
        },
        first_token_seconds=_histogram(metrics.first_token),
        inter_token_seconds=_histogram(metrics.inter_token),
        queue_seconds=_histogram(metrics.queue),
        answer_bytes=kept.bytes,
        uptime_seconds=metrics.uptime,
        memory_bytes=resident_bytes(),
        owners=[
            pb.OwnerUse(
                owner=owner,
                requests_total=use.requests,
                refused_total=use.refused,
                prompt_tokens_total=use.prompt_tokens,
                completion_tokens_total=use.completion_tokens,
                cached_tokens_total=use.cached_tokens,
            )
            for owner, use in metrics.owners
        ],
    )
    if engine is not None:
        figures.queued = engine.queued
        figures.running = engine.running
        figures.blocks_used = engine.blocks_used
        figures.blocks_cached = engine.blocks_cached
        figures.blocks_total = engine.blocks_total
        figures.preemptions_total = engine.preemptions_total
        figures.tokens_per_second = engine.tokens_per_second
        figures.embedding_bytes = engine.embedding_bytes
        figures.prefill_tokens_per_second = engine.prefill_tokens_per_second
        figures.encode_tokens_per_second = engine.encode_tokens_per_second
        figures.device_bytes = engine.device_bytes
        figures.device_bytes_limit = engine.device_bytes_limit
        figures.threads = engine.threads
    return figures


def _histogram(histogram: Histogram) -> pb.Histogram:
    return pb.Histogram(bounds=histogram.bounds, counts=histogram.counts, sum=histogram.sum)


def _proposal(proposal: Proposal) -> pb.Proposal:
    return pb.Proposal(
        kind=_CHANGES[proposal.change],
        sentence=proposal.sentence,
        prompt_tokens=proposal.prompt_tokens,
        detail=pb.DETAIL_UNSPECIFIED if proposal.detail is None else _DETAILS[proposal.detail],
        pages=proposal.pages,
        requests=proposal.requests,
        max_tokens=proposal.max_tokens,
    )


def _reading(page: PageRead) -> pb.Reading:
    return pb.Reading(
        sha256=page.sha256,
        page=page.page,
        pages=page.pages,
        method=_METHODS[page.method],
        cached=page.cached,
    )


def _started(started: Started) -> pb.Started:
    return pb.Started(
        request_id=started.request_id,
        model=started.model,
        route=_ROUTES[started.route],
        route_reason=started.route_reason,
        prompt_tokens=started.prompt_tokens,
        cached_tokens=started.cached_tokens,
        pages=[_page_use(use) for use in started.pages],
        queue_seconds=started.queue_seconds,
        reading_seconds=started.reading_seconds,
        answer_cached=started.answer_cached,
        seed=started.seed,
    )


def _page_use(use: PageUse) -> pb.PageUse:
    return pb.PageUse(
        sha256=use.sha256,
        page=use.page,
        method=_METHODS[use.method],
        words=use.words,
        tokens=use.tokens,
        width=use.width,
        height=use.height,
        reason=use.reason,
        hidden=use.hidden,
    )


def _delta(delta: Delta) -> pb.Delta:
    return pb.Delta(
        index=delta.index,
        text=delta.text,
        reasoning=delta.reasoning,
        tokens=delta.tokens,
        logprobs=[_logprob(logprob) for logprob in delta.logprobs],
        tool_calls=[
            pb.ToolCall(id=call.id, name=call.name, arguments=call.arguments)
            for call in delta.calls
        ],
    )


def _logprob(logprob: TokenLogprob) -> pb.TokenLogprob:
    return pb.TokenLogprob(
        chosen=_candidate(logprob.chosen),
        top=[_candidate(candidate) for candidate in logprob.top],
    )


def _candidate(candidate: Candidate) -> pb.TokenLogprob.Candidate:
    return pb.TokenLogprob.Candidate(
        token=candidate.token, bytes=candidate.bytes, logprob=candidate.logprob
    )


def _finished(finished: Finished) -> pb.Finished:
    usage, timing = finished.usage, finished.timing
    return pb.Finished(
        choices=[
            pb.Finished.Choice(
                index=index,
                reason=_REASONS[reason],
                boxes=[_box(box) for box in finished.boxes[index]] if finished.boxes else [],
            )
            for index, reason in enumerate(finished.reasons)
        ],
        usage=pb.Usage(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            image_tokens=usage.image_tokens,
        ),
        timing=pb.Timing(
            queue=timing.queue,
            reading=timing.reading,
            first_token=timing.first_token,
            total=timing.total,
        ),
        warning=finished.warning,
        error=finished.error,
    )


def _box(box: Box) -> pb.Box:
    return pb.Box(
        sha256=box.sha256,
        page=box.page,
        label=box.label,
        left=box.left,
        top=box.top,
        right=box.right,
        bottom=box.bottom,
    )


def _defaults(sampling: Sampling) -> pb.Sampling:
    return pb.Sampling(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        min_p=sampling.min_p,
        repetition_penalty=sampling.repetition_penalty,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        seed=sampling.seed,
        max_tokens=sampling.max_tokens,
        min_tokens=sampling.min_tokens,
        stop=sampling.stop,
        logit_bias=sampling.logit_bias,
        top_logprobs=sampling.top_logprobs,
        n=sampling.n,
    )
