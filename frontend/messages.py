"""What the front end says to the backend and hears from it, as plain values.

`client` turns these into protobuf and back; nothing else in the front end knows the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Role(Enum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Detail(Enum):
    """How closely a picture is looked at."""

    AUTO = "auto"
    LOW = "low"
    HIGH = "high"


class ReadingMethod(Enum):
    """Where the words of a page come from."""

    TEXT_LAYER = "text_layer"
    OCR = "ocr"
    VISION = "vision"


class FinishReason(Enum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    ERROR = "error"
    TOOL_CALLS = "tool_calls"


class Phase(Enum):
    """How far the backend is."""

    STARTING = "starting"
    LOADING = "loading"
    WARMING = "warming"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


@dataclass(frozen=True)
class FileRef:
    """A file the backend has."""

    sha256: str
    kind: str  # "image" or "document"
    media_type: str
    size: int  # bytes
    pages: int
    width: int = 0  # pixels; 0 for a document
    height: int = 0


@dataclass(frozen=True)
class TextPart:
    """Plain text."""

    text: str


@dataclass(frozen=True)
class FilePart:
    """A file inside a turn."""

    sha256: str
    filename: str = ""
    detail: Detail = Detail.AUTO
    pages: tuple[int, ...] = ()  # those that are meant; none: all


Part = TextPart | FilePart


@dataclass(frozen=True)
class Tool:
    """A function that the model may ask its caller to call."""

    name: str
    description: str = ""
    parameters: str = ""  # a JSON schema; "": it takes nothing


@dataclass(frozen=True)
class ToolCall:
    """A call that the model asks for."""

    id: str
    name: str
    arguments: str  # a JSON object


@dataclass(frozen=True)
class Turn:
    """One message of a conversation."""

    role: Role
    parts: tuple[Part, ...]
    calls: tuple[ToolCall, ...] = ()  # of the model's turn
    call_id: str = ""  # of a tool's turn: the call that it answers


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen. None leaves it to the model's defaults."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    min_tokens: int | None = None
    stop: tuple[str, ...] = ()
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    top_logprobs: int | None = None
    n: int | None = None


@dataclass(frozen=True)
class Question:
    """Everything needed to ask for an answer."""

    request_id: str
    turns: tuple[Turn, ...]
    model: str = ""  # "" means the loaded one
    sampling: Sampling = Sampling()
    thinking: bool = False
    thinking_budget: int | None = None  # tokens
    batch: bool = False
    detached: bool = False  # whether the backend goes on when the stream is left
    gather_ms: int = 0  # text that comes within so many milliseconds is told as one piece
    use_answer_cache: bool = True  # whether an exact earlier answer may be served, or kept
    json_schema: str | None = None  # a JSON document
    json_object: bool = False
    regex: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"  # or "none" or "required"
    tool_name: str = ""  # the one that is required; "": any
    parallel_tool_calls: bool = True


@dataclass(frozen=True)
class Queued:
    """Waiting behind `ahead` others."""

    number: int
    ahead: int


@dataclass(frozen=True)
class PageRead:
    """A page was read."""

    number: int
    sha256: str
    page: int
    pages: int
    method: ReadingMethod | None
    cached: bool


@dataclass(frozen=True)
class PageUse:
    """What became of one page of one file."""

    sha256: str
    page: int
    method: ReadingMethod | None
    words: int
    tokens: int
    width: int = 0  # pixels at which the model sees it; 0 if it is read as words
    height: int = 0
    reason: str = ""  # why it was read this way
    hidden: int = 0  # words of its text layer that people do not see, left out


@dataclass(frozen=True)
class Started:
    """The prompt is final; compute begins."""

    number: int
    request_id: str
    model: str
    route: str  # "text", "multimodal" or "image_batch"
    route_reason: str
    prompt_tokens: int
    cached_tokens: int
    pages: tuple[PageUse, ...]
    queue_seconds: float
    reading_seconds: float
    answer_cached: bool
    seed: int


@dataclass(frozen=True)
class Candidate:
    """A token that was, or might have been, chosen."""

    token: str
    bytes: bytes
    logprob: float


@dataclass(frozen=True)
class TokenLogprob:
    """A chosen token and the likeliest ones at its place, best first."""

    chosen: Candidate
    top: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Delta:
    """New text of one answer."""

    number: int
    index: int
    text: str
    reasoning: str
    tokens: int
    logprobs: tuple[TokenLogprob, ...] = ()
    calls: tuple[ToolCall, ...] = ()  # complete since the last one


@dataclass(frozen=True)
class Usage:
    """Tokens counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    image_tokens: int = 0


@dataclass(frozen=True)
class Timing:
    """Seconds."""

    queue: float = 0.0
    reading: float = 0.0
    first_token: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class Box:
    """A place in a picture that an answer names, as the model gave it.

    In pixels of the upright picture; of a document's page as fractions, 0-1.
    """

    sha256: str
    page: int
    label: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Finished:
    """The end: one reason per answer."""

    number: int
    reasons: tuple[FinishReason, ...]
    usage: Usage
    timing: Timing
    warning: str = ""
    error: str = ""
    boxes: tuple[tuple[Box, ...], ...] = ()  # for each answer; empty: none has any


def was_answer(text: str, reasoning: str) -> bool:
    """Whether what was told as reasoning turned out to be the answer, and was told again as that.

    It happens where a model is asked to think and answers at once.
    """
    return bool(reasoning) and text.strip() == reasoning.strip()


Event = Queued | PageRead | Started | Delta | Finished


