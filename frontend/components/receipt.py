"""The small line under an answer: how it came about."""

from __future__ import annotations

from frontend.history.records import Receipt
from frontend.i18n import Phrases

SHORTEST_DECODE = 0.05  # seconds; what took less was not decoded but said as a whole


def caption(receipt: Receipt, say: Phrases) -> str:
    """Route, pages, tokens, speed and why it ended, as one line."""
    return " · ".join(part for part in _parts(receipt, say) if part)


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
