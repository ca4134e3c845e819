"""Requests that were being computed each time this backend died, and are not tried a third time.

A request has a mark, an empty file, for as long as it is computed; a mark that the next start finds
tells of a death. Who was at work is known, not who was to blame: a neighbour is suspected as well.
So suspicion ends with the first answer, and with time. Safe to use from several threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from backend.deaths import Deaths
from backend.prompt.prompt import Prompt

_AT_WORK: Final = ".computing"
_DIED: Final = ".died"  # holds how often; its time is that of the last death


class Quarantine:
    """The suspects, kept in a folder of which no other process that lives knows."""

    def __init__(self, folder: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """Counts the deaths that marks tell of. Without a folder nobody is ever suspected."""
        self._folder = folder
        self._lock = threading.Lock()
        self._working: Counter[str] = Counter()
        self._clock = clock
        self._deaths = Deaths(clock)
        if folder is not None:
            with contextlib.suppress(OSError):  # a full disk is no reason not to serve
                folder.mkdir(exist_ok=True)
                self._look_back(folder)

    def check(self, prompt: Prompt) -> None:
        """Raises Quarantined for what has brought the backend down too often."""
        if not self._deaths:  # as always; nothing needs a name then
            return
        with self._lock:
            self._deaths.check(_name(prompt))

    def suspect(self, prompt: Prompt) -> Suspect:
        """What is told how a request fares."""
        return Suspect(self, prompt)

    def begin(self, name: str) -> None:
        """Marks a request: it is being computed from now on, once more if it was already."""
        with self._lock:
            self._working[name] += 1
            if self._working[name] == 1 and self._folder is not None:
                with contextlib.suppress(OSError):
                    (self._folder / (name + _AT_WORK)).touch()

    def end(self, name: str) -> None:
        """The opposite of `begin`."""
        with self._lock:
            self._working[name] -= 1
            if self._working[name]:
                return
            del self._working[name]
            self._remove(name + _AT_WORK)

    def absolve(self, name: str) -> None:
        """It was answered."""
        with self._lock:
            if self._deaths.absolve(name):
                self._remove(name + _DIED)

    def _look_back(self, folder: Path) -> None:
        for kept in list(folder.glob(f"*{_DIED}")):
            latest = kept.stat().st_mtime
            if self._deaths.is_recent(latest):
                said = kept.read_bytes()
                self._deaths.recall(kept.stem, int(said) if said.isdigit() else 1, latest)
            else:
                kept.unlink()
        for mark in list(folder.glob(f"*{_AT_WORK}")):
            kept = folder / (mark.stem + _DIED)
            kept.write_text(str(self._deaths.count(mark.stem)))
            os.utime(kept, (self._clock(),) * 2)
            mark.unlink()

    def _remove(self, filename: str) -> None:
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / filename).unlink()


class Suspect:
    """One request; every method returns at once."""

    def __init__(self, quarantine: Quarantine, prompt: Prompt) -> None:
        self._quarantine = quarantine
        self._prompt = prompt
        self._is_computed = False

    def begin(self) -> None:
        """It is being computed from now on."""
        self._is_computed = True
        self._quarantine.begin(self._name)

    def end(self, *, answered: bool) -> None:
        """It is not, or never was; whether it came to an answer."""
        if self._is_computed:
            self._quarantine.end(self._name)
        if answered:
            self._quarantine.absolve(self._name)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """For a piece of work that may go wrong as computing may."""
        self._quarantine.begin(self._name)
        try:
            yield
        finally:
            self._quarantine.end(self._name)

    @cached_property
    def _name(self) -> str:
        return _name(self._prompt)  # not before a thread needs it: the event loop should not wait


def _name(prompt: Prompt) -> str:
    """The same for the same words and files of an owner, however they are to be answered."""
    asked = (prompt.owner, prompt.messages, prompt.response_format, prompt.calling)
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).hexdigest()
