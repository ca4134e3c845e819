"""POST /v1/chat/completions: OpenAI's older dialect, in which requests are thought of here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frontend.api.answers import Answer
from frontend.api.schema import ChatRequest, chat_request


@dataclass(frozen=True)
class ChatAsked:
    """A request in this dialect."""

    chat: ChatRequest

    @property
    def emptied(self) -> ChatAsked:
        """The same, without the bytes of its files."""
        return ChatAsked(self.chat.emptied)

    def param(self, path: str | None) -> str | None:
        """As it is."""
        return path

    def writer(self, request_id: str, created: int, names: Mapping[str, str]) -> Answer:
        """What writes the answer."""
        sampling = self.chat.sampling
        return Answer(
            f"chatcmpl-{request_id}",
            created,
            answers=sampling.n or 1,
            with_logprobs=sampling.top_logprobs is not None,
            include_usage=self.chat.include_usage,
            names=names,
        )


def asked(body: dict[str, Any]) -> ChatAsked:
    """Raises ApiError."""
    return ChatAsked(chat_request(body))
