"""Starts the processes that follow, watches them, and ends them."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from backend.model.parallel.team import LOST, Together

log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE = 5.0  # seconds for a follower to end


class Crew:
    """The followers of this process, and the team that it leads.

    A follower lives no longer than its channel: it ends when the leader closes it, and when the
    leader is gone, however that came about.
    """

    def __init__(self, size: int, on_lost: Callable[[str], None]) -> None:
        """Starts them and waits until they have met. `on_lost` hears from any thread, once, if one
        of them ends before it should."""
        level = logging.getLevelName(logging.getLogger().getEffectiveLevel())
        self._on_lost = on_lost
        self._closing = False
        self._folder = tempfile.TemporaryDirectory(prefix="team-")
        meeting = Path(self._folder.name) / "meeting"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._channels: list[Connection] = []
        self._team: Together | None = None
        for rank in range(1, size):
            ours, theirs = socket.socketpair()
            with theirs:
                self.processes.append(
                    subprocess.Popen(  # noqa: S603  # our own module
                        [
                            *(sys.executable, "-m", "backend.model.parallel.follower"),
                            *map(str, (theirs.fileno(), rank, size, meeting, level)),
                        ],
                        cwd=_ROOT,
                        pass_fds=(theirs.fileno(),),
                        stdin=subprocess.DEVNULL,
                    )
                )
            self._channels.append(Connection(ours.detach()))
        for rank, process in enumerate(self.processes, 1):
            threading.Thread(
                target=self._watch, args=(rank, process), name=f"follower {rank}", daemon=True
            ).start()
        self._team = Together(0, size, meeting, self._channels)

    @property
    def team(self) -> Together:
        """The team that it leads."""
        assert self._team is not None
        return self._team

    def close(self) -> None:
        """Ends the followers; none is left afterwards."""
        self._closing = True
        for channel in self._channels:
            channel.close()
        for process in self.processes:
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._team is not None and not self._team.is_lost:
            self._team.leave()
        self._folder.cleanup()

    def _watch(self, rank: int, process: subprocess.Popen[bytes]) -> None:
        status = process.wait()
        if self._closing:
            return
        log.critical("process %d of those that compute the model ended with %d", rank, status)
        if self._team is not None:
            self._team.is_lost = True
        self._on_lost(LOST)
        if self._team is not None:
            self._team.leave(at_once=True)