@dataclass(frozen=True)
class PartUse:
    """What one part of a request has in the prompt."""

    message: int
    part: int
    tokens: int


@dataclass(frozen=True)
class Proposal:
    """A way to make a request fit, or to have all of a document read."""

    kind: str  # "lower_detail", "fewer_pages", "map_reduce" or "shorter_answer"
    sentence: str
    prompt_tokens: int
    detail: Detail | None
    pages: tuple[int, ...]
    requests: int
    max_tokens: int


@dataclass(frozen=True)
class Plan:
    """What a request would cost."""

    route: str
    route_reason: str
    fits: bool
    context_length: int
    prompt_tokens: int
    cached_tokens: int
    image_tokens: int
    cached_image_tokens: int
    max_tokens: int  # 0 if it does not fit
    first_token_seconds: float  # 0 before anything was measured
    answer_cached: bool
    parts: tuple[PartUse, ...]
    pages: tuple[PageUse, ...]
    proposal: str
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True)
class Word:
    """A word and its box, as fractions of the page, origin top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    line: int


@dataclass(frozen=True)
class HiddenWord:
    """A word of the text layer that people do not see, and why: no_ink, tiny or off_page."""

    word: Word
    because: str


@dataclass(frozen=True)
class Page:
    """A rendered page and, if asked for, its words."""

    image: bytes  # WebP
    width: int
    height: int
    words: tuple[Word, ...] = ()
    method: ReadingMethod | None = None
    hidden: tuple[HiddenWord, ...] = ()  # kept out of `words` and out of every prompt


@dataclass(frozen=True)
class Forgotten:
    """What forgetting a file erased."""

    existed: bool
    bytes: int
    pages: int
    embeddings: int = 0  # of its pictures
    answers: int = 0  # of the answer cache
    generations: int = 0  # finished ones that could be followed again


@dataclass(frozen=True)
class ModelCard:
    """A model the backend offers."""

    id: str
    name: str
    description: str
    description_zh: str
    loaded: bool
    sees_images: bool
    thinks: bool
    context_length: int
    parameters: int
    device: str
    dtype: str
    chosen_because: str
    revision: str
    license: str
    defaults: Sampling
    calls_tools: bool = False


@dataclass(frozen=True)
class Limits:
    """What requests are held to."""

    image_pixels: int
    aspect_ratio: float
    images: int
    image_bytes: int
    document_bytes: int
    document_pages: int
    queue: int


@dataclass(frozen=True)
class BackendStatus:
    """The models and how far the backend is."""

    phase: Phase
    detail: str
    models: tuple[ModelCard, ...]
    limits: Limits
    version: str
    started_at: int  # unix seconds

    @property
    def model(self) -> ModelCard | None:
        """The loaded model, if any is."""
        return next((model for model in self.models if model.loaded), None)


@dataclass(frozen=True)
class CacheFigures:
    """What one of the backend's caches was good for."""

    hits: int
    misses: int
    saved_seconds: float
    evictions: int | None  # None: nothing leaves it to make room


@dataclass(frozen=True)
class Distribution:
    """How often a quantity fell between bounds."""

    bounds: tuple[float, ...] = ()  # upper ones, rising
    counts: tuple[int, ...] = (0,)  # one more: of values above the last bound
    sum: float = 0.0


@dataclass(frozen=True)
class OwnerUse:
    """What one owner has asked for; an empty name stands for all that are not told one by one."""

    owner: str
    requests: int
    refused: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


@dataclass(frozen=True)
class Stats:
    """The backend's figures; totals count from the start of its process."""

    phase: Phase
    queued: int
    running: int
    blocks_used: int
    blocks_total: int
    requests: Mapping[str, int]  # by outcome
    refusals: Mapping[str, int]  # by error code
    routes: Mapping[str, int]
    pages: Mapping[str, int]  # by reading method
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    media_bytes: int
    media_bytes_limit: int
    memory_bytes: int
    uptime_seconds: float
    tokens_per_second: float
    reasoning_tokens: int = 0
    image_tokens: int = 0
    caches: Mapping[str, CacheFigures] = field(default_factory=dict)  # by layer
    first_token: Distribution = Distribution()  # seconds
    inter_token: Distribution = Distribution()
    queue: Distribution = Distribution()
    preemptions: int = 0
    blocks_cached: int = 0  # hold a known prefix and are free to be taken
    embedding_bytes: int = 0
    answer_bytes: int = 0
    damaged_entries: int = 0
    prefill_tokens_per_second: float = 0.0  # 0 before the first
    encode_tokens_per_second: float = 0.0
    owners: tuple[OwnerUse, ...] = ()  # the one heard of last comes first
    device_bytes: int = 0  # of the GPU's memory in use; 0 without one
    device_bytes_limit: int = 0
    available_bytes: int = 0  # of memory, that the backend's machine has left; 0 if unknown
    disk_bytes_free: int = 0  # where files are stored; 0 if unknown
    threads: int = 0  # of one computation
    cores: int = 0  # that the backend may use


class BackendError(Exception):
    """The backend refused, failed or was not there.

    `kind` is one of: bad_input, too_large, unauthenticated, not_found, already_exists, queue_full,
    unavailable, deadline, not_implemented, internal. `message` may be shown to anyone.
    `was_accepted` tells that a backend is known to have taken the question in before it failed.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
        was_accepted: bool = False,
    ) -> None:
        super().__init__(message)
        self.was_accepted = was_accepted
        self.kind = kind
        self.message = message
        self.code = code
        self.param = param
        self.retry_after = retry_after
