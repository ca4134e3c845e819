"""Answers in the shapes of OpenAI's responses: one object, or the events that build it up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from frontend.api.answers import about, logprob, to_json
from frontend.api.errors import ApiError
from frontend.messages import (
    Delta,
    Finished,
    FinishReason,
    Started,
    TokenLogprob,
    ToolCall,
    Usage,
    was_answer,
)

# What of the request is said again in the answer, and what it is where nothing was sent.
_ECHOED: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "user": None,
}


class ResponseWriter:
    """What every part of one answer repeats, and how its parts are spelt."""

    def __init__(
        self,
        request_id: str,
        created: int,
        body: Mapping[str, Any],
        *,
        with_logprobs: bool,
        names: Mapping[str, str],
    ) -> None:
        self._id = request_id
        self._created = created
        self._echo = {
            name: body[name] if body.get(name) is not None else default
            for name, default in _ECHOED.items()
        }
        self._with_logprobs = with_logprobs
        self._names = names
        self._started: Started | None = None
        self._model = ""
        self._output: list[dict[str, Any]] = []  # items as far as they are written
        self._number = 0  # of the next event

    def start(self, started: Started) -> None:
        """Takes in what the prompt became."""
        self._started = started
        self._model = started.model

    # A whole answer

    def add(self, delta: Delta) -> None:
        """Takes in new text."""
        for _ in self._grow(delta):
            pass

    def completion(self, finished: Finished) -> bytes:
        """The whole answer."""
        for _ in self._close():
            pass
        thought = [item for item in self._output if item["type"] == "reasoning"]
        said = "".join(map(_text, (item for item in self._output if item["type"] == "message")))
        if was_answer(said, "".join(map(_text, thought))):  # it was told again, as the answer
            self._output = [item for item in self._output if item["type"] != "reasoning"]
        return to_json(self._whole(finished))

    # A stream

    def opening(self) -> bytes:
        """That it has begun."""
        begun = self._response("in_progress", None)
        return b"".join(
            self._event(f"response.{name}", response=begun) for name in ("created", "in_progress")
        )

    def chunk(self, delta: Delta) -> bytes:
        """New text; nothing if there is none."""
        return b"".join(self._grow(delta))

    def closing(self, finished: Finished) -> Iterator[bytes]:
        """The end of what was being said, and the whole of it."""
        yield from self._close()
        whole = self._whole(finished)
        yield self._event(f"response.{whole['status']}", response=whole)

    def broken(self, failure: ApiError) -> bytes:
        """The error, once as an event of its own and once as how the response ended."""
        told = {"code": failure.code, "message": failure.message, "param": failure.param}
        ended = self._response("failed", None)
        ended["error"] = {"code": "server_error", "message": failure.message}
        return self._event("error", **told) + self._event("response.failed", response=ended)

    # Items

    def _grow(self, delta: Delta) -> Iterator[bytes]:
        if delta.reasoning:
            yield from self._say("reasoning", delta.reasoning, ())
        if delta.text or (self._with_logprobs and delta.logprobs):
            yield from self._say("message", delta.text, delta.logprobs)
        for call in delta.calls:
            yield from self._close()
            yield from self._call(call)

    def _say(self, kind: str, text: str, logprobs: Iterable[TokenLogprob]) -> Iterator[bytes]:
        if not self._output or self._output[-1]["type"] != kind or _is_done(self._output[-1]):
            yield from self._close()
            yield from self._open(kind)
        part = self._output[-1]["content"][0]
        part["text"] += text
        told = [logprob(token) for token in logprobs] if self._with_logprobs else []
        more: dict[str, Any] = {}
        if kind == "message":
            part["logprobs"] += told
            more = {"logprobs": told}
        name = f"response.{part['type']}.delta"
        yield self._event(name, **self._where(), content_index=0, delta=text, **more)

    def _open(self, kind: str) -> Iterator[bytes]:
        part: dict[str, Any] = {"type": "reasoning_text", "text": ""}
        item: dict[str, Any] = {"id": self._name("rs"), "type": kind, "status": "in_progress"}
        if kind == "message":
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            item |= {"id": self._name("msg"), "role": "assistant"}
        else:
            item["summary"] = []
        item["content"] = []
        self._output.append(item)
        yield self._event("response.output_item.added", output_index=self._place, item=item)
        item["content"] = [part]
        yield self._event(
            "response.content_part.added", **self._where(), content_index=0, part=part
        )

    def _close(self) -> Iterator[bytes]:
        """Ends the item that is being written, if one is."""
        if not self._output or _is_done(self._output[-1]):
            return
        item = self._output[-1]
        item["status"] = "completed"
        part, where = item["content"][0], self._where()
        more = {"logprobs": part["logprobs"]} if item["type"] == "message" else {}
        yield self._event(
            f"response.{part['type']}.done", **where, content_index=0, text=part["text"], **more
        )
        yield self._event("response.content_part.done", **where, content_index=0, part=part)
        yield self._event("response.output_item.done", output_index=self._place, item=item)

    def _call(self, call: ToolCall) -> Iterator[bytes]:
        item = {
            "id": self._name("fc"),
            "type": "function_call",
            "status": "completed",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }
        begun = item | {"status": "in_progress", "arguments": ""}
        self._output.append(item)
        where, arguments = self._where(), call.arguments
        event = "response.function_call_arguments"
        yield self._event("response.output_item.added", output_index=self._place, item=begun)
        yield self._event(f"{event}.delta", **where, delta=arguments)
        yield self._event(f"{event}.done", **where, name=call.name, arguments=arguments)
        yield self._event("response.output_item.done", output_index=self._place, item=item)

    # What is repeated

    @property
    def _place(self) -> int:
        return len(self._output) - 1

    def _where(self) -> dict[str, Any]:
        return {"item_id": self._output[-1]["id"], "output_index": self._place}

    def _name(self, kind: str) -> str:
        return f"{kind}_{self._id}-{len(self._output)}"

    def _event(self, kind: str, **more: object) -> bytes:
        content = to_json({"type": kind, "sequence_number": self._number, **more})
        self._number += 1
        return f"event: {kind}\ndata: ".encode() + content + b"\n\n"

    def _whole(self, finished: Finished) -> dict[str, Any]:
        is_cut = FinishReason.LENGTH in finished.reasons
        whole = self._response("incomplete" if is_cut else "completed", finished.usage)
        if is_cut:
            whole["incomplete_details"] = {"reason": "max_output_tokens"}
            if self._output and self._output[-1]["type"] != "function_call":
                self._output[-1]["status"] = "incomplete"
        return {**whole, "glm_flash": about(self._started, finished, self._names)}

    def _response(self, status: str, usage: Usage | None) -> dict[str, Any]:
        return {
            "id": f"resp_{self._id}",
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": self._model,
            "output": self._output,
            "previous_response_id": None,
            "store": False,
            "truncation": "disabled",
            **self._echo,
            "usage": None if usage is None else _usage(usage),
        }


def _is_done(item: Mapping[str, Any]) -> bool:
    return bool(item["status"] != "in_progress")


def _text(item: Mapping[str, Any]) -> str:
    return "".join(part["text"] for part in item["content"])


def _usage(counted: Usage) -> dict[str, Any]:
    return {
        "input_tokens": counted.prompt_tokens,
        "input_tokens_details": {"cached_tokens": counted.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": counted.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning_tokens},
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
    }
