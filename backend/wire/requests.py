"""Requests off the wire: protobuf in, checked values out, every refusal naming its field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from backend.errors import InvalidRequest
from backend.prompt.prompt import (
    Detail,
    Form,
    MediaPart,
    Message,
    Part,
    Priority,
    Prompt,
    ReadingMethod,
    ResponseFormat,
    Role,
    Sampling,
    TextPart,
    Thinking,
)
from backend.wire import tools
from protos import inference_pb2 as pb
from protos import media_pb2

MAX_MESSAGES = 1000
MAX_PARTS = 1000
MAX_FILES = 50
MAX_PAGES = 1000
MAX_STOPS = 4
MAX_STOP_LENGTH = 256
MAX_LOGIT_BIAS = 300
MAX_TOP_LOGPROBS = 20
MAX_ANSWERS = 8
MAX_HASHES = 1000
MAX_NAME = 1024
MAX_GATHER_MS = 1000
MAX_TEXT = 1_000_000  # characters to be tokenised
MAX_DEFINITION = 64 << 10  # characters of a schema or an expression

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_ROLES: Mapping[int, Role] = {
    pb.ROLE_SYSTEM: Role.SYSTEM,
    pb.ROLE_USER: Role.USER,
    pb.ROLE_ASSISTANT: Role.ASSISTANT,
    pb.ROLE_TOOL: Role.TOOL,
}
_DETAILS: Mapping[int, Detail] = {
    pb.DETAIL_UNSPECIFIED: Detail.AUTO,
    pb.DETAIL_AUTO: Detail.AUTO,
    pb.DETAIL_LOW: Detail.LOW,
    pb.DETAIL_HIGH: Detail.HIGH,
}
_READINGS: Mapping[int, ReadingMethod | None] = {
    media_pb2.READING_METHOD_UNSPECIFIED: None,
    media_pb2.READING_METHOD_TEXT_LAYER: ReadingMethod.TEXT_LAYER,
    media_pb2.READING_METHOD_OCR: ReadingMethod.OCR,
    media_pb2.READING_METHOD_VISION: ReadingMethod.VISION,
}
_PRIORITIES: Mapping[int, Priority] = {
    pb.PRIORITY_UNSPECIFIED: Priority.INTERACTIVE,
    pb.PRIORITY_INTERACTIVE: Priority.INTERACTIVE,
    pb.PRIORITY_BATCH: Priority.BATCH,
}

_Value = TypeVar("_Value")


def prompt(
    request: pb.GenerateRequest,
    *,
    owner: str,
    defaults: Sampling,
    deadline: float | None,
    form_defaults: Sampling | None = None,
) -> Prompt:
    """A request to generate, complete and in range. Raises InvalidRequest.

    `form_defaults` are those of answers held to a form, where they differ.
    """
    response_format = _response_format(request.response_format)
    is_held = response_format is not None
    return Prompt(
        request_id=request_id(request.request_id),
        owner=owner,
        model=request.model,
        messages=_messages(request),
        sampling=_sampling(request.sampling, (form_defaults or defaults) if is_held else defaults),
        thinking=_thinking(request.thinking),
        response_format=response_format,
        calling=tools.calling(request),
        priority=_known(_PRIORITIES, request.priority, "priority"),
        detached=request.detached,
        use_answer_cache=(
            request.use_answer_cache if request.HasField("use_answer_cache") else True
        ),
        deadline=deadline,
    )


def planned(request: pb.PlanRequest) -> pb.GenerateRequest:
    """The request to be planned, under some id: none is taken, so none need be given."""
    asked = pb.GenerateRequest()
    asked.CopyFrom(request.request)
    asked.request_id = asked.request_id or "plan"
    return asked


def request_id(value: str) -> str:
    """A well-formed request id."""
    if not _REQUEST_ID.fullmatch(value):
        raise InvalidRequest("request_id must be 1-128 of A-Za-z0-9._-", param="request_id")
    return value


def gather(milliseconds: int) -> float:
    """For how many seconds text is gathered into one piece."""
    if milliseconds > MAX_GATHER_MS:
        raise InvalidRequest(f"gather_ms may be at most {MAX_GATHER_MS:,}.", param="gather_ms")
    return milliseconds / 1000


def sha256(value: str, param: str = "sha256") -> str:
    """A well-formed file identity."""
    if not _SHA256.fullmatch(value):
        raise InvalidRequest(f"{param} must be 64 lower-case hexadecimal digits.", param=param)
    return value


def plain_text(request: pb.TokenizeRequest) -> str:
    """The text to be told in tokens."""
    if len(request.text) > MAX_TEXT:
        raise InvalidRequest(f"text may have {MAX_TEXT:,} characters.", param="text")
    return request.text


def hashes(request: media_pb2.HasMediaRequest) -> tuple[str, ...]:
    """The file identities asked about."""
    if len(request.sha256) > MAX_HASHES:
        raise InvalidRequest(f"sha256 may hold {MAX_HASHES:,} hashes.", param="sha256")
    return tuple(sha256(value, f"sha256[{place}]") for place, value in enumerate(request.sha256))


def max_side(request: media_pb2.GetPageRequest) -> int:
    """The longest side that a rendered page shall have."""
    if not request.HasField("max_side"):
        return 1024
    return _within(request.max_side, 16, 4096, "max_side")


def interval(request: pb.WatchStatsRequest) -> float:
    """Seconds between figures."""
    if not request.HasField("interval_seconds"):
        return 1.0
    return _within(request.interval_seconds, 0.1, 60.0, "interval_seconds")


def _response_format(sent: pb.ResponseFormat) -> ResponseFormat | None:
    """The form wished for; None: free text. What it holds is read when it is compiled."""
    form = sent.WhichOneof("format")
    if form is None or form == "text" or (form == "json_object" and not sent.json_object):
        return None
    definition = "" if form == "json_object" else str(getattr(sent, form))
    if len(definition) > MAX_DEFINITION:
        raise InvalidRequest(
            f"response_format.{form} may have {MAX_DEFINITION:,} characters.",
            param=f"response_format.{form}",
        )
    return ResponseFormat(Form(form), definition)


def _messages(request: pb.GenerateRequest) -> tuple[Message, ...]:
    if not 1 <= len(request.messages) <= MAX_MESSAGES:
        raise InvalidRequest(
            f"messages must hold 1 to {MAX_MESSAGES:,} turns.",
            param="messages",
            code="array_above_max_length" if request.messages else "invalid_value",
        )
    messages: list[Message] = []
    media = 0
    previous: Role | None = None
    open_calls: frozenset[str] = frozenset()  # that a tool's turn may answer
    for place, sent in enumerate(request.messages):
        path = f"messages[{place}]"
        role = _known(_ROLES, sent.role, f"{path}.role")
        if role is Role.TOOL and previous not in (Role.ASSISTANT, Role.TOOL):
            raise InvalidRequest(
                "A tool's result must follow the model's turn.", param=f"{path}.role"
            )
        previous = role
        calls = tools.called(sent, role, path)
        if role is not Role.TOOL:
            open_calls = frozenset(call.id for call in calls)
        call_id = tools.answered(sent, role, open_calls, path)
        if len(sent.parts) > MAX_PARTS:
            raise InvalidRequest(f"A turn may have {MAX_PARTS:,} parts.", param=f"{path}.parts")
        parts = tuple(
            _part(part, f"{path}.parts[{number}]") for number, part in enumerate(sent.parts)
        )
        media += sum(isinstance(part, MediaPart) for part in parts)
        if media > MAX_FILES:
            raise InvalidRequest(
                f"A request may hold {MAX_FILES} files.", param="messages", code="too_many_images"
            )
        is_asked = role in (Role.USER, Role.TOOL)
        if is_asked and not parts:
            raise InvalidRequest("This turn has no parts.", param=f"{path}.parts")
        # Whoever sends an empty question gets an answer to it; an empty system or assistant turn
        # says nothing and is left out.
        says = any(isinstance(part, MediaPart) or part.text.strip() for part in parts)
        if is_asked or says or calls:
            messages.append(Message(role, parts, calls, call_id))
    if not messages or messages[-1].role is Role.ASSISTANT or previous is Role.ASSISTANT:
        raise InvalidRequest(
            "The last turn must be one that can be answered: a user's or a tool's.",
            param="messages",
        )
    return tuple(messages)


def _part(part: pb.Part, path: str) -> Part:
    match part.WhichOneof("content"):
        case "text":
            return TextPart(part.text)
        case "media":
            media = part.media
            if len(media.filename) > MAX_NAME:
                raise InvalidRequest(
                    f"A file's name may have {MAX_NAME:,} characters.",
                    param=f"{path}.media.filename",
                )
            return MediaPart(
                sha256=sha256(media.sha256, f"{path}.media"),
                filename=media.filename,
                detail=_known(_DETAILS, media.detail, f"{path}.media.detail"),
                reading=_known(_READINGS, media.reading, f"{path}.media.reading"),
                pages=_pages(media.pages, f"{path}.media.pages"),
            )
        case _:
            raise InvalidRequest("This part is neither text nor a file.", param=path)


def _pages(sent: Sequence[int], path: str) -> tuple[int, ...]:
    """Page numbers, each once and in order."""
    if len(sent) > MAX_PAGES or 0 in sent:
        raise InvalidRequest(
            f"pages may hold {MAX_PAGES:,} page numbers, counted from 1.", param=path
        )
    return tuple(sorted(set(sent)))


def _sampling(sent: pb.Sampling, defaults: Sampling) -> Sampling:
    def number(name: str, low: float, high: float, default: float) -> float:
        if not sent.HasField(name):  # type: ignore[arg-type]  # the stub wants a literal
            return default
        return _within(float(getattr(sent, name)), low, high, f"sampling.{name}")

    def integer(name: str, low: int, high: int, default: int | None) -> int | None:
        if not sent.HasField(name):  # type: ignore[arg-type]  # the stub wants a literal
            return default
        return _within(int(getattr(sent, name)), low, high, f"sampling.{name}")

    largest = 2**31 - 1
    repetition_penalty = number("repetition_penalty", 0.0, 2.0, defaults.repetition_penalty)
    if repetition_penalty <= 0:
        raise InvalidRequest(
            "sampling.repetition_penalty must be over 0.", param="sampling.repetition_penalty"
        )
    max_tokens = integer("max_tokens", 1, largest, defaults.max_tokens)
    min_tokens = integer("min_tokens", 0, largest, defaults.min_tokens) or 0
    if max_tokens is not None and min_tokens > max_tokens:
        raise InvalidRequest(
            "sampling.min_tokens must not be over max_tokens.", param="sampling.min_tokens"
        )
    return Sampling(
        temperature=number("temperature", 0.0, 2.0, defaults.temperature),
        top_p=number("top_p", 0.0, 1.0, defaults.top_p),
        top_k=integer("top_k", 0, largest, defaults.top_k) or 0,
        min_p=number("min_p", 0.0, 1.0, defaults.min_p),
        repetition_penalty=repetition_penalty,
        presence_penalty=number("presence_penalty", -2.0, 2.0, defaults.presence_penalty),
        frequency_penalty=number("frequency_penalty", -2.0, 2.0, defaults.frequency_penalty),
        seed=sent.seed if sent.HasField("seed") else defaults.seed,
        max_tokens=max_tokens,
        min_tokens=min_tokens,
        stop=_stops(sent) or defaults.stop,
        logit_bias=_logit_bias(sent),
        top_logprobs=integer("top_logprobs", 0, MAX_TOP_LOGPROBS, defaults.top_logprobs),
        n=integer("n", 1, MAX_ANSWERS, defaults.n) or 1,
    )


def _stops(sent: pb.Sampling) -> tuple[str, ...]:
    if len(sent.stop) > MAX_STOPS:
        raise InvalidRequest(f"sampling.stop may hold {MAX_STOPS} strings.", param="sampling.stop")
    if not all(1 <= len(stop) <= MAX_STOP_LENGTH for stop in sent.stop):
        raise InvalidRequest(
            f"Each of sampling.stop must have 1 to {MAX_STOP_LENGTH} characters.",
            param="sampling.stop",
        )
    return tuple(sent.stop)


def _logit_bias(sent: pb.Sampling) -> dict[int, float]:
    param = "sampling.logit_bias"
    if len(sent.logit_bias) > MAX_LOGIT_BIAS:
        raise InvalidRequest(f"{param} may hold {MAX_LOGIT_BIAS} tokens.", param=param)
    if any(token < 0 for token in sent.logit_bias):
        raise InvalidRequest(f"{param} must name token ids.", param=param)
    return {token: _within(bias, -100.0, 100.0, param) for token, bias in sent.logit_bias.items()}


def _thinking(sent: pb.Thinking) -> Thinking:
    budget = sent.budget if sent.HasField("budget") else None
    if budget is not None and budget < 0:
        raise InvalidRequest("thinking.budget must not be negative.", param="thinking.budget")
    return Thinking(enabled=sent.enabled, budget=budget)


_Number = TypeVar("_Number", int, float)


def _within(value: _Number, low: float, high: float, param: str) -> _Number:
    # Written so that NaN, which is neither below nor above anything, is refused as well.
    if math.isfinite(value) and low <= value <= high:
        return value
    code = "invalid_value"
    if value > high:
        code = f"{'integer' if isinstance(value, int) else 'decimal'}_above_max_value"
    elif value < low:
        code = f"{'integer' if isinstance(value, int) else 'decimal'}_below_min_value"
    raise InvalidRequest(
        f"{param} must be a number from {low:g} to {high:g}.", param=param, code=code
    )


def _known(table: Mapping[int, _Value], value: int, param: str) -> _Value:
    if value not in table:
        raise InvalidRequest(f"{param} has an unknown value.", param=param)
    return table[value]
