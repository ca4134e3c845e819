"""What servers of OpenAI's dialect call the things that OpenAI has no name for."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from backend.errors import InvalidRequest
from backend.prompt.prompt import Form, ResponseFormat, Sampling


class Dialect(Enum):
    """Whose server it is, by the `owned_by` of its models."""

    VLLM = "vllm"
    SGLANG = "sglang"
    LLAMA_CPP = "llamacpp"
    OURS = "glm-flash-web"
    PLAIN = ""  # whoever else: OpenAI's own fields alone

    @classmethod
    def of(cls, owned_by: object) -> Dialect:
        """That of a model's owner; an owner that is not known speaks plainly."""
        return next((dialect for dialect in cls if dialect.value == owned_by), cls.PLAIN)


def sampling(dialect: Dialect, given: Sampling) -> dict[str, Any]:
    """How tokens are chosen, in a dialect's words.

    Those beyond OpenAI's are told even where they change nothing, because servers have defaults of
    their own: llama.cpp keeps 40 tokens unless told to keep all.
    """
    fields: dict[str, Any] = {
        "temperature": given.temperature,
        "top_p": given.top_p,
        "presence_penalty": given.presence_penalty,
        "frequency_penalty": given.frequency_penalty,
        "seed": given.seed,
        "n": given.n,
    }
    if given.stop:
        fields["stop"] = list(given.stop)
    if given.logit_bias:
        fields["logit_bias"] = {str(token): bias for token, bias in given.logit_bias.items()}
    if given.top_logprobs is not None:
        fields |= {"logprobs": True, "top_logprobs": given.top_logprobs}
    if dialect is Dialect.PLAIN:
        return fields
    fields |= {"top_k": given.top_k or -1, "min_p": given.min_p}
    penalty = "repeat_penalty" if dialect is Dialect.LLAMA_CPP else "repetition_penalty"
    fields[penalty] = given.repetition_penalty
    if given.min_tokens and dialect is not Dialect.LLAMA_CPP:
        fields["min_tokens"] = given.min_tokens
    return fields


def form(dialect: Dialect, wanted: ResponseFormat) -> dict[str, Any]:
    """The form of an answer, in a dialect's words. Raises InvalidRequest where there are none."""
    match wanted.form:
        case Form.JSON:
            return {"response_format": {"type": "json_object"}}
        case Form.SCHEMA:
            schema = {"name": "answer", "strict": True, "schema": json.loads(wanted.definition)}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case Form.REGEX if dialect is Dialect.VLLM:  # the older name, and the one since 0.12
            expression = wanted.definition
            return {"guided_regex": expression, "structured_outputs": {"regex": expression}}
        case Form.REGEX if dialect is Dialect.SGLANG:
            return {"regex": wanted.definition}
    raise InvalidRequest(
        "The engine behind this service takes no such form.",
        param="response_format",
        code="unsupported_parameter",
    )
