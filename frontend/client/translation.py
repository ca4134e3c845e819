"""The front end's values as protobuf messages, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from frontend import messages
from frontend.client.channel import CHUNK_BYTES
from frontend.client.failures import unexpected
from frontend.messages import (
    BackendError,
    Detail,
    Event,
    FilePart,
    FinishReason,
    Phase,
    Question,
    ReadingMethod,
    Role,
    TextPart,
)
from protos import inference_pb2, media_pb2

_ROLES: Final = {
    Role.SYSTEM: inference_pb2.ROLE_SYSTEM,
    Role.USER: inference_pb2.ROLE_USER,
    Role.ASSISTANT: inference_pb2.ROLE_ASSISTANT,
    Role.TOOL: inference_pb2.ROLE_TOOL,
}
_DETAILS: Final = {
    Detail.AUTO: inference_pb2.DETAIL_AUTO,
    Detail.LOW: inference_pb2.DETAIL_LOW,
    Detail.HIGH: inference_pb2.DETAIL_HIGH,
}
_BECAUSE: Final[dict[int, str]] = {
    media_pb2.HIDDEN_BECAUSE_NO_INK: "no_ink",
    media_pb2.HIDDEN_BECAUSE_TINY: "tiny",
    media_pb2.HIDDEN_BECAUSE_OFF_PAGE: "off_page",
}
_METHODS: Final = {
    media_pb2.READING_METHOD_TEXT_LAYER: ReadingMethod.TEXT_LAYER,
    media_pb2.READING_METHOD_OCR: ReadingMethod.OCR,
    media_pb2.READING_METHOD_VISION: ReadingMethod.VISION,
}
_ROUTES: Final = {
    inference_pb2.ROUTE_TEXT: "text",
    inference_pb2.ROUTE_MULTIMODAL: "multimodal",
    inference_pb2.ROUTE_IMAGE_BATCH: "image_batch",
}
_CHOICES: Final = {
    "auto": inference_pb2.TOOL_CHOICE_AUTO,
    "none": inference_pb2.TOOL_CHOICE_NONE,
    "required": inference_pb2.TOOL_CHOICE_REQUIRED,
}
_CHANGES: Final = {
    inference_pb2.Proposal.KIND_LOWER_DETAIL: "lower_detail",
    inference_pb2.Proposal.KIND_FEWER_PAGES: "fewer_pages",
    inference_pb2.Proposal.KIND_MAP_REDUCE: "map_reduce",
    inference_pb2.Proposal.KIND_SHORTER_ANSWER: "shorter_answer",
}
_REASONS: Final = {
    inference_pb2.FINISH_REASON_STOP: FinishReason.STOP,
    inference_pb2.FINISH_REASON_LENGTH: FinishReason.LENGTH,
    inference_pb2.FINISH_REASON_CANCELLED: FinishReason.CANCELLED,
    inference_pb2.FINISH_REASON_DEADLINE: FinishReason.DEADLINE,
    inference_pb2.FINISH_REASON_ERROR: FinishReason.ERROR,
    inference_pb2.FINISH_REASON_TOOL_CALLS: FinishReason.TOOL_CALLS,
}
_PHASES: Final = {
    inference_pb2.PHASE_STARTING: Phase.STARTING,
    inference_pb2.PHASE_LOADING: Phase.LOADING,
    inference_pb2.PHASE_WARMING: Phase.WARMING,
    inference_pb2.PHASE_READY: Phase.READY,
    inference_pb2.PHASE_DRAINING: Phase.DRAINING,
    inference_pb2.PHASE_FAILED: Phase.FAILED,
}
_KINDS: Final = {
    media_pb2.MEDIA_KIND_IMAGE: "image",
    media_pb2.MEDIA_KIND_DOCUMENT: "document",
}


def generate_request(question: Question) -> inference_pb2.GenerateRequest:
    """A question on its way out."""
    try:
        request = inference_pb2.GenerateRequest(
            request_id=question.request_id,
            model=question.model,
            messages=[_message(turn) for turn in question.turns],
            sampling=_sampling(question.sampling),
            priority=inference_pb2.PRIORITY_BATCH
            if question.batch
            else inference_pb2.PRIORITY_INTERACTIVE,
            detached=question.detached,
            gather_ms=question.gather_ms,
            use_answer_cache=question.use_answer_cache,
            tools=[
                inference_pb2.Tool(
                    name=tool.name, description=tool.description, parameters=tool.parameters
                )
                for tool in question.tools
            ],
            tool_choice=_CHOICES[question.tool_choice],
            tool_name=question.tool_name,
            parallel_tool_calls=question.parallel_tool_calls,
        )
    except (ValueError, TypeError):  # a number out of the field's range, or no Unicode text
        raise BackendError("bad_input", "A value of the request is out of range.") from None
    if question.thinking:
        request.thinking.enabled = True
        if question.thinking_budget is not None:
            request.thinking.budget = question.thinking_budget
    if question.json_schema is not None:
        request.response_format.json_schema = question.json_schema
    elif question.json_object:
        request.response_format.json_object = True
    elif question.regex is not None:
        request.response_format.regex = question.regex
    return request


def upload(
    data: bytes, filename: str, sha256: str | None = None
) -> Iterator[media_pb2.PutMediaRequest]:
    """A file on its way out, in chunks."""
    header = media_pb2.PutMediaRequest.Header(filename=_unicode(filename)[:255], size=len(data))
    if sha256 is not None:
        header.sha256 = sha256
    yield media_pb2.PutMediaRequest(header=header)
    view = memoryview(data)
    for start in range(0, len(data), CHUNK_BYTES):
        yield media_pb2.PutMediaRequest(chunk=bytes(view[start : start + CHUNK_BYTES]))


def event(wire: inference_pb2.GenerateEvent) -> Event | None:
    """An event that came in; None for a kind this version does not know."""
    number = wire.number
    match wire.WhichOneof("event"):
        case "delta":
            delta = wire.delta
            return messages.Delta(
                number,
                delta.index,
                delta.text,
                delta.reasoning,
                delta.tokens,
                tuple(_logprob(token) for token in delta.logprobs),
                tuple(
                    messages.ToolCall(call.id, call.name, call.arguments)
                    for call in delta.tool_calls
                ),
            )
        case "queued":
            return messages.Queued(number, wire.queued.ahead)
        case "reading":
            reading = wire.reading
            return messages.PageRead(
                number,
                reading.sha256,
                reading.page,
                reading.pages,
                _METHODS.get(reading.method),
                reading.cached,
            )
        case "started":
            return _started(number, wire.started)
        case "finished":
            return _finished(number, wire.finished)
        case _:
            return None


def file_ref(wire: media_pb2.MediaRef) -> messages.FileRef:
    """A stored file."""
    return messages.FileRef(
        wire.sha256,
        _KINDS.get(wire.kind, "document"),
        wire.media_type,
        wire.size,
        wire.pages,
        wire.width,
        wire.height,
    )


def page(wire: media_pb2.Page) -> messages.Page:
    """A page and its words."""
    return messages.Page(
        wire.image,
        wire.width,
        wire.height,
        tuple(map(_word, wire.words)),
        _METHODS.get(wire.method),
        tuple(
            messages.HiddenWord(_word(one.word), _BECAUSE.get(one.because, ""))
            for one in wire.hidden
        ),
    )


def _word(word: media_pb2.Word) -> messages.Word:
    return messages.Word(word.text, word.left, word.top, word.right, word.bottom, word.line)


def forgotten(wire: media_pb2.ForgetResponse) -> messages.Forgotten:
    """What was erased."""
    return messages.Forgotten(
        wire.existed,
        wire.bytes,
        wire.pages,
        wire.embeddings,
        wire.answers,
        wire.generations,
    )


def status(wire: inference_pb2.GetModelResponse) -> messages.BackendStatus:
    """The backend's description of itself."""
    limits = wire.limits
    return messages.BackendStatus(
        phase=_phase(wire.phase),
        detail=wire.detail,
        models=tuple(_model(model) for model in wire.models),
        limits=messages.Limits(
            image_pixels=limits.image_pixels,
            aspect_ratio=limits.aspect_ratio,
            images=limits.images,
            image_bytes=limits.image_bytes,
            document_bytes=limits.document_bytes,
            document_pages=limits.document_pages,
            queue=limits.queue,
        ),
        version=wire.version,
        started_at=wire.started_at,
    )


