"""Breaks the running product every few seconds under load, and tells what came of every request."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import psutil

from frontend.client.blocking import Client
from scripts.chaotic import overload, turns
from scripts.chaotic.callers import BROKEN, HUNG, Callers
from scripts.chaotic.proxy import Proxy
from scripts.chaotic.rest import at_rest
from scripts.chaotic.rounds import Lost, kill_rounds
from scripts.chaotic.turns import Conversation
from scripts.lib.system import System, free_ports

EVERY: Final = 5.0  # seconds between two faults
CALLERS: Final = 6
CONVERSATIONS: Final = 2


class Chaos:
    """A supervised system, its load, and what is done to it."""

    def __init__(
        self, system: System, proxy: Proxy, callers: Callers, chance: random.Random
    ) -> None:
        self._system = system
        self._proxy = proxy
        self._callers = callers
        self._chance = chance
        self._faults: dict[str, Callable[[], Awaitable[None]]] = {
            "kill -9 of the backend": self._kill,
            "SIGSTOP, later SIGCONT": self._stop,
            "connection cut": self._cut,
            "connection silent": self._silence,
            "a caller leaves": self._leave,
        }
        self.done: Counter[str] = Counter()
        self.families: set[psutil.Process] = set()  # of every backend that was seen

    async def break_until(self, end: float) -> None:
        """One fault every few seconds; returns when each is over."""
        async with asyncio.TaskGroup() as faults:
            while time.monotonic() + EVERY < end:
                await asyncio.sleep(EVERY)
                name = self._chance.choice(list(self._faults))
                self.done[name] += 1
                faults.create_task(self._faults[name]())  # type: ignore[arg-type]

    def note_family(self) -> int | None:
        """Remembers the backend that runs now with its workers; its process id."""
        pid = self._system.supervised_pid()
        with contextlib.suppress(psutil.NoSuchProcess):
            if pid is not None:
                backend = psutil.Process(pid)
                self.families |= {backend, *backend.children(recursive=True)}
        return pid

    def _signal(self, number: signal.Signals) -> int | None:
        pid = self.note_family()
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, number)
        return pid

    async def _kill(self) -> None:
        self._signal(signal.SIGKILL)

    async def _stop(self) -> None:
        """Short enough to go on, or long enough to be replaced."""
        pid = self._signal(signal.SIGSTOP)
        await asyncio.sleep(self._chance.uniform(0.5, 14))
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGCONT)

    async def _cut(self) -> None:
        self._proxy.cut()

    async def _silence(self) -> None:
        await self._proxy.fall_silent(self._chance.uniform(0.5, 14))

    async def _leave(self) -> None:
        self._callers.leave_one()


async def run(minutes: float, seed: int) -> int:
    """The exit status: 1 if a request hung, a block leaked, a process stayed or a turn was lost."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backend_port, proxy_port = free_ports(2)
        system = System(
            folder,
            {"BACKEND_ADDRESS": f"127.0.0.1:{backend_port}"},
            backend="backend.supervisor",
            seen_at=f"127.0.0.1:{proxy_port}",
        )
        async with Proxy(proxy_port, backend_port) as proxy:
            with system:
                await asyncio.to_thread(system.wait_until_ready, 180)
                client = Client(f"127.0.0.1:{proxy_port}")
                try:
                    return await _storm(system, proxy, client, folder, minutes, chance)
                finally:
                    client.close()


async def _storm(
    system: System,
    proxy: Proxy,
    client: Client,
    folder: Path,
    minutes: float,
    chance: random.Random,
) -> int:
    callers = Callers(system.url, CALLERS, chance)
    chaos = Chaos(system, proxy, callers, chance)
    history = turns.history_in(folder)
    talks = [Conversation(f"talk-{n}", client, history) for n in range(CONVERSATIONS)]
    stop = asyncio.Event()
    for talk in talks:
        talk.start()
    calling = asyncio.create_task(callers.call_until(stop))
    await chaos.break_until(time.monotonic() + minutes * 60)
    stop.set()
    for talk in talks:
        talk.stop()
    await calling
    for talk in talks:
        await asyncio.to_thread(talk.join)
    rest = await asyncio.to_thread(at_rest, system)
    current = system.supervised_pid()
    left = [
        one
        for one in chaos.families
        if one.is_running() and one.status() != psutil.STATUS_ZOMBIE and not _is_of(one, current)
    ]
    problems = [
        *(f"{count} x {end}" for end, count in callers.tally.ends.items() if _is_bad(end)),
        *(problem for talk in talks for problem in turns.wrong(history, talk)),
        *(f"{talk.name}: an answer hung" for talk in talks if talk.hung),
        *([f"processes left: {[one.pid for one in left]}"] if left else []),
        *([f"not at rest: {rest}"] if rest else []),
    ]
    _report(chaos, callers, talks, turns.ends(history, talks), problems)
    history.close()
    return 1 if problems else 0


def _is_bad(end: str) -> bool:
    return end.endswith((HUNG, BROKEN))


def _is_of(process: psutil.Process, backend: int | None) -> bool:
    """Whether it is the backend that runs now, or one of its workers."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return backend in {process.pid, *(parent.pid for parent in process.parents())}
    return True  # it has just ended


def _report(
    chaos: Chaos,
    callers: Callers,
    talks: list[Conversation],
    answers: Counter[str],
    problems: list[str],
) -> None:
    print(f"faults: {chaos.done.total()}")
    for name, count in chaos.done.most_common():
        print(f"  {count:5}  {name}")
    tally = callers.tally
    print(f"requests: {tally.requests}, the longest {tally.longest:.1f} s;", end=" ")
    print(f"this process stood still for {tally.stood_still:.1f} s in all")
    for name, count in sorted(tally.ends.items()):
        print(f"  {count:5}  {name}")
    print(f"turns acknowledged: {sum(len(talk.acknowledged) for talk in talks)}; their answers:")
    for name, count in answers.most_common():
        print(f"  {count:5}  {name}")
    print("\n".join(f"PROBLEM: {problem}" for problem in problems) or "no problem")


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser("scripts/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of faults (10)")
    parser.add_argument("--seed", type=int, default=1, help="of every chance (1)")
    parser.add_argument(
        "--history-rounds", type=int, metavar="N", help="only kill a writer of a history N times"
    )
    parser.add_argument(
        "--overload", type=float, metavar="SECONDS", help="only ask ten times too much for so long"
    )
    given = parser.parse_args()
    if given.history_rounds is None and given.overload is None:
        return asyncio.run(run(given.minutes, given.seed))
    with tempfile.TemporaryDirectory() as folder:
        if given.overload is not None:
            return asyncio.run(overload.overload(Path(folder), given.overload))
        try:
            kept = kill_rounds(Path(folder), given.history_rounds, random.Random(given.seed))
        except Lost as lost:
            print(f"PROBLEM: {lost}")
            return 1
    print(f"{given.history_rounds} kills, {kept} turns acknowledged, each there once and in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
