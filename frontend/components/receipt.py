"""How an answer came about: a small line under it, which opens to tell everything."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from frontend.history.records import Receipt
from frontend.i18n import Phrases

SHORTEST_DECODE: Final = 0.05  # seconds; what took less was not decoded but said as a whole


def caption(receipt: Receipt, say: Phrases) -> str:
    """Route, pages, tokens, speed and why it ended, as one line."""
    return " · ".join(part for part in _parts(receipt, say) if part)


def details(receipt: Receipt, parameters: Mapping[str, Any] | None, say: Phrases) -> str:
    """The line as HTML that opens to `facts`; `parameters` are what was asked with, if known."""
    told = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in facts(receipt, parameters, say)
    )
    return (
        f'<details class="receipt"><summary>{escape(caption(receipt, say))}</summary>'
        f"<dl>{told}</dl></details>"
    )


def facts(
    receipt: Receipt, parameters: Mapping[str, Any] | None, say: Phrases
) -> list[tuple[str, str]]:
    """Everything that is known, each with its name; what is not known is left out."""
    told = [
        (say("receipt.why"), receipt.route_reason),
        (say("receipt.model"), receipt.model),
        (say("receipt.seed"), str(receipt.seed) if receipt.model else ""),
        (say("receipt.prompt"), _prompt(receipt, say)),
        (say("receipt.answer"), _answer(receipt, say)),
        (say("receipt.times"), _times(receipt, say)),
        (say("receipt.asked_with"), _asked_with(parameters or {}, say)),
    ]
    return [(name, value) for name, value in told if value]


def _prompt(receipt: Receipt, say: Phrases) -> str:
    said = [say("receipt.prompt_of", n=receipt.prompt_tokens, cached=receipt.cached_tokens)]
    if receipt.image_tokens:
        said.append(say("receipt.of_images", n=receipt.image_tokens))
    return say("list.separator").join(said) if receipt.prompt_tokens else ""


def _answer(receipt: Receipt, say: Phrases) -> str:
    said = [say("receipt.answer_of", n=receipt.completion_tokens)]
    if receipt.reasoning_tokens:
        said.append(say("receipt.of_reasoning", n=receipt.reasoning_tokens))
    return say("list.separator").join(said)


def _times(receipt: Receipt, say: Phrases) -> str:
    if not receipt.total_seconds:
        return ""
    return say("list.separator").join(
        (
            say("receipt.time_queue", seconds=receipt.queue_seconds),
            say("receipt.time_reading", seconds=receipt.reading_seconds),
            say("receipt.first_token", seconds=receipt.first_token_seconds),
            say("receipt.time_total", seconds=receipt.total_seconds),
        )
    )


def _asked_with(parameters: Mapping[str, Any], say: Phrases) -> str:
    """The settings by the names that the panel has for them."""
    names = {
        "temperature": say("parameters.temperature"),
        "top_p": say("parameters.top_p"),
        "top_k": say("parameters.top_k"),
        "repetition_penalty": say("parameters.repetition_penalty"),
        "max_tokens": say("parameters.max_tokens"),
    }
    told = [f"{said} {parameters[name]}" for name, said in names.items() if name in parameters]
    if parameters.get("thinking"):
        told.append(say("parameters.thinking"))
    if parameters.get("system_prompt"):
        told.append(f"{say('parameters.system_prompt')}: {parameters['system_prompt']}")
    return " · ".join(told)


def pages(receipt: Receipt, say: Phrases) -> str:
    """What was read, and how."""
    if not receipt.pages:
        return ""
    methods = say("list.separator").join(
        say(f"method.{name}", n=count) for name, count in (receipt.methods or {}).items() if count
    )
    if receipt.pages_used < receipt.pages:
        counted = say("receipt.pages_some", n=receipt.pages, used=receipt.pages_used)
    else:
        counted = say("receipt.pages", n=receipt.pages)
    return say("receipt.pages_by", pages=counted, methods=methods) if methods else counted


def _parts(receipt: Receipt, say: Phrases) -> list[str]:
    speed = _tokens_per_second(receipt)
    return [
        say(f"route.{receipt.route}") if receipt.route else "",
        pages(receipt, say),
        say("receipt.hidden", n=receipt.hidden) if receipt.hidden else "",
        say("receipt.tokens", prompt=receipt.prompt_tokens, completion=receipt.completion_tokens),
        _cached(receipt, say),
        say("receipt.speed", speed=speed) if speed else "",
        say("receipt.first_token", seconds=receipt.first_token_seconds)
        if receipt.first_token_seconds and not receipt.answer_cached
        else "",
        say(f"reason.{receipt.reason}") if receipt.reason else "",
    ]


def _cached(receipt: Receipt, say: Phrases) -> str:
    """What did not have to be computed."""
    if receipt.answer_cached:
        return say("receipt.answer_cached")
    return say("receipt.cached", n=receipt.cached_tokens) if receipt.cached_tokens else ""


def _tokens_per_second(receipt: Receipt) -> float | None:
    """Of the decode: the first token's wait is told apart. None where nothing was decoded."""
    seconds = receipt.total_seconds - receipt.first_token_seconds
    if receipt.completion_tokens < 2 or seconds < SHORTEST_DECODE or receipt.answer_cached:
        return None
    return (receipt.completion_tokens - 1) / seconds