def plan(wire: inference_pb2.PlanResponse) -> messages.Plan:
    """What a request would cost."""
    return messages.Plan(
        route=_ROUTES.get(wire.route, "text"),
        route_reason=wire.route_reason,
        fits=wire.fits,
        context_length=wire.context_length,
        prompt_tokens=wire.prompt_tokens,
        cached_tokens=wire.cached_tokens,
        image_tokens=wire.image_tokens,
        cached_image_tokens=wire.cached_image_tokens,
        max_tokens=wire.max_tokens,
        first_token_seconds=wire.first_token_seconds,
        answer_cached=wire.answer_cached,
        parts=tuple(messages.PartUse(part.message, part.part, part.tokens) for part in wire.parts),
        pages=tuple(_page_use(use) for use in wire.pages),
        proposal=wire.proposal,
        proposals=tuple(_proposal(one) for one in wire.proposals if one.kind in _CHANGES),
    )


def stats(wire: inference_pb2.Stats) -> messages.Stats:
    """The backend's figures."""
    return messages.Stats(
        phase=_phase(wire.phase),
        queued=wire.queued,
        running=wire.running,
        blocks_used=wire.blocks_used,
        blocks_total=wire.blocks_total,
        requests=dict(wire.requests_total),
        refusals=dict(wire.refusals_total),
        routes=dict(wire.routes_total),
        pages=dict(wire.pages_total),
        prompt_tokens=wire.prompt_tokens_total,
        completion_tokens=wire.completion_tokens_total,
        cached_tokens=wire.cached_tokens_total,
        media_bytes=wire.media_bytes,
        media_bytes_limit=wire.media_bytes_limit,
        memory_bytes=wire.memory_bytes,
        uptime_seconds=wire.uptime_seconds,
        tokens_per_second=wire.tokens_per_second,
        reasoning_tokens=wire.reasoning_tokens_total,
        image_tokens=wire.image_tokens_total,
        caches=_caches(wire),
        first_token=_distribution(wire.first_token_seconds),
        inter_token=_distribution(wire.inter_token_seconds),
        queue=_distribution(wire.queue_seconds),
        preemptions=wire.preemptions_total,
        blocks_cached=wire.blocks_cached,
        embedding_bytes=wire.embedding_bytes,
        answer_bytes=wire.answer_bytes,
        damaged_entries=wire.damaged_entries_total,
        prefill_tokens_per_second=wire.prefill_tokens_per_second,
        encode_tokens_per_second=wire.encode_tokens_per_second,
        owners=tuple(
            messages.OwnerUse(
                use.owner,
                use.requests_total,
                use.refused_total,
                use.prompt_tokens_total,
                use.completion_tokens_total,
                use.cached_tokens_total,
            )
            for use in wire.owners
        ),
        device_bytes=wire.device_bytes,
        device_bytes_limit=wire.device_bytes_limit,
        available_bytes=wire.available_bytes,
        disk_bytes_free=wire.disk_bytes_free,
        threads=wire.threads,
        cores=wire.cores,
    )


