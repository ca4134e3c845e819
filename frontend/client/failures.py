"""Turns a failed call into a `BackendError` whose sentence may be shown to anyone.

The backend's own refusals carry their code and kind in trailing metadata and a sentence written
for callers. Everything else (the library's, the network's) is told by its status alone.
"""

from __future__ import annotations

from typing import Any, Final

import grpc
import grpc.aio

from frontend.messages import BackendError

_KINDS: Final[dict[grpc.StatusCode, str]] = {
    grpc.StatusCode.INVALID_ARGUMENT: "bad_input",
    grpc.StatusCode.OUT_OF_RANGE: "bad_input",
    grpc.StatusCode.FAILED_PRECONDITION: "bad_input",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "too_large",
    grpc.StatusCode.UNAUTHENTICATED: "unauthenticated",
    grpc.StatusCode.PERMISSION_DENIED: "unauthenticated",
    grpc.StatusCode.NOT_FOUND: "not_found",
    grpc.StatusCode.ALREADY_EXISTS: "already_exists",
    grpc.StatusCode.UNAVAILABLE: "unavailable",
    grpc.StatusCode.CANCELLED: "unavailable",
    grpc.StatusCode.ABORTED: "unavailable",
    grpc.StatusCode.DEADLINE_EXCEEDED: "deadline",
    grpc.StatusCode.UNIMPLEMENTED: "not_implemented",
}

_SENTENCES: Final[dict[str, str]] = {
    "bad_input": "The backend did not accept the request.",
    "too_large": "The request is larger than the backend accepts.",
    "unauthenticated": "The backend did not accept this service's token.",
    "not_found": "The backend does not know what was asked for.",
    "already_exists": "A request with this id is already running.",
    "queue_full": "The backend is busy; try again soon.",
    "unavailable": "The backend cannot be reached at the moment; try again soon.",
    "deadline": "The time allowed for this request ran out.",
    "not_implemented": "This backend cannot do that yet.",
    "internal": "Something went wrong inside the backend.",
}


def failure(error: grpc.RpcError) -> BackendError:
    """What to raise instead of `error`."""
    call: Any = error  # every error of a call is also the call it ended
    status = call.code() if hasattr(call, "code") else grpc.StatusCode.UNKNOWN
    trailing = call.trailing_metadata() if hasattr(call, "trailing_metadata") else None
    told = {key: _text(value) for key, value in trailing or ()}
    # A blocking call would have to wait for it, and might do so for long.
    leading = error.initial_metadata() if isinstance(error, grpc.aio.AioRpcError) else None
    was_accepted = any(key == "accepted" for key, _ in leading or ())
    kind = told.get("error-kind", "")
    if kind in _SENTENCES and "error-code" in told:
        return BackendError(
            kind,
            call.details() or _SENTENCES[kind],
            code=told["error-code"],
            param=told.get("error-param"),
            retry_after=_seconds(told.get("retry-after")),
            was_accepted=was_accepted,
        )
    kind = _KINDS.get(status, "internal")
    return BackendError(
        kind,
        _SENTENCES[kind],
        retry_after=1 if kind == "unavailable" else None,
        was_accepted=was_accepted,
    )


def unexpected() -> BackendError:
    """For answers that break the contract."""
    return BackendError("internal", _SENTENCES["internal"])


def closed() -> BackendError:
    """For calls after `close`."""
    return BackendError("unavailable", _SENTENCES["unavailable"], retry_after=1)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _seconds(text: str | None) -> int | None:
    """Seconds to wait; the backend may send a fraction."""
    try:
        return None if text is None else max(1, round(float(text)))
    except (ValueError, OverflowError):
        return None
