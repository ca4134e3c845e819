"""The backend: whether it is there, lets this service in, and has a model that answers."""

from __future__ import annotations

from typing import Protocol

from frontend.diagnosis.findings import Check, Finding, Grade
from frontend.messages import BackendError, BackendStatus, Phase


class Backend(Protocol):
    """What is asked of the client."""

    def status(self) -> BackendStatus: ...


def look(backend: Backend, address: str) -> tuple[Finding, BackendStatus | None]:
    """What was found, and what the backend said of itself if it serves."""
    try:
        status = backend.status()
    except BackendError as error:
        return _away(error, address), None
    if status.phase is Phase.FAILED:
        return _found(Grade.BAD, "failed", detail=status.detail), None
    if status.phase is Phase.DRAINING:
        return _found(Grade.BAD, "draining"), None
    model = status.model
    if status.phase is not Phase.READY or model is None:
        return _found(Grade.POOR, "starting", detail=status.detail), None
    return _found(Grade.GOOD, "good", model=model.name, device=model.device), status


def _away(error: BackendError, address: str) -> Finding:
    if error.kind == "unauthenticated":
        return _found(Grade.BAD, "token")
    if error.kind == "deadline":
        return _found(Grade.BAD, "silent", address=address)
    return _found(Grade.BAD, "away", address=address)


def _found(grade: Grade, name: str, **values: str) -> Finding:
    return Finding(Check.BACKEND, grade, f"backend_{name}", values)
