"""The backend's state as last heard, asked for in the background so that no page waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from frontend.messages import BackendError, BackendStatus, Limits, ModelCard, Phase, Stats

log = logging.getLogger(__name__)

FRESH = 1.0  # seconds for which an answer is good enough
FIRST_WAIT = 2.0  # seconds that the very first page waits


class Backend(Protocol):
    """What is asked."""

    def status(self) -> BackendStatus: ...

    def stats(self) -> Stats: ...


@dataclass(frozen=True)
class Beat:
    """What the backend said; without status, it did not answer."""

    status: BackendStatus | None = None
    ahead: int = 0  # requests that a new one would wait behind

    @property
    def serves(self) -> bool:
        """Whether it would take a question now."""
        return self.status is not None and self.status.phase is Phase.READY

    @property
    def stores(self) -> bool:
        """Whether it would take a file now."""
        return self.status is not None and self.status.phase is not Phase.DRAINING

    @property
    def face(self) -> tuple[object, ...]:
        """What a page must be drawn anew for."""
        status = self.status
        if status is None:
            return ("away",)
        return (status.phase, status.model.id if status.model else "")


class Pulse:
    """Asks when somebody looks, never more often than is useful."""

    def __init__(self, backend: Backend, when_online: Callable[[], None] = lambda: None) -> None:
        self._backend = backend
        self._when_online = when_online
        self._beat = Beat()
        self._card: ModelCard | None = None
        self._limits: Limits | None = None
        self._asked_at = 0.0
        self._lock = threading.Lock()
        self._first = threading.Event()

    def now(self) -> Beat:
        """The latest beat; asks again in the background if it is stale."""
        with self._lock:
            stale = time.monotonic() - self._asked_at > FRESH
            if stale:
                self._asked_at = float("inf")  # one asks at a time
        if stale:
            threading.Thread(target=self._ask, name="pulse", daemon=True).start()
        self._first.wait(FIRST_WAIT)
        return self._beat

    @property
    def card(self) -> ModelCard | None:
        """The model that is loaded, or was when it was last heard of."""
        return self._card

    @property
    def limits(self) -> Limits | None:
        """What the backend holds requests to, or did when it was last heard of."""
        return self._limits

    def _ask(self) -> None:
        try:
            self._beat = self._listen()
            status = self._beat.status
            if status is not None:
                self._card = status.model or self._card
                self._limits = status.limits
            self._first.set()
            if status is not None:
                self._when_online()
        except Exception:
            log.exception("asking for the backend's state broke")
        finally:
            self._first.set()
            with self._lock:
                self._asked_at = time.monotonic()

    def _listen(self) -> Beat:
        try:
            status = self._backend.status()
            stats = self._backend.stats() if status.phase is Phase.READY else None
        except BackendError:
            return Beat()
        return Beat(status, 0 if stats is None else stats.queued)