def _caches(wire: inference_pb2.Stats) -> dict[str, messages.CacheFigures]:
    return {
        layer: messages.CacheFigures(
            hits,
            wire.cache_misses_total.get(layer, 0),
            wire.cache_saved_seconds_total.get(layer, 0.0),
            wire.cache_evictions_total.get(layer),
        )
        for layer, hits in wire.cache_hits_total.items()
    }


def _distribution(wire: inference_pb2.Histogram) -> messages.Distribution:
    if len(wire.counts) != len(wire.bounds) + 1:  # nothing was counted, or it cannot be told
        return messages.Distribution()
    return messages.Distribution(tuple(wire.bounds), tuple(wire.counts), wire.sum)


def _message(turn: messages.Turn) -> inference_pb2.Message:
    return inference_pb2.Message(
        role=_ROLES[turn.role],
        parts=[_part(part) for part in turn.parts],
        tool_calls=[
            inference_pb2.ToolCall(id=call.id, name=call.name, arguments=call.arguments)
            for call in turn.calls
        ],
        tool_call_id=turn.call_id,
    )


def _part(part: messages.Part) -> inference_pb2.Part:
    match part:
        case TextPart():
            return inference_pb2.Part(text=part.text)
        case FilePart():
            media = inference_pb2.MediaPart(
                sha256=part.sha256,
                filename=_unicode(part.filename)[:255],
                detail=_DETAILS[part.detail],
                pages=part.pages,
            )
            return inference_pb2.Part(media=media)


