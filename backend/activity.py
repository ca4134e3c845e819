"""Whether a process and its children are at work, as Linux counts it.

At work is who computes or waits for a processor, who reads or writes, and who waits for a disk. Who
does none of that waits for somebody else: for a lock that nobody lets go of, or to be continued.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# What is less is no sign: threads that only wait look around now and then, and where many want a
# processor, each of their looks waits for one.
_WINDOW: Final = 0.5  # seconds that are looked at together, at least
_LEAST_COMPUTED: Final = 0.25  # of the time that passed, by all together
_LEAST_WANTED: Final = 0.5  # of the time that passed, computing or waiting for a processor, by one
_LEAST_OF_CHILDREN: Final = 0.05  # seconds, computed by children that have ended
_LEAST_BYTES: Final = 64 << 10  # read or written in a second
_PROCESSES: Final = Path("/proc")
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")  # seconds


@dataclass(frozen=True)
class _Count:
    """What a thread has done so far."""

    computed: float  # seconds
    wanted: float  # seconds of computing or of waiting for a processor
    moved: int  # bytes
    waits_for_disk: bool


@dataclass(frozen=True)
class _Look:
    """What all threads had done at a moment."""

    at: float  # time.monotonic()
    threads: Mapping[str, _Count]
    of_ended_children: float  # seconds that they computed

    def is_sign(self, before: _Look) -> bool:
        """Whether work was done between the two."""
        passed = self.at - before.at
        computed, moved = 0.0, 0
        for thread, now in self.threads.items():
            then = before.threads.get(thread, _NOTHING)
            if now.waits_for_disk or now.wanted - then.wanted >= _LEAST_WANTED * passed:
                return True
            computed += now.computed - then.computed
            moved += now.moved - then.moved
        return (
            computed >= _LEAST_COMPUTED * passed
            or moved >= _LEAST_BYTES * passed
            or self.of_ended_children - before.of_ended_children >= _LEAST_OF_CHILDREN
        )


_NOTHING: Final = _Count(0.0, 0.0, 0, False)


class Activity:
    """Looks at a process again and again."""

    def __init__(self, process: int, *, besides_main: bool = False) -> None:
        """`besides_main`: the main thread does not count, only the others and all children."""
        self._process = process
        self._besides_main = besides_main
        self._before = self._look()

    @property
    def can_be_told(self) -> bool:
        """Whether this system counted at the first look; some that imitate Linux do not."""
        return self._before is not None

    def has_worked(self) -> bool:
        """Whether work was done since the last look; yes where that cannot be told.

        To be asked about once a second: sooner than `_WINDOW` after a look it says no and looks
        not.
        """
        before = self._before
        if before is not None and time.monotonic() - before.at < _WINDOW:
            return False
        now = self._look()
        if now is None or before is None:
            return True
        self._before = now
        return now.is_sign(before)

    def _look(self) -> _Look | None:
        """None if the process is gone, or this system does not count."""
        counts: dict[str, _Count] = {}
        try:
            of_ended = _of_ended_children(self._process)
            for thread in _threads(self._process):
                if not (self._besides_main and thread.name == str(self._process)):
                    counts |= _counted(thread)
        except OSError:
            return None
        for child in _descendants(self._process):
            try:
                for thread in _threads(child):
                    counts |= _counted(thread)
            except OSError:  # it has just ended
                continue
        return _Look(time.monotonic(), counts, of_ended)


def _threads(process: int) -> list[Path]:
    return list((_PROCESSES / str(process) / "task").iterdir())


def _descendants(process: int) -> Iterator[int]:
    """Children, theirs, and so on."""
    try:
        children = [(thread / "children").read_text().split() for thread in _threads(process)]
    except OSError:
        return
    for child in (int(one) for some in children for one in some):
        yield child
        yield from _descendants(child)


def _counted(thread: Path) -> dict[str, _Count]:
    """Of one thread, by its name; nothing of one that has just ended."""
    try:
        computed, waited, _ = (thread / "schedstat").read_text().split()
        state = _figures(thread)[0]
        lines = (thread / "io").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        if thread.exists():  # so it is the system that does not count
            raise
        return {}
    counts = {name: int(count) for name, _, count in (line.partition(": ") for line in lines)}
    moved = counts["rchar"] + counts["wchar"] + counts["read_bytes"] + counts["write_bytes"]
    wanted = (int(computed) + int(waited)) / 1e9
    return {thread.name: _Count(int(computed) / 1e9, wanted, moved, state == "D")}


def _of_ended_children(process: int) -> float:
    """Seconds that they computed, with their own children that they waited for."""
    return sum(map(int, _figures(_PROCESSES / str(process))[13:15])) * _TICK


def _figures(task: Path) -> list[str]:
    """What follows the name in `stat`, the state first. Raises OSError."""
    return (task / "stat").read_text().rpartition(")")[2].split()
