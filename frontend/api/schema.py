"""A chat request as the contract defines it: JSON in, checked values out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from frontend.api.conversation import Attachment, Said, conversation
from frontend.api.errors import invalid, missing, model_not_found, unsupported
from frontend.api.fields import Fields, check_bounds, wrong_type
from frontend.api.limits import (
    ANSWERS,
    LOGIT_BIASES,
    SCHEMA_CHARACTERS,
    STOP_CHARACTERS,
    STOPS,
    TOP_LOGPROBS,
)
from frontend.api.tools import Tools, tools
from frontend.messages import Sampling

INT32: Final = 2**31 - 1
INT64: Final = 2**63

# They would change the answer or reach into the server, so they are not ignored.
_UNKNOWN: Final = ("chat_template", "cache_salt")
_UNSUPPORTED: Final = (
    "prompt_embeds",
    "image_embeds",
    "structured_outputs",
    "logits_processors",
    "mm_processor_kwargs",
    "media_io_kwargs",
    "functions",
    "function_call",
    "audio",
    "moderation",
    "web_search_options",
)


# Reasoning tokens at most; None leaves it to the model, within the room that its answer keeps.
_EFFORTS: Final = {
    "none": 0,
    "minimal": 0,
    "low": 512,
    "medium": 2048,
    "high": None,
    "xhigh": None,
}


@dataclass(frozen=True)
class Thinking:
    """That the model may reason, and how much."""

    budget: int | None = None  # tokens


@dataclass(frozen=True)
class ChatRequest:
    """Everything that was asked for."""

    model: str
    messages: tuple[Said, ...]
    sampling: Sampling
    stream: bool
    include_usage: bool
    thinking: Thinking | None  # None: off
    use_answer_cache: bool
    json_schema: str | None
    json_object: bool
    tools: Tools

    @property
    def attachments(self) -> Iterator[Attachment]:
        """In the order they stand."""
        for said in self.messages:
            for piece in said.pieces:
                if isinstance(piece, Attachment):
                    yield piece

    @property
    def emptied(self) -> ChatRequest:
        """The same, without the bytes of its files."""
        return replace(self, messages=tuple(said.emptied for said in self.messages))


def chat_request(body: dict[str, Any]) -> ChatRequest:
    """Raises ApiError, which names the first field that is wrong."""
    fields = Fields(body)
    _refuse(fields)
    model = fields.text("model")
    if model is None:
        raise missing("model")
    if not model:
        raise model_not_found()
    messages = conversation(fields)
    sampling = _sampling(fields)
    stream = fields.flag("stream") or False
    json_schema, json_object = _response_format(fields)
    return ChatRequest(
        model=model,
        messages=messages,
        sampling=sampling,
        stream=stream,
        include_usage=_include_usage(fields, stream),
        thinking=_thinking(fields),
        use_answer_cache=fields.flag("use_answer_cache") is not False,
        json_schema=json_schema,
        json_object=json_object,
        tools=tools(fields),
    )


def _refuse(fields: Fields) -> None:
    for name, value in fields.values.items():
        if value is None:
            continue
        if name in _UNKNOWN:
            raise invalid(name, f"'{name}' is not accepted here.", "unknown_parameter")
        if name in _UNSUPPORTED:
            raise unsupported(name)
        if re.fullmatch(r"guided_[a-z_]{1,40}", name):
            raise unsupported(name, f"'{name}' is not supported; use response_format.")
    if fields.get("modalities") not in (None, [], ["text"]):
        raise unsupported("modalities", "Answers are text only.")


def _sampling(fields: Fields) -> Sampling:
    max_tokens = fields.integer("max_tokens", 1, INT32)
    max_completion_tokens = fields.integer("max_completion_tokens", 1, INT32)
    repetition_penalty = fields.number("repetition_penalty", 0, 2)
    if repetition_penalty == 0:
        raise invalid("repetition_penalty", "'repetition_penalty' must be over 0.")
    return Sampling(
        temperature=fields.number("temperature", 0, 2),
        top_p=fields.number("top_p", 0, 1),
        top_k=_top_k(fields),
        min_p=fields.number("min_p", 0, 1),
        repetition_penalty=repetition_penalty,
        presence_penalty=fields.number("presence_penalty", -2, 2),
        frequency_penalty=fields.number("frequency_penalty", -2, 2),
        seed=fields.integer("seed", -INT64, INT64 - 1),
        max_tokens=max_completion_tokens or max_tokens,
        min_tokens=fields.integer("min_tokens", 0, INT32),
        stop=_stop(fields),
        logit_bias=_logit_bias(fields),
        top_logprobs=_logprobs(fields),
        n=fields.integer("n", 1, ANSWERS),
    )


def _top_k(fields: Fields) -> int | None:
    """-1 is how other servers spell "all"."""
    value = fields.integer("top_k", -1, INT32)
    return 0 if value == -1 else value


def _stop(fields: Fields) -> tuple[str, ...]:
    sent = fields.get("stop")
    if sent is None:
        return ()
    stops = [sent] if isinstance(sent, str) else sent
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise wrong_type("stop", "a string or an array of strings")
    if len(stops) > STOPS:
        raise invalid("stop", f"'stop' may hold {STOPS} strings.", "array_above_max_length")
    if not all(1 <= len(stop) <= STOP_CHARACTERS for stop in stops):
        raise invalid("stop", f"Each of 'stop' must have 1 to {STOP_CHARACTERS} characters.")
    return tuple(stops)


def _logit_bias(fields: Fields) -> dict[int, float]:
    sent = fields.object("logit_bias")
    if sent is None:
        return {}
    if len(sent.values) > LOGIT_BIASES:
        raise invalid("logit_bias", f"'logit_bias' may hold {LOGIT_BIASES} entries.")
    biases = {}
    for token, bias in sent.values.items():
        if not re.fullmatch(r"[0-9]{1,9}", token):
            raise invalid("logit_bias", "The keys of 'logit_bias' must be token ids.")
        if isinstance(bias, bool) or not isinstance(bias, int | float):
            raise wrong_type("logit_bias", "an object of numbers")
        check_bounds("logit_bias", bias, -100, 100, "decimal")
        biases[int(token)] = float(bias)
    return biases


def _logprobs(fields: Fields) -> int | None:
    wanted = fields.flag("logprobs") or False
    count = fields.integer("top_logprobs", 0, TOP_LOGPROBS)
    if count is not None and not wanted:
        raise invalid("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.")
    return (count or 0) if wanted else None


def _include_usage(fields: Fields, stream: bool) -> bool:
    options = fields.object("stream_options")
    if options is None:
        return False
    if not stream:
        raise invalid("stream_options", "'stream_options' needs 'stream' to be true.")
    return options.flag("include_usage") or False


def _thinking(fields: Fields) -> Thinking | None:
    """The ways in which servers of this family are asked to think; off unless one is used.

    What names thinking itself counts for more than an effort.
    """
    effort = fields.choice("reasoning_effort", *_EFFORTS)
    wanted = effort is not None and _EFFORTS[effort] != 0
    budget = (_EFFORTS[effort] or None) if effort is not None else None
    options = fields.object("chat_template_kwargs")
    if options is not None:
        for name in options.values:
            if name not in ("enable_thinking", "thinking"):
                raise invalid(
                    "chat_template_kwargs",
                    "'chat_template_kwargs' may hold enable_thinking only.",
                    "unknown_parameter",
                )
        flags = [options.flag("enable_thinking"), options.flag("thinking")]
        wanted = any(flags) if flags != [None, None] else wanted
    mode = fields.object("thinking")
    if mode is not None:
        kind = mode.choice("type", "enabled", "disabled")
        wanted = kind == "enabled" if kind is not None else wanted
        budget = _first(mode.integer("budget_tokens", 0, INT32), budget)
    budget = _first(fields.integer("thinking_token_budget", 0, INT32), budget)
    return Thinking(budget) if wanted else None


def _first(given: int | None, otherwise: int | None) -> int | None:
    return otherwise if given is None else given


def _response_format(fields: Fields) -> tuple[str | None, bool]:
    form = fields.object("response_format")
    if form is None:
        return None, False
    kind = form.require("type")
    match kind:
        case "text":
            return None, False
        case "json_object":
            return None, True
        case "json_schema":
            return _json_schema(form), False
        case str():
            raise unsupported(
                form.at("type"), "'response_format.type' must be text, json_object or json_schema."
            )
        case _:
            raise wrong_type(form.at("type"), "a string")


def _json_schema(form: Fields) -> str:
    outer = form.object("json_schema")
    if outer is None:
        raise missing(form.at("json_schema"))
    name = outer.require("name")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise invalid(outer.at("name"), "A schema's name must be 1-64 of letters, digits, _ and -.")
    outer.flag("strict")
    schema = outer.object("schema")
    if schema is None:
        raise missing(outer.at("schema"))
    try:
        text = json.dumps(schema.values)
    except RecursionError:
        text = ""
    if not text or len(text) > SCHEMA_CHARACTERS:
        raise invalid(
            outer.at("schema"), f"A schema may have {SCHEMA_CHARACTERS:,} characters of JSON."
        )
    return text
