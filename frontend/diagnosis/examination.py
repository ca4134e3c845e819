"""All checks, in the order in which a request meets what they look at."""

from __future__ import annotations

from typing import Protocol

from frontend.diagnosis import backend, memory, page, speed, upload
from frontend.diagnosis.findings import Finding
from frontend.diagnosis.place import Place
from frontend.messages import BackendError, Stats
from frontend.settings import Settings


class Backend(backend.Backend, upload.Backend, speed.Backend, Protocol):
    """What the checks ask of the client."""

    def stats(self) -> Stats: ...


def examine(client: Backend, settings: Settings, place: Place) -> tuple[Finding, ...]:
    """Findings of every check that can be made: without a backend there is nothing to ask it."""
    found = list(page.look(place))
    away, status = backend.look(client, settings.backend_address)
    found.append(away)
    if status is None:
        return tuple(found)
    try:
        stats = client.stats()
    except BackendError:
        return tuple(found)
    own_history = settings.database_url.startswith(f"sqlite:///{settings.data_dir}")
    found += upload.look(client, stats, status.limits, settings.data_dir, own_history=own_history)
    found += memory.look(stats)
    found += speed.look(client, status, stats)
    return tuple(found)
