"""Answers in OpenAI's shapes: a whole completion, or the chunks of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from frontend.api.errors import ApiError
from frontend.messages import (
    Delta,
    Finished,
    FinishReason,
    PageUse,
    Started,
    TokenLogprob,
    ToolCall,
    Usage,
    was_answer,
)

_LOWEST: Final = -9999.0  # stands for minus infinity, which JSON has not
_DONE: Final = b"data: [DONE]\n\n"


def to_json(value: object) -> bytes:
    """JSON as it travels: UTF-8, and no NaN."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


@dataclass
class Text:
    """One of the n answers as far as it is written."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)


class Answer:
    """What every part of one answer repeats, and how its parts are spelt."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the field's name
        created: int,
        *,
        answers: int,
        with_logprobs: bool,
        include_usage: bool,
        names: Mapping[str, str],
    ) -> None:
        self._id = id
        self._created = created
        self._answers = answers
        self._with_logprobs = with_logprobs
        self._include_usage = include_usage
        self._names = names
        self._started: Started | None = None
        self._model = ""
        self._texts = [Text() for _ in range(answers)]

    def start(self, started: Started) -> None:
        """Takes in what the prompt became."""
        self._started = started
        self._model = started.model

    # A completion

    def add(self, delta: Delta) -> None:
        """Takes in new text."""
        text = self._texts[delta.index]
        text.content.append(delta.text)
        text.reasoning.append(delta.reasoning)
        text.calls += delta.calls
        if self._with_logprobs:
            text.logprobs += [logprob(token) for token in delta.logprobs]

    def completion(self, finished: Finished) -> bytes:
        """The whole answer."""
        return to_json(
            {
                **self._head("chat.completion"),
                "choices": [
                    {
                        "index": index,
                        "message": _message(text),
                        "logprobs": self._logprobs(text.logprobs),
                        "finish_reason": _reason(reason),
                        **self._boxes(finished, index),
                    }
                    for index, (text, reason) in enumerate(
                        zip(self._texts, finished.reasons, strict=True)
                    )
                ],
                "usage": usage(finished.usage),
                "glm_flash": about(self._started, finished, self._names),
            }
        )

    # A stream

    def opening(self) -> bytes:
        """The first chunk, the only one with a role; it opens every one of the n answers."""
        delta = {"role": "assistant", "content": ""}
        return self._chunk([self._choice(index, delta) for index in range(self._answers)])

    def chunk(self, delta: Delta) -> bytes:
        """New text or calls; nothing if there are none."""
        has_logprobs = self._with_logprobs and delta.logprobs
        if not (delta.text or delta.reasoning or delta.calls or has_logprobs):
            return b""
        said: dict[str, Any] = {}
        if delta.reasoning:
            said |= _reasoning(delta.reasoning)
        if delta.text or not (delta.reasoning or delta.calls):
            said["content"] = delta.text
        if delta.calls:
            before = self._texts[delta.index].calls
            said["tool_calls"] = [
                {"index": place, **_call(call)}
                for place, call in enumerate(delta.calls, start=len(before))
            ]
            before += delta.calls
        choice = self._choice(delta.index, said)
        if self._with_logprobs:
            choice["logprobs"] = self._logprobs([logprob(token) for token in delta.logprobs])
        return self._chunk([choice])

    def closing(self, finished: Finished) -> Iterator[bytes]:
        """The reasons, one a chunk and each in its answer's last; the figures; the end."""
        for index, reason in enumerate(finished.reasons):
            last = index == len(finished.reasons) - 1
            more = {"glm_flash": about(self._started, finished, self._names)} if last else {}
            choice = self._choice(index, {}, _reason(reason)) | self._boxes(finished, index)
            yield self._chunk([choice], **more)
        if self._include_usage:
            yield self._chunk([], usage=usage(finished.usage))
        yield _DONE

    @staticmethod
    def broken(failure: ApiError) -> bytes:
        """The error in place of a chunk; the end."""
        return b"data: " + failure.body() + b"\n\n" + _DONE

    def _chunk(self, choices: list[dict[str, Any]], **more: object) -> bytes:
        head = self._head("chat.completion.chunk")
        figures = {"usage": None} if self._include_usage else {}
        return b"data: " + to_json({**head, "choices": choices, **figures, **more}) + b"\n\n"

    @staticmethod
    def _choice(index: int, delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    def _boxes(self, finished: Finished, index: int) -> dict[str, Any]:
        """The places in pictures that an answer names: this service's own addition, if any."""
        boxes = finished.boxes[index] if index < len(finished.boxes) else ()
        if not boxes:
            return {}
        named = [{"file": self._names.get(box.sha256) or None, **asdict(box)} for box in boxes]
        return {"boxes": named}

    def _logprobs(self, tokens: list[dict[str, Any]]) -> dict[str, Any] | None:
        return {"content": tokens, "refusal": None} if self._with_logprobs else None


def about(started: Started | None, finished: Finished, names: Mapping[str, str]) -> dict[str, Any]:
    """How the request ran: this service's own addition to OpenAI's shapes."""
    timing = finished.timing
    return {
        "route": started.route if started else None,
        "route_reason": started.route_reason if started else None,
        "answer_cached": started.answer_cached if started else False,
        "cached_tokens": finished.usage.cached_tokens,
        "image_tokens": finished.usage.image_tokens,
        "seed": started.seed if started else None,
        "pages": page_uses(started.pages if started else (), names),
        "timing": {
            "queue": timing.queue,
            "reading": timing.reading,
            "first_token": timing.first_token,
            "total": timing.total,
        },
        "warning": finished.warning or None,
    }


def page_uses(pages: Iterable[PageUse], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """What became of every page; `names` are file names by hash."""
    return [
        {
            "file": names.get(use.sha256) or None,
            "sha256": use.sha256,
            "page": use.page,
            "method": use.method.value if use.method else None,
            "words": use.words,
            "tokens": use.tokens,
            "width": use.width or None,
            "height": use.height or None,
            "reason": use.reason or None,
            "hidden_words": use.hidden,
        }
        for use in pages
    ]


def usage(counted: Usage) -> dict[str, Any]:
    """Tokens, in OpenAI's words."""
    return {
        "prompt_tokens": counted.prompt_tokens,
        "completion_tokens": counted.completion_tokens,
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counted.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": counted.reasoning_tokens},
    }


def _message(text: Text) -> dict[str, Any]:
    content = "".join(text.content)
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if text.calls:
        message["content"] = content or None
        message["tool_calls"] = [_call(call) for call in text.calls]
    reasoning = "".join(text.reasoning)
    if not reasoning or was_answer(content, reasoning):
        return message
    return {**message, **_reasoning(reasoning)}


def _reasoning(text: str) -> dict[str, str]:
    """Under both names: DeepSeek's, which most clients know, and the one that vLLM has now."""
    return {"reasoning_content": text, "reasoning": text}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _reason(reason: FinishReason) -> str:
    told = (FinishReason.LENGTH, FinishReason.TOOL_CALLS)
    return reason.value if reason in told else FinishReason.STOP.value


def logprob(token: TokenLogprob) -> dict[str, Any]:
    """A token's probability, and the likeliest ones at its place."""
    candidates = [
        {
            "token": candidate.token,
            "logprob": max(_LOWEST, candidate.logprob),
            "bytes": list(candidate.bytes),
        }
        for candidate in (token.chosen, *token.top)
    ]
    return {**candidates[0], "top_logprobs": candidates[1:]}
