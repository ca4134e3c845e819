"""Stopping work from another thread: a flag, and what has to be told when it is raised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Halted(Exception):
    """The work was stopped before it was done."""


class Halt:
    """Raised once, by anyone; never lowered."""

    def __init__(self) -> None:
        self._raised = threading.Event()
        self._lock = threading.Lock()
        self._actions: list[Callable[[], None]] = []

    @property
    def is_raised(self) -> bool:
        """Whether the work is to stop."""
        return self._raised.is_set()

    def stop(self) -> None:
        """Raises the flag and ends what is being waited for."""
        with self._lock:
            self._raised.set()
            actions = list(self._actions)
        for action in actions:
            action()

    def check(self) -> None:
        """Raises Halted if the work is to stop."""
        if self.is_raised:
            raise Halted

    def wait(self, seconds: float) -> None:
        """Waits, but not longer than until the flag is raised; then raises Halted."""
        self._raised.wait(seconds)
        self.check()

    @contextmanager
    def ending(self, action: Callable[[], None]) -> Iterator[None]:
        """While inside, `action` runs when the flag is raised. Raises Halted if it was before."""
        with self._lock:
            self.check()
            self._actions.append(action)
        try:
            yield
        finally:
            with self._lock:
                self._actions.remove(action)
