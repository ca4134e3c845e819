"""A process that holds its part of a model and does what the leader tells it."""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.model.parallel.team import Command, Together
    from backend.model.runner import Runner

log = logging.getLogger(__name__)


class Follower:
    """What a follower holds, and whom it hears."""

    def __init__(self, team: Together, channel: Connection) -> None:
        self._team = team
        self._channel = channel

    def run(self) -> None:
        """Serves models one after the other until the leader is gone."""
        from backend.model.network import load_network
        from backend.model.parallel.team import Load

        while True:
            command = self._heard()
            assert isinstance(command, Load), command
            load_network(command.folder, **command.options, team=self._team, follow=self.follow)

    def follow(self, runner: Runner) -> None:
        """Does with a runner what the leader does with its own, until it is released."""
        from backend.model.parallel.team import Decode, Prepare, Release, Rows

        while True:
            command = self._heard()
            match command:
                case Rows():
                    runner.follow_rows(command)
                case Decode():
                    runner.follow_decode(command.count)
                case Prepare():
                    runner.prepare(command.decodes)
                case Release():
                    return
                case _:
                    raise AssertionError(command)

    def _heard(self) -> Command:
        command: Command = self._channel.recv()
        return command


def main() -> None:
    """The process: a channel's descriptor, its rank, the team's size, where they meet."""
    for name in (signal.SIGINT, signal.SIGTERM):  # meant for the leader, which ends this one
        signal.signal(name, signal.SIG_IGN)
    descriptor, rank, size = map(int, sys.argv[1:4])
    threading.Thread(target=_end_with_leader, args=(descriptor,), daemon=True).start()
    from backend import logs

    logs.configure(sys.argv[5])
    try:
        from backend.model.parallel.team import Together

        Follower(Together(rank, size, Path(sys.argv[4])), Connection(descriptor)).run()
    except EOFError:
        os._exit(0)
    except BaseException:
        log.exception("process %d of those that compute the model failed", rank)
        sys.stderr.flush()
        os._exit(1)  # it may stand in a meeting that never ends


def _end_with_leader(descriptor: int) -> None:
    """Ends this process, whatever it is doing, when the leader's end of the channel is closed."""
    poller = select.poll()
    poller.register(descriptor, select.POLLRDHUP)
    poller.poll()
    os._exit(0)


if __name__ == "__main__":
    main()
