"""The nouns of the history: conversations, their messages and files, how answers came about."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from frontend.messages import Box, Role


class State(Enum):
    """How far a message is."""

    ASKED = "asked"  # a question
    RUNNING = "running"  # an answer being written
    FINISHED = "finished"  # an answer that ended, for the reason in its receipt
    FAILED = "failed"  # an answer that was refused or broke; see its error
    LOST = "lost"  # an answer whose end nobody knows any more


@dataclass(frozen=True)
class Conversation:
    """One conversation, without its messages."""

    id: str
    title: str
    parameters: Mapping[str, Any]
    created_at: float
    updated_at: float
    pinned: bool = False


@dataclass(frozen=True)
class Attachment:
    """A file in a conversation. `message` is the question it was first sent with."""

    id: int
    conversation: str
    message: str | None
    sha256: str
    filename: str
    kind: str
    size: int
    pages: int
    width: int
    height: int
    removed_at: float | None  # unix seconds; None: it is still there

    @property
    def removed(self) -> bool:
        """Whether later questions are no longer about it."""
        return self.removed_at is not None


@dataclass(frozen=True)
class Receipt:
    """How an answer came about."""

    model: str = ""
    route: str = ""
    route_reason: str = ""
    reason: str = ""  # why it ended: a FinishReason's value
    warning: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    pages: int = 0  # of all files
    pages_used: int = 0  # in the prompt
    methods: Mapping[str, int] | None = None  # pages used, by reading method
    hidden: int = 0  # words that pages carry and do not show, left out of the prompt
    queue_seconds: float = 0.0
    reading_seconds: float = 0.0
    first_token_seconds: float = 0.0
    total_seconds: float = 0.0
    answer_cached: bool = False
    seed: int = 0
    reasoning_tokens: int = 0  # of the completion
    image_tokens: int = 0  # of the prompt
    boxes: tuple[Box, ...] = ()  # places in pictures that the answer names


@dataclass(frozen=True)
class Replay:
    """An answer computed once more with the same parameters and seed."""

    same: bool  # whether every character came out the same, reasoning included
    text: str  # what was said this time; empty if it is the same
    reasoning: str
    tokens: int
    seconds: float
    replayed_at: float  # unix seconds


@dataclass(frozen=True)
class Message:
    """A question or an answer."""

    id: str
    conversation: str
    role: Role
    state: State
    text: str
    reasoning: str
    request_id: str | None
    heard: int
    error_code: str
    error: str
    receipt: Receipt | None
    created_at: float
    parameters: Mapping[str, Any] | None = None  # an answer's; None of old ones
    replay: Replay | None = None


def new_id() -> str:
    """A name nobody else has."""
    return uuid.uuid4().hex
