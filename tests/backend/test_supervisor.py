"""The supervisor over small programs that live, end, hang and refuse like a backend."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from backend.supervisor import LONGEST_PAUSE, REFUSED, Patience, Supervisor

# A backend in few lines: `tell` gives a sign of life; `run`, this run's number, is kept in a file.
BACKEND = """
import os, pathlib, signal, socket, subprocess, sys, threading, time
watcher = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
watcher.connect(chr(0) + os.environ["NOTIFY_SOCKET"][1:])
tell = lambda *lines: watcher.send("\\n".join(lines).encode())
runs = pathlib.Path(sys.argv[1])
with runs.open("a") as log:
    print(os.getpid(), file=log)
run = len(runs.read_text().split())
def live():
    tell("READY=1")
    runs.with_name(f"ready {run}").touch()
    while True:
        tell("WATCHDOG=1")
        time.sleep(0.05)
"""
# The clock that tells a hang is generous: a busy machine must not look like one.
QUICK = Patience(silent=2.0, look=0.05, pause=0.1)


class Kept:
    """A supervisor at work, and what was said in the backend's place."""

    def __init__(self, tmp_path: Path, does: str, patience: Patience) -> None:
        self.runs = tmp_path / "runs"
        self.told: list[tuple[str, float]] = []
        command = [sys.executable, "-c", BACKEND + does, str(self.runs)]
        self.supervisor = Supervisor(command, self._stand_in, dict(os.environ), patience)
        self.task = asyncio.create_task(self.supervisor.run())

    @asynccontextmanager
    async def _stand_in(self, reason: str, seconds: float) -> AsyncIterator[None]:
        self.told.append((reason, seconds))
        yield

    @property
    def pids(self) -> list[int]:
        """Of the backends that were started."""
        return [int(pid) for pid in self.runs.read_text().split()] if self.runs.exists() else []

    async def ready(self, run: int) -> int:
        """Returns once that one is ready: its pid."""
        await self.until(self.runs.with_name(f"ready {run}").exists)
        return self.pids[run - 1]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(40):
            while not holds():
                assert not self.task.done(), self.task
                await asyncio.sleep(0.02)


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; who adopted it may not have taken note."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@asynccontextmanager
async def kept(tmp_path: Path, does: str, patience: Patience = QUICK) -> AsyncIterator[Kept]:
    """Ends the supervisor, and asserts that its backend went with it."""
    keeping = Kept(tmp_path, does, patience)
    try:
        yield keeping
    finally:
        if not keeping.task.done():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
            os.kill(os.getpid(), signal.SIGTERM)  # at once
            async with asyncio.timeout(20):
                await keeping.task
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
    assert not any(psutil.pid_exists(pid) for pid in keeping.pids)


async def test_a_killed_backend_is_started_again(tmp_path: Path) -> None:
    async with kept(tmp_path, "live()") as keeping:
        for run in (1, 2, 3):
            os.kill(await keeping.ready(run), signal.SIGKILL)
        await keeping.ready(4)
    why = "The backend was ended by signal 9 (SIGKILL). It is started again."
    assert keeping.told == [(why, 0.1)] * 3, "each had become ready: no pause grows"


async def test_a_stopped_backend_is_replaced_with_its_workers(tmp_path: Path) -> None:
    worker = "child = subprocess.Popen(['sleep', '600'])\nlive()"
    async with kept(tmp_path, worker) as keeping:
        first = psutil.Process(await keeping.ready(1))
        (sleeper,) = first.children()
        await keeping.until(lambda: keeping.supervisor.is_ready)
        first.suspend()
        await keeping.until(lambda: len(keeping.pids) == 2)
        await keeping.until(lambda: is_gone(sleeper))
    assert keeping.told[0][0].startswith("The backend gave no sign of life for")


@pytest.mark.parametrize(
    "hangs",
    ["os.kill(os.getpid(), signal.SIGSTOP)", "lock = threading.Lock()\n    with lock, lock: pass"],
)
async def test_a_hang_while_it_loads_is_noticed_as_soon(tmp_path: Path, hangs: str) -> None:
    does = f"tell('WATCHDOG=1')\nif run == 1:\n    {hangs}\nlive()"
    async with kept(tmp_path, does) as keeping:
        await keeping.ready(2)
    assert keeping.told[0][0].startswith("The backend gave no sign of life for")
    assert Patience().silent + 2 * Patience().look < 10


