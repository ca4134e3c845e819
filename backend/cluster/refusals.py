"""Errors on their way from a replica's backend, or from Ray, to the client."""

from __future__ import annotations

from dataclasses import replace

import grpc

from backend.cluster.calls import Refusal
from backend.errors import Internal, QueueFull, RequestError, Unavailable
from backend.wire import statuses


def refusal(error: RequestError) -> Refusal:
    """One of our own errors, as it would end a call to a single backend."""
    return Refusal(statuses.code(error).name, error.message, statuses.trailers(error))


GONE = refusal(Unavailable("The replica that was answering is gone; ask again.", retry_after=1))
NONE_READY = refusal(Unavailable("No replica is ready yet.", retry_after=2))
SILENT = refusal(Unavailable("A replica does not answer just now; ask again.", retry_after=2))
FULL = refusal(QueueFull("Too many requests are waiting; try again shortly.", retry_after=2))
BROKEN = refusal(Internal("Something went wrong here; the cluster's log says what."))


def from_backend(error: grpc.aio.AioRpcError, replica: str) -> Refusal:
    """What a replica's backend ended a call with; if it went away, the call may go elsewhere."""
    trailers = tuple(
        (key, value) for key, value in error.trailing_metadata() or () if isinstance(value, str)
    )
    told = dict(trailers).get("error-code")
    is_gone = error.code() is grpc.StatusCode.UNAVAILABLE
    if is_gone and told is None:
        return replace(GONE, lost=replica, died=replica)
    lost = replica if is_gone and told == "backend_unavailable" else ""
    return Refusal(error.code().name, error.details() or "", trailers, lost)