def _sampling(sampling: messages.Sampling) -> inference_pb2.Sampling:
    return inference_pb2.Sampling(
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


def _started(number: int, wire: inference_pb2.Started) -> messages.Started:
    return messages.Started(
        number=number,
        request_id=wire.request_id,
        model=wire.model,
        route=_ROUTES.get(wire.route, "text"),
        route_reason=wire.route_reason,
        prompt_tokens=wire.prompt_tokens,
        cached_tokens=wire.cached_tokens,
        pages=tuple(_page_use(use) for use in wire.pages),
        queue_seconds=wire.queue_seconds,
        reading_seconds=wire.reading_seconds,
        answer_cached=wire.answer_cached,
        seed=wire.seed,
    )


def _page_use(use: inference_pb2.PageUse) -> messages.PageUse:
    return messages.PageUse(
        use.sha256,
        use.page,
        _METHODS.get(use.method),
        use.words,
        use.tokens,
        use.width,
        use.height,
        use.reason,
        use.hidden,
    )


def _proposal(wire: inference_pb2.Proposal) -> messages.Proposal:
    details = {number: detail for detail, number in _DETAILS.items()}
    return messages.Proposal(
        kind=_CHANGES[wire.kind],
        sentence=wire.sentence,
        prompt_tokens=wire.prompt_tokens,
        detail=details.get(wire.detail),
        pages=tuple(wire.pages),
        requests=wire.requests,
        max_tokens=wire.max_tokens,
    )


def _finished(number: int, wire: inference_pb2.Finished) -> messages.Finished:
    if not wire.choices:
        raise unexpected()
    reasons = [FinishReason.ERROR] * len(wire.choices)
    for choice in wire.choices:
        if choice.index >= len(reasons) or choice.reason not in _REASONS:
            raise unexpected()
        reasons[choice.index] = _REASONS[choice.reason]
    usage, timing = wire.usage, wire.timing
    return messages.Finished(
        number=number,
        reasons=tuple(reasons),
        usage=messages.Usage(
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.cached_tokens,
            usage.reasoning_tokens,
            usage.image_tokens,
        ),
        timing=messages.Timing(timing.queue, timing.reading, timing.first_token, timing.total),
        warning=wire.warning,
        error=wire.error,
        boxes=_boxes(wire),
    )


def _boxes(wire: inference_pb2.Finished) -> tuple[tuple[messages.Box, ...], ...]:
    if not any(choice.boxes for choice in wire.choices):
        return ()
    return tuple(
        tuple(
            messages.Box(box.sha256, box.page, box.label, box.left, box.top, box.right, box.bottom)
            for box in choice.boxes
        )
        for choice in sorted(wire.choices, key=lambda choice: choice.index)
    )


def _logprob(wire: inference_pb2.TokenLogprob) -> messages.TokenLogprob:
    return messages.TokenLogprob(
        _candidate(wire.chosen), tuple(_candidate(candidate) for candidate in wire.top)
    )


def _candidate(wire: inference_pb2.TokenLogprob.Candidate) -> messages.Candidate:
    return messages.Candidate(wire.token, wire.bytes, wire.logprob)


def _model(wire: inference_pb2.Model) -> messages.ModelCard:
    return messages.ModelCard(
        id=wire.id,
        name=wire.name,
        description=wire.description,
        description_zh=wire.description_zh,
        loaded=wire.loaded,
        sees_images=wire.sees_images,
        thinks=wire.thinks,
        context_length=wire.context_length,
        parameters=wire.parameters,
        device=wire.device,
        dtype=wire.dtype,
        chosen_because=wire.chosen_because,
        revision=wire.revision,
        license=wire.license,
        defaults=_defaults(wire.defaults),
        calls_tools=wire.calls_tools,
    )


def _defaults(wire: inference_pb2.Sampling) -> messages.Sampling:
    present = {field.name: value for field, value in wire.ListFields()}
    return messages.Sampling(
        temperature=present.get("temperature"),
        top_p=present.get("top_p"),
        top_k=present.get("top_k"),
        min_p=present.get("min_p"),
        repetition_penalty=present.get("repetition_penalty"),
        presence_penalty=present.get("presence_penalty"),
        frequency_penalty=present.get("frequency_penalty"),
        seed=present.get("seed"),
        max_tokens=present.get("max_tokens"),
        min_tokens=present.get("min_tokens"),
        stop=tuple(wire.stop),
        logit_bias=dict(wire.logit_bias),
        top_logprobs=present.get("top_logprobs"),
        n=present.get("n"),
    )


def _phase(wire: inference_pb2.Phase.ValueType) -> Phase:
    return _PHASES.get(wire, Phase.STARTING)


def _unicode(text: str) -> str:
    """The text without lone surrogates, which some file systems put into names."""
    return text.encode("utf-8", "replace").decode()