SLOW = {
    "computes": "while time.monotonic() < end: pass",
    "reads": "with open(sys.executable, 'rb') as file:\n"
    "    while time.monotonic() < end: file.seek(0); file.read(1 << 16); time.sleep(0.05)",
    "has a child that computes": "subprocess.run([sys.executable, '-c', "
    "'import time\\nend = time.monotonic() + 6\\nwhile time.monotonic() < end: pass'])",
}


@pytest.mark.parametrize("works", SLOW.values(), ids=SLOW)
async def test_who_is_slow_to_load_and_silent_but_at_work_is_left_alone(
    tmp_path: Path, works: str
) -> None:
    does = f"tell('WATCHDOG=1')\nend = time.monotonic() + 6\n{works}\nlive()"
    async with kept(tmp_path, does) as keeping:
        await keeping.ready(1)
    assert keeping.told == []


async def test_even_work_must_be_heard_of_one_day(tmp_path: Path) -> None:
    patience = Patience(working=3.0, silent=2.0, look=0.05, pause=0.1)
    does = "while run == 1: pass\nlive()"
    async with kept(tmp_path, does, patience) as keeping:
        await keeping.ready(2)
    assert keeping.told[0][0].startswith("The backend gave no sign of life for")


async def test_where_nobody_tells_who_works_silence_is_borne_for_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.activity._PROCESSES", tmp_path / "none")
    patience = Patience(unseen=4.0, silent=1.0, look=0.05, pause=0.1)
    does = "time.sleep(2 if run == 1 else 600)\nlive()"
    async with kept(tmp_path, does, patience) as keeping:
        os.kill(await keeping.ready(1), signal.SIGKILL)
        await keeping.until(lambda: len(keeping.told) == 2)
    assert keeping.told[1][0].startswith("The backend gave no sign of life for")


async def test_the_pauses_grow_while_none_becomes_ready(tmp_path: Path) -> None:
    does = "tell('WATCHDOG=1')\nsys.exit(1) if run < 4 else live()"
    async with kept(tmp_path, does) as keeping:
        await keeping.until(lambda: len(keeping.told) == 1)
        began = time.monotonic()
        await keeping.until(lambda: len(keeping.pids) == 4)
        assert time.monotonic() - began > 0.6, "it pauses, and does not only say so"
    assert [pause for _, pause in keeping.told] == [0.1, 0.2, 0.4]
    assert keeping.told[0][0] == "The backend has ended with status 1. It is started again."
    assert keeping.told[2][0].endswith("It is started again; 3 starts in a row have failed.")
    assert LONGEST_PAUSE == 30


async def test_a_refused_environment_is_final(tmp_path: Path) -> None:
    async with kept(tmp_path, "sys.exit(2)") as keeping, asyncio.timeout(20):
        assert await keeping.task == REFUSED
    assert (len(keeping.pids), keeping.told) == (1, [])


async def test_an_environment_that_has_served_is_no_mistake(tmp_path: Path) -> None:
    does = "if run == 2: sys.exit(2)\nlive()"
    async with kept(tmp_path, does) as keeping:
        os.kill(await keeping.ready(1), signal.SIGKILL)
        await keeping.ready(3)
    assert keeping.told[1][0].startswith("The backend has ended with status 2.")


async def test_one_signal_ends_it_when_the_backend_has_ended(tmp_path: Path) -> None:
    does = "signal.signal(15, lambda *_: (time.sleep(0.5), sys.exit(0)))\nlive()"
    async with kept(tmp_path, does) as keeping:
        await keeping.ready(1)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await keeping.task == 0


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with kept(tmp_path, "signal.signal(15, signal.SIG_IGN)\nlive()") as keeping:
        await keeping.ready(1)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert not keeping.task.done()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await keeping.task


async def test_a_signal_ends_a_pause(tmp_path: Path) -> None:
    async with kept(tmp_path, "tell('WATCHDOG=1')\nsys.exit(1)") as keeping:
        await keeping.until(lambda: len(keeping.told) == 3)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(3):
            assert await keeping.task == 0


async def test_another_process_cannot_speak_for_the_backend(tmp_path: Path) -> None:
    async with kept(tmp_path, "live()") as keeping:
        await keeping.ready(1)
        ears = keeping.supervisor._ears
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as foreign:
            foreign.connect("\0" + ears.address[1:])
            foreign.send(b"READY=1")
            assert ears.heard(os.getpid() + 1) == set()
            foreign.send(b"READY=1")
            foreign.send(b"WATCHDOG=1")
            assert {"READY=1", "WATCHDOG=1"} <= ears.heard(os.getpid())
