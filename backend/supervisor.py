"""Starts the backend, watches over it, and starts it again when it has ended or hangs.

`python -m backend.supervisor` takes the arguments of `python -m backend`. A backend that ends, or
gives no sign of life, is replaced with all its workers, after a pause that grows as long as none
becomes ready. While it loads, work is a sign of life as well. Two ends are final: the one that was
asked for, and the refusal of an environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

import structlog

from backend.activity import Activity

REFUSED: Final = 2  # the exit status of a backend that cannot serve its environment
LONGEST_PAUSE: Final = 30.0  # seconds between two starts
_KILLED_AFTER: Final = 9.0  # seconds after SIGTERM; the backend's own grace is shorter
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: Linux's struct ucred

log = structlog.get_logger(__name__)

StandIn = Callable[[str, float], AbstractAsyncContextManager[object]]


@dataclass(frozen=True)
class Patience:
    """Times in seconds: the first three without a sign of life, after which a backend hangs.

    Importing and loading can keep its event loop from turning, so work is a sign then as well.
    """

    silent: float = 8.0  # if it is ready, or does not work either
    working: float = 600.0  # while it starts, as far as it can be seen
    unseen: float = 120.0  # while it starts on a system that does not tell who works
    look: float = 0.5  # between two looks at the clock
    pause: float = 1.0  # before the next start; doubled as long as none becomes ready


class Ears:
    """Hears the signs of life of one process, in systemd's words; see backend.heartbeat."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("")  # a name that the kernel draws, which vanishes with the socket
        self.address = "@" + self._socket.getsockname()[1:].decode()

    def heard(self, process: int) -> set[str]:
        """The lines that a process, and no other, has said since last asked."""
        lines: set[str] = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                said, extra, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS.size))
                for _, kind, data in extra:
                    is_known = kind == socket.SCM_CREDENTIALS
                    if is_known and _CREDENTIALS.unpack(data)[0] == process:
                        lines.update(said.decode(errors="replace").splitlines())
        return lines

    def close(self) -> None:
        """Nothing is heard any more."""
        self._socket.close()


class Supervisor:
    """Keeps one backend running. Made and run on one event loop, in the main thread."""

    def __init__(
        self,
        command: Sequence[str],
        stand_in: StandIn,
        environment: dict[str, str],
        patience: Patience = Patience(),
    ) -> None:
        """`stand_in` answers in a backend's place: given the reason and the seconds until the next
        start."""
        self._command = command
        self._stand_in = stand_in
        self._environment = environment
        self._patience = patience
        self._ears = Ears()
        self._ending = asyncio.Event()
        self._ended_at = 0.0  # when the end was asked for, on time.monotonic()'s clock
        self._child: asyncio.subprocess.Process | None = None
        self._was_alive = False  # whether a backend ever gave a sign of life
        self.is_ready = False  # whether the one that runs has said so

    async def run(self) -> int:
        """Returns when the end was asked for or the environment is refused: the exit status."""
        loop, failures = asyncio.get_running_loop(), 0
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._obey)
        try:
            while True:
                status, why, became_ready = await self._live()
                if self._ending.is_set():
                    return max(0, status)
                if status == REFUSED and not self._was_alive:
                    return REFUSED
                failures = 0 if became_ready else failures + 1
                pause = min(LONGEST_PAUSE, self._patience.pause * 2 ** max(0, failures - 1))
                log.error("backend ended", why=why, again_in=pause)
                reason = f"{why} It is started again{_times(failures)}."
                async with self._stand_in(reason, pause):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._ending.wait(), pause)
                if self._ending.is_set():
                    return 0
        finally:
            self._ears.close()

    async def _live(self) -> tuple[int, str, bool]:
        """One backend from its start to its end: its status, why it ended, if it became ready."""
        child = await asyncio.create_subprocess_exec(
            *self._command,
            env={**self._environment, "NOTIFY_SOCKET": self._ears.address},
            process_group=0,  # so that it can be killed with its workers
        )
        self._child = child
        log.info("backend started", pid=child.pid)
        if self._ending.is_set():  # while it was being started
            child.terminate()
        waiting = asyncio.create_task(child.wait())
        heard_at = alive_at = looked_at = time.monotonic()
        activity = Activity(child.pid)
        longest = self._patience.working if activity.can_be_told else self._patience.unseen
        self.is_ready, has_ended = False, False
        silent_for: float | None = None  # seconds, of one that hangs
        while not has_ended:
            await asyncio.wait({waiting}, timeout=self._patience.look)
            has_ended = waiting.done()  # first, so that its last words are heard
            now, said = time.monotonic(), self._ears.heard(child.pid)
            self.is_ready = self.is_ready or "READY=1" in said
            self._was_alive = self._was_alive or bool(said)
            # A supervisor that stood still itself cannot tell who else did.
            if said or now - looked_at > 4 * self._patience.look:
                heard_at = alive_at = now
            elif not self.is_ready and activity.has_worked():
                alive_at = now
            looked_at = now
            hangs = now - alive_at > self._patience.silent or now - heard_at > longest
            if hangs and not has_ended:
                silent_for = silent_for or now - heard_at
                self._kill()
            if self._ending.is_set() and now - self._ended_at > _KILLED_AFTER:
                self._kill()
        self._kill()  # what it may have left
        self._child = None
        status = child.returncode
        assert status is not None
        if silent_for is None:
            return status, _told(status), self.is_ready
        return status, f"The backend gave no sign of life for {silent_for:.0f} s.", self.is_ready

    def _obey(self) -> None:
        """Asks the backend to end; at the second time, ends it."""
        if self._ending.is_set():
            self._kill()
            return
        self._ending.set()
        self._ended_at = time.monotonic()
        if self._child is not None and self._child.returncode is None:
            self._child.terminate()

    def _kill(self) -> None:
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)


def _told(status: int) -> str:
    if status >= 0:
        return f"The backend has ended with status {status}."
    return f"The backend was ended by signal {-status} ({signal.Signals(-status).name})."


def _times(failures: int) -> str:
    return "" if failures < 2 else f"; {failures} starts in a row have failed"


def supervised(command: Sequence[str]) -> int:
    """Supervises a command that is a backend, in this process's environment; the exit status."""
    from backend import logs, settings

    try:
        chosen = settings.read()
    except settings.Mistakes as mistakes:
        for line in mistakes.lines:
            print(line, file=sys.stderr)
        return REFUSED
    logs.configure(chosen.log_level)
    # It ends with its supervisor, however that ends.
    bound = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()

    def stand_in(reason: str, seconds: float) -> AbstractAsyncContextManager[object]:
        from backend.service.standby import standing_in  # most supervisors never need it

        return standing_in(chosen, reason, seconds)

    async def keep() -> int:
        return await Supervisor((*bound, *command), stand_in, settings.environment()).run()

    return asyncio.run(keep())


if __name__ == "__main__":
    sys.exit(supervised([sys.executable, "-m", "backend", *sys.argv[1:]]))
