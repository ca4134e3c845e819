"""A request as the backend thinks of it: who asks, what is said, and how to answer."""

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


class Route(Enum):
    """How a request runs through the model."""

    TEXT = "text"
    MULTIMODAL = "multimodal"
    IMAGE_BATCH = "image_batch"


class Priority(Enum):
    """Who waits for the answer."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class FinishReason(Enum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    ERROR = "error"
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True)
class TextPart:
    """Plain text; never interpreted as control tokens."""

    text: str


@dataclass(frozen=True)
class MediaPart:
    """A stored file, by the SHA-256 of its bytes."""

    sha256: str
    filename: str = ""
    detail: Detail = Detail.AUTO
    reading: ReadingMethod | None = None  # None lets the router choose
    pages: tuple[int, ...] = ()  # those that are meant, in order; none: all

    def chosen(self, count: int) -> tuple[int, ...]:
        """The pages that are meant, of so many."""
        return self.pages or tuple(range(1, count + 1))


Part = TextPart | MediaPart


@dataclass(frozen=True)
class Tool:
    """A function that the caller would call for the model."""

    name: str
    description: str = ""
    parameters: str = ""  # a JSON schema of an object; "": it takes nothing


@dataclass(frozen=True)
class ToolCall:
    """A call that the model asks for."""

    id: str
    name: str
    arguments: str  # a JSON object


@dataclass(frozen=True)
class Calling:
    """Which functions may be called, and how."""

    tools: tuple[Tool, ...] = ()
    is_required: bool = False  # whether at least one has to be
    name: str = ""  # the one that has to be, if any has; "": whichever
    is_parallel: bool = True  # whether one answer may hold several calls


NO_CALLS = Calling()


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Role
    parts: tuple[Part, ...]
    calls: tuple[ToolCall, ...] = ()  # of the model's turn
    call_id: str = ""  # of a tool's turn: the call that it answers


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen. Every field has a value; `wire` fills in the model's defaults."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0  # 0 keeps all
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int | None = None  # None: drawn when the sequence is made
    max_tokens: int | None = None  # None: what is left of the context
    min_tokens: int = 0
    stop: tuple[str, ...] = ()
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    top_logprobs: int | None = None  # None: no logprobs; 0: of the chosen token only
    n: int = 1


@dataclass(frozen=True)
class Thinking:
    """Whether the model may reason first."""

    enabled: bool = False
    budget: int | None = None  # tokens


class Form(Enum):
    """What an answer is held to."""

    JSON = "json_object"  # any JSON object
    SCHEMA = "json_schema"
    REGEX = "regex"
    CALLS = "calls"  # of functions, and nothing else


@dataclass(frozen=True)
class ResponseFormat:
    """The form an answer must have."""

    form: Form
    definition: str = ""  # the schema as a JSON document, the expression, or the grammar of calls


@dataclass(frozen=True)
class Prompt:
    """A whole request, valid in itself; files and model are yet to be looked up."""

    request_id: str
    owner: str
    model: str  # "" means the loaded one
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    thinking: Thinking = Thinking()
    response_format: ResponseFormat | None = None  # None: free text
    calling: Calling = NO_CALLS
    priority: Priority = Priority.INTERACTIVE
    detached: bool = False
    use_answer_cache: bool = True
    deadline: float | None = None  # on time.monotonic()'s clock

    @property
    def is_held(self) -> bool:
        """Whether the answers have to have a form."""
        return self.response_format is not None or self.calling.is_required
