"""What travels between the gateway and the replicas: calls, refusals, files to be taken in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Call:
    """One call of the contract on its way to a replica, its message still serialised."""

    method: str  # such as "/inference.v1.Inference/Generate"
    message: bytes
    owner: str
    request_id: str = ""  # of the log; see the contract's x-request-id
    files: tuple[str, ...] = ()  # SHA-256 of the owner's files that the replica needs first
    subject: str = ""  # what it is about; calls about the same go to the same replica
    name: str = ""  # of a generation: a second one of the same name goes where the first went
    to: str = ""  # the only replica that can answer; empty: any
    words: str = ""  # the same for the same words and files; empty: nobody dies over it
    avoid: frozenset[str] = field(default_factory=frozenset)  # replicas that were just lost


@dataclass(frozen=True)
class Refusal:
    """A call's end in an error, as its client shall see it."""

    status: str  # the name of a grpc.StatusCode
    message: str
    trailers: tuple[tuple[str, str], ...] = ()
    lost: str = ""  # the replica whose backend went away over it; empty: the backend itself said so
    died: str = ""  # what died while it was at this, by a name of its own; empty: nothing did


@dataclass(frozen=True)
class Reply:
    """What one replica answers to a question that all are asked."""

    replica: str
    message: bytes


Metadata = tuple[tuple[str, str], ...]


def metadata(owner: str, request_id: str) -> Metadata:
    """What a replica's own backend is told about the caller."""
    named = (("x-request-id", request_id),) if request_id else ()
    return (("x-owner", owner), *named)
