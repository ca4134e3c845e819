"""Signs of life for whoever watches over this process, in systemd's words (sd_notify).

The event loop gives them, so a process that stands still gives none. It gives one only after it
has looked whether the other threads get on; a step of the engine that does not come back ends the
process, and so does loading that has come to a standstill.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Final

from backend.activity import Activity
from backend.readiness import Phase, Readiness

BEAT_SECONDS: Final = 1.0
STANDSTILL_SECONDS: Final = 8.0  # in which whoever loads does nothing at all


class Notifier:
    """Writes to the socket that NOTIFY_SOCKET names; without one, nobody is told."""

    def __init__(self, address: str | None) -> None:
        """`address` is a path, or begins with @ (a name in Linux's abstract namespace)."""
        self._socket: socket.socket | None = None
        if address is None:
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):  # nobody listens any more: so nobody is told
            self._socket.connect("\0" + address[1:] if address.startswith("@") else address)

    def tell(self, *lines: str) -> None:
        """Sends `NAME=value` lines, or nothing if the watcher does not keep up."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.send("\n".join(lines).encode())

    def close(self) -> None:
        """Lets the socket go."""
        if self._socket is not None:
            self._socket.close()


class Loading:
    """Watches over the threads that load, for as long as they do."""

    def __init__(self, activity: Activity | None) -> None:
        """`activity` is that of all threads but this one. None: loading is no work of ours."""
        self._activity = activity
        self._alive_at = self._looked_at = time.monotonic()

    def stands_still(self, phase: Phase) -> bool:
        """Whether nobody has been at work for so long that nobody ever will be."""
        now = time.monotonic()
        was_away = now - self._looked_at > 3 * BEAT_SECONDS  # itself: who else was is not known
        self._looked_at = now
        if self._activity is None or phase not in (Phase.STARTING, Phase.LOADING):
            return False
        if was_away or self._activity.has_worked():
            self._alive_at = now
        return now - self._alive_at > STANDSTILL_SECONDS


async def beat(
    notifier: Notifier,
    readiness: Readiness,
    step_seconds: float,
    on_lost: Callable[[str], None],
    loading: Loading,
) -> None:
    """Tells every second that this process lives, and once that it is ready; runs until cancelled.

    `on_lost` hears, once, that a step of the engine has taken longer than `step_seconds`, or that
    loading has come to a standstill.
    """
    told_ready, told_lost = False, False
    while True:
        lines = ["WATCHDOG=1"]
        if readiness.phase is Phase.READY and not told_ready:
            told_ready = True
            lines.append("READY=1")
        notifier.tell(*lines)
        engine, why = readiness.engine, ""
        since = None if engine is None else engine.busy_since
        if since is not None and time.monotonic() - since > step_seconds:
            why = f"A step of the engine has not come back within {step_seconds:g} s."
        if loading.stands_still(readiness.phase):
            why = f"Loading has stood still for {STANDSTILL_SECONDS:g} s."
        if why and not told_lost:
            told_lost = True
            on_lost(why)
        await asyncio.sleep(BEAT_SECONDS)
