"""Runs the Procfile with honcho, which ends every process when one ends, but ends in time.

Further Procfiles may be named as arguments.
The first SIGTERM or Ctrl-C asks every process to end. A second one kills what is left, and so does
the time: honcho alone would wait for ever for processes of which none ends.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from honcho.environ import parse_procfile
from honcho.manager import SIGNALS, Manager

LONGEST_END = 12  # seconds


class Runner(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho, but for the signals."""

    returncode: int | None

    def _start(self) -> None:
        """Takes honcho's handlers away, which it has just set."""
        for number in SIGNALS:
            signal.signal(number, self._obey)
        signal.signal(signal.SIGALRM, lambda *_: self.kill())
        super()._start()

    def _obey(self, number: int, frame: FrameType | None) -> None:
        told = SIGNALS[signal.Signals(number)]
        self._system_print(f"{told['name']} received\n")
        if self.returncode in {known["rc"] for known in SIGNALS.values()}:
            self.kill()
            return
        self.returncode = told["rc"]
        signal.alarm(LONGEST_END)
        self.terminate()


def main() -> int:
    """The exit status: of the process that ended first, or 128 and the signal's number."""
    runner = Runner()
    for file in ("Procfile", *sys.argv[1:]):
        for name, command in parse_procfile(Path(file).read_text()).processes.items():
            runner.add_process(name, command, env=dict(os.environ))
    runner.loop()
    return int(runner.returncode or 0)


if __name__ == "__main__":
    sys.exit(main())
