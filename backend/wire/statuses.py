"""Errors onto the wire: a status, a sentence for anyone, and the machine's words in metadata."""

from __future__ import annotations

from collections.abc import Mapping

import grpc

from backend.errors import Kind, RequestError

_CODES: Mapping[Kind, grpc.StatusCode] = {
    Kind.BAD_INPUT: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.ALREADY_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Kind.QUEUE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Kind.DEADLINE: grpc.StatusCode.DEADLINE_EXCEEDED,
    Kind.INTERNAL: grpc.StatusCode.INTERNAL,
}


def code(error: RequestError) -> grpc.StatusCode:
    """The status an error ends a call with."""
    return _CODES[error.kind]


def trailers(error: RequestError) -> tuple[tuple[str, str], ...]:
    """The error's machine-readable half, as trailing metadata."""
    found = [("error-code", error.code), ("error-kind", error.kind.value)]
    if error.param is not None:
        found.append(("error-param", error.param))
    if error.retry_after is not None:
        found.append(("retry-after", str(error.retry_after)))
    return tuple(found)
