"""Signs of life for whoever watches over this process, in systemd's words (sd_notify).

The event loop gives them, so a process that stands still gives none. It gives one only after it
has looked whether the engine's thread gets on; a step that does not come back ends the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Final

from backend.readiness import Phase, Readiness

BEAT_SECONDS: Final = 1.0


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


async def beat(
    notifier: Notifier,
    readiness: Readiness,
    step_seconds: float,
    on_lost: Callable[[str], None],
) -> None:
    """Tells every second that this process lives, and once that it is ready; runs until cancelled.

    `on_lost` hears, once, that a step of the engine has taken longer than `step_seconds`.
    """
    told_ready, told_lost = False, False
    while True:
        lines = ["WATCHDOG=1"]
        if readiness.phase is Phase.READY and not told_ready:
            told_ready = True
            lines.append("READY=1")
        notifier.tell(*lines)
        engine = readiness.engine
        since = None if engine is None else engine.busy_since
        if since is not None and time.monotonic() - since > step_seconds and not told_lost:
            told_lost = True
            on_lost(f"A step of the engine has not come back within {step_seconds:g} s.")
        await asyncio.sleep(BEAT_SECONDS)
