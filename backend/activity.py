"""Whether a process and its children are at work, as Linux counts it.

At work is who computes or waits for a processor, who reads or writes, and who waits for a disk. Who
does none of that waits for somebody else: for a lock that nobody lets go of, or to be continued.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# What is less is no sign: threads that only wait look around now and then.
_LEAST_SECONDS: Final = 0.5  # of computing, or of waiting for a processor
_LEAST_BYTES: Final = 64 << 10  # read or written
_PROCESSES: Final = Path("/proc")
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")  # seconds


@dataclass(frozen=True)
class _Count:
    """What some threads have done so far."""

    seconds: float = 0.0
    moved: int = 0  # bytes
    waits_for_disk: bool = False

    def __add__(self, other: _Count) -> _Count:
        waits = self.waits_for_disk or other.waits_for_disk
        return _Count(self.seconds + other.seconds, self.moved + other.moved, waits)


class Activity:
    """Looks at a process again and again."""

    def __init__(self, process: int, *, besides_main: bool = False) -> None:
        """`besides_main`: the main thread does not count, only the others and all children."""
        self._process = process
        self._besides_main = besides_main
        self._before = self._count()

    @property
    def can_be_told(self) -> bool:
        """Whether this system counted at the first look; some that imitate Linux do not."""
        return self._before is not None

    def has_worked(self) -> bool:
        """Whether anything was done since it last has; yes where that cannot be told."""
        now, before = self._count(), self._before
        if now is None or before is None:
            return True
        is_sign = (
            now.waits_for_disk
            or now.seconds - before.seconds >= _LEAST_SECONDS
            or now.moved - before.moved >= _LEAST_BYTES
            or now.seconds < before.seconds  # somebody has ended
        )
        if is_sign:
            self._before = now
        return is_sign

    def _count(self) -> _Count | None:
        """None if the process is gone, or this system does not count."""
        try:
            total = _Count(seconds=_of_ended_children(self._process))
            for thread in _threads(self._process):
                if not (self._besides_main and thread.name == str(self._process)):
                    total += _counted(thread)
        except OSError:
            return None
        for child in _descendants(self._process):
            try:
                for thread in _threads(child):
                    total += _counted(thread)
            except OSError:  # it has just ended
                continue
        return total


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


def _counted(thread: Path) -> _Count:
    """Of one thread; nothing of one that has just ended."""
    try:
        computed, waited, _ = (thread / "schedstat").read_text().split()
        state = _figures(thread)[0]
        lines = (thread / "io").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        if thread.exists():  # so it is the system that does not count
            raise
        return _Count()
    counts = {name: int(count) for name, _, count in (line.partition(": ") for line in lines)}
    moved = counts["rchar"] + counts["wchar"] + counts["read_bytes"] + counts["write_bytes"]
    return _Count((int(computed) + int(waited)) / 1e9, moved, state == "D")


def _of_ended_children(process: int) -> float:
    """Seconds that they computed."""
    return sum(map(int, _figures(_PROCESSES / str(process))[13:15])) * _TICK


def _figures(task: Path) -> list[str]:
    """What follows the name in `stat`, the state first. Raises OSError."""
    return (task / "stat").read_text().rpartition(")")[2].split()
