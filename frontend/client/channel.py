"""How calls to the backend are made: channel options, deadlines and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Final

import grpc

PING_SECONDS: Final = 4.0  # between two looks whether the backend is still there

_OPTIONS: Final[list[tuple[str, int]]] = [
    # gRPC would itself repeat a call that a server which goes away has not looked at. About one
    # in a thousand of those, blocking ones, then never ended, not even at its deadline.
    ("grpc.enable_retries", 0),
    # The short back-off lets a restarted backend be found again at once.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # In spite of its name this is how long connecting may take, greetings included.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_receive_message_length", 32 << 20),  # a rendered page is one message
    ("grpc.max_send_message_length", 32 << 20),  # the backend decides what it accepts
]

QUICK_SECONDS: Final = 5.0  # calls that only look something up
WORK_SECONDS: Final = 60.0  # calls that may render, read or store
ANSWER_SECONDS: Final = 3600.0  # a long document read by a small machine
CHUNK_BYTES: Final = 256 << 10  # of an upload; the contract allows 1 MiB

Metadata = tuple[tuple[str, str], ...]

# What names the trace that calls belong to, where one is told.
trace_headers: ContextVar[Mapping[str, str]] = ContextVar("trace_headers", default={})  # noqa: B039


def options(ping_seconds: float = PING_SECONDS) -> list[tuple[str, int]]:
    """Of a channel to the backend, which must allow pings that often; 0: none are sent.

    A frozen backend is noticed in `ping_seconds` and five more. A shorter timeout gave up
    backends on machines that only stood still for a moment.
    """
    if not ping_seconds:
        return _OPTIONS
    return [
        ("grpc.keepalive_time_ms", int(1000 * ping_seconds)),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.http2.ping_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        *_OPTIONS,
    ]


def credentials(ca: Path) -> grpc.ChannelCredentials:
    """For a backend that shows a certificate signed by one of these."""
    return grpc.ssl_channel_credentials(ca.read_bytes())


def metadata(token: str | None, owner: str | None = None, request_id: str = "") -> Metadata:
    """Who calls, for whom, and under which name it is logged."""
    pairs: list[tuple[str, str]] = []
    if token:
        pairs.append(("authorization", f"Bearer {token}"))
    if owner is not None:
        pairs.append(("x-owner", owner))
    if request_id:
        pairs.append(("x-request-id", request_id))
    pairs.extend(trace_headers.get().items())
    return tuple(pairs)
