"""One answer of another server on its way out: its chunks made into deltas."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.prompt.boxes import BoxReader
from backend.prompt.events import Candidate, Delta, TokenLogprob
from backend.prompt.prompt import FinishReason, ToolCall
from backend.prompt.reasoning import ReasoningParser, Said

_REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "abort": FinishReason.ERROR,
    "error": FinishReason.ERROR,
}


@dataclass
class _Call:
    """A call of a function in the making."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class Answer:
    """Takes the chunks of one choice; what it makes certain comes out."""

    def __init__(self, index: int, *, thinking: bool) -> None:
        """`thinking`: the model reasons, whether or not the server tells it apart."""
        self.index = index
        self.reason: FinishReason | None = None
        self.tokens = 0  # counted as one a chunk; the server's own count comes at the end
        self._parser = ReasoningParser(thinking=thinking)
        self._is_told_apart = False  # the server does it
        self._boxes = BoxReader()
        self._calls: dict[int, _Call] = {}
        # Since the last delta:
        self._held_tokens = 0
        self._held_reasoning = 0  # of them
        self._logprobs: list[TokenLogprob] = []

    def push(self, choice: Mapping[str, Any]) -> Delta | None:
        """Takes a chunk of this choice."""
        given = choice.get("delta")
        delta = given if isinstance(given, dict) else {}
        reasoning = _text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))
        content = _text(delta.get("content"))
        if reasoning and not self._is_told_apart:
            self._is_told_apart = True
            self._parser = ReasoningParser(thinking=False)
        for call in delta.get("tool_calls") or ():
            self._grow(call)
        said = self._parser.push(content)
        ended = choice.get("finish_reason")
        if isinstance(ended, str) and self.reason is None:
            self.reason = _REASONS.get(ended, FinishReason.STOP)
        self._count(content or reasoning or delta.get("tool_calls"), reasoning, said)
        self._logprobs += _logprobs(choice.get("logprobs"))
        text = self._boxes.push(said.text)
        if not (text or reasoning or said.reasoning):
            return None
        return self._released(text, reasoning=reasoning + said.reasoning)

    def flush(self, reason: FinishReason) -> Delta | None:
        """What is still held when the answer ends, for its own reason or else for this one."""
        self.reason = self.reason or reason
        is_stop = self.reason is FinishReason.STOP and not self._is_told_apart
        said = self._parser.flush(is_stop=is_stop)
        text, calls = self._finished_calls()
        shown = self._boxes.push(said.text) + self._boxes.flush() + text
        if calls and self.reason is FinishReason.STOP:
            self.reason = FinishReason.TOOL_CALLS
        if not (shown or said.reasoning or calls or self._held_tokens):
            return None
        return self._released(
            shown,
            reasoning="" if said.is_retold else said.reasoning,
            is_retold=said.is_retold,
            calls=calls,
        )

    def _count(self, is_token: object, reasoning: str, said: Said) -> None:
        if is_token:
            self.tokens += 1
            self._held_tokens += 1
            self._held_reasoning += bool(reasoning or (said.reasoning and not said.text))

    def _released(
        self,
        text: str,
        *,
        reasoning: str,
        is_retold: bool = False,
        calls: tuple[ToolCall, ...] = (),
    ) -> Delta:
        """The text with every token held for it."""
        delta = Delta(
            self.index,
            text,
            tokens=self._held_tokens,
            reasoning_tokens=self._held_reasoning,
            logprobs=tuple(self._logprobs),
            marks=self._boxes.taken(),
            reasoning=reasoning,
            is_retold=is_retold,
            calls=calls,
        )
        self._held_tokens = self._held_reasoning = 0
        self._logprobs = []
        return delta

    def _grow(self, given: object) -> None:
        """A piece of a call: its id and name come once, its arguments bit by bit."""
        if not isinstance(given, dict):
            return
        place = given.get("index")
        call = self._calls.setdefault(place if isinstance(place, int) else 0, _Call())
        function = given.get("function")
        function = function if isinstance(function, dict) else {}
        call.id = call.id or _text(given.get("id"))
        call.name = call.name or _text(function.get("name"))
        call.arguments += _text(function.get("arguments"))

    def _finished_calls(self) -> tuple[str, tuple[ToolCall, ...]]:
        """The calls; one whose arguments are no JSON object was cut off and is told as text."""
        words, calls = "", []
        for _, call in sorted(self._calls.items()):
            arguments = call.arguments.strip() or "{}"
            if call.name and _is_object(arguments):
                calls.append(
                    ToolCall(call.id or f"call_{secrets.token_hex(12)}", call.name, arguments)
                )
            else:
                words += call.arguments
        return words, tuple(calls)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _logprobs(given: object) -> tuple[TokenLogprob, ...]:
    content = given.get("content") if isinstance(given, dict) else None
    if not isinstance(content, list):
        return ()
    return tuple(
        TokenLogprob(
            _candidate(entry),
            tuple(_candidate(other) for other in entry.get("top_logprobs") or ()),
        )
        for entry in content
        if isinstance(entry, dict)
    )


def _candidate(entry: Mapping[str, Any]) -> Candidate:
    token = _text(entry.get("token"))
    told = entry.get("bytes")
    data = bytes(told) if isinstance(told, list) else token.encode("utf-8", errors="replace")
    return Candidate(token, data, float(entry.get("logprob") or 0.0))
