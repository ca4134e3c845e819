"""What another server's refusals and silences mean to our callers.

Its own words go nowhere: servers quote what they were sent, and no log holds a word of a prompt.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import httpx

from backend.errors import (
    ContextLengthExceeded,
    DeadlineExceeded,
    Internal,
    InvalidRequest,
    QueueFull,
    RequestError,
    TooLarge,
    Unavailable,
)

RETRY_AFTER = 5  # seconds, where the server says nothing
AWAY = "The engine behind this service does not answer; try again soon."
BROKEN_OFF = "The engine behind this service broke off its answer; try again."
FAILED = "The engine behind this service failed while answering."

_LONGEST_WAIT = 600  # seconds
_TOO_LONG = re.compile(
    r"context[_ ](length|size|window)|max(imum)?[_ ]model[_ ]len|exceed\w* the (available )?context"
    r"|longer than the (model|maximum)",
    re.IGNORECASE,
)

log = logging.getLogger(__name__)


def refused(status: int, headers: Mapping[str, str], body: str) -> RequestError:
    """An answer that is no answer: its status, and what is to be told of it."""
    log.warning("the engine refused with status %d", status)
    return _meaning(status, _wait(headers.get("retry-after")), body)


def broke(error: Mapping[str, object]) -> RequestError:
    """An error that came in the middle of an answer."""
    code = error.get("code")
    is_name = isinstance(code, int) or (isinstance(code, str) and re.fullmatch(r"\w{1,40}", code))
    log.warning("the engine broke off with code %s", code if is_name else "none")
    if code == DeadlineExceeded.code:
        return DeadlineExceeded("The time allowed ran out before the answer was complete.")
    if isinstance(code, int) and 400 <= code < 600:
        return _meaning(code, RETRY_AFTER, str(error.get("message")))
    return Internal(FAILED)


def unreachable(error: httpx.HTTPError) -> RequestError:
    """A connection that was not made, or that ended before its answer."""
    log.warning("the engine cannot be reached: %s", type(error).__name__)
    has_begun = isinstance(error, (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout))
    return Unavailable(BROKEN_OFF if has_begun else AWAY, retry_after=RETRY_AFTER)


def _meaning(status: int, retry_after: int, said: str) -> RequestError:
    match status:
        case 429:
            return QueueFull(
                "The engine behind this service is busy; try again soon.", retry_after=retry_after
            )
        case 400 | 422 if _TOO_LONG.search(said):
            return ContextLengthExceeded(
                "Prompt and answer have more tokens than the engine behind this service takes.",
                param="messages",
            )
        case 400 | 422:
            return InvalidRequest("The engine behind this service does not take this request.")
        case 413:
            return TooLarge("The request is larger than the engine behind this service takes.")
        case 401 | 403:
            return Unavailable(
                "The engine behind this service refuses its key.", retry_after=retry_after
            )
        case 404:
            return Unavailable(
                "The engine behind this service has another model now.", retry_after=retry_after
            )
        case 408 | 502 | 503 | 504:
            return Unavailable(AWAY, retry_after=retry_after)
    return Internal(FAILED)


def _wait(told: str | None) -> int:
    """Seconds of a Retry-After; a date there is not read."""
    if told is None or not re.fullmatch(r"[0-9]{1,6}", told):
        return RETRY_AFTER
    return max(1, min(int(told), _LONGEST_WAIT))
