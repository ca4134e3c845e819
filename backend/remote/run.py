"""One request that another server answers, from its submission to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.remote.answer import Answer
from backend.work import Listener, Work

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Run:
    """A request from submission to its end."""

    work: Work
    listener: Listener
    accepted: float  # on time.monotonic()'s clock
    answers: list[Answer]
    has_started: bool = False
    is_cancelled: bool = False
    task: asyncio.Task[None] | None = None  # its answer
    watched: asyncio.Task[None] | None = None  # that, seen to its end
    usage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by."""
        return self.work.owner, self.work.request_id

    @property
    def prompt_tokens(self) -> tuple[int, int]:
        """Tokens of the prompt and those of them that were cached, as the server counted; 0 where
        it does not tell."""
        prompt = self.usage.get("prompt_tokens")
        details = self.usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else None
        count = prompt if isinstance(prompt, int) and prompt > 0 else 0
        return count, min(count, cached) if isinstance(cached, int) else 0

    def cancel(self) -> None:
        """Marks it as cancelled, and ends its task if it has one yet. On the engine's thread."""
        self.is_cancelled = True
        if self.task is not None:
            self.task.cancel()

    def tell(self, hear: Callable[..., None], *values: object) -> None:
        """Calls the listener; what breaks there stays there."""
        try:
            hear(*values)
        except Exception:
            log.exception("a listener failed", extra={"request_id": self.work.request_id})
