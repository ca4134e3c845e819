"""The backend's figures of the last half hour, heard by one thread for every tab that looks."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Final, Protocol

from frontend.messages import BackendError, Stats
from frontend.monitor.samples import Sample

log = logging.getLogger(__name__)

EVERY: Final = 2.0  # seconds between two samples
KEPT: Final = 900  # samples: half an hour


class Backend(Protocol):
    """What is asked of the client."""

    def watch(self, every: float) -> Iterator[Stats]: ...


class Watch:
    """A ring of samples. While the backend is away they say so: a gap is no flat line."""

    def __init__(self, backend: Backend, *, every: float = EVERY, kept: int = KEPT) -> None:
        self._backend = backend
        self._every = every
        self._ring: deque[Sample] = deque(maxlen=kept)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)

    def start(self) -> None:
        """Begins to listen, once."""
        self._thread.start()

    def close(self) -> None:
        """Ends with the next sample; waits for nothing."""
        self._closing.set()

    def samples(self) -> tuple[Sample, ...]:
        """What is kept, the oldest first."""
        return tuple(self._ring)

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                for stats in self._backend.watch(self._every):
                    self._ring.append(Sample(time.time(), stats))
                    if self._closing.is_set():
                        return
            except BackendError:
                pass  # it is away, which the sample below says
            except Exception:
                log.exception("listening to the backend's figures broke")
            self._ring.append(Sample(time.time(), None))
            self._closing.wait(self._every)
