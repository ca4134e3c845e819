"""Callers of the REST interface that ask without end, and note how every request ended."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import httpx

DEADLINE: Final = 30.0  # seconds that a request is given
SPARE: Final = 2.0  # seconds beyond it in which its end must have come
_LATE: Final = 60.0  # seconds for which a late end is waited for, to be told
_TICK: Final = 0.1  # seconds between two looks at how late this process itself is
HUNG: Final = "no end in time"
BROKEN: Final = "broken off without an end"
LEFT: Final = "the caller left"


@dataclass
class Tally:
    """How requests ended."""

    ends: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0  # seconds, of those that were not left
    stood_still: float = 0.0  # seconds in which this process itself did not get on

    @property
    def requests(self) -> int:
        """All of them."""
        return self.ends.total()


class Callers:
    """Asks plainly and in streams, several at once."""

    def __init__(self, url: str, count: int, chance: random.Random) -> None:
        self.tally = Tally()
        self._url = f"{url}/v1/chat/completions"
        self._count = count
        self._chance = chance
        self._numbers = itertools.count(1)
        self._leaving: set[asyncio.Event] = set()

    def leave_one(self) -> None:
        """One caller who is waiting, chosen by chance, closes its connection."""
        if self._leaving:
            self._chance.choice(sorted(self._leaving, key=id)).set()

    async def call_until(self, stop: asyncio.Event) -> None:
        """Returns once every caller has had its last answer."""
        async with (
            httpx.AsyncClient(timeout=DEADLINE + SPARE + _LATE) as client,
            asyncio.TaskGroup() as all_,
        ):
            calls = [
                all_.create_task(self._call(client, stop, is_streamed=place % 2 == 0))
                for place in range(self._count)
            ]
            watching = all_.create_task(self._watch_itself())
            await asyncio.wait(calls)
            watching.cancel()

    async def _watch_itself(self) -> None:
        """On a crowded machine this process is late as well, and sees ends late that were not."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(_TICK)
            late = time.monotonic() - began - _TICK
            self.tally.stood_still += late if late > _TICK else 0.0

    async def _call(
        self, client: httpx.AsyncClient, stop: asyncio.Event, *, is_streamed: bool
    ) -> None:
        while not stop.is_set():
            leaves = asyncio.Event()
            self._leaving.add(leaves)
            asking = asyncio.create_task(self._ask(client, is_streamed=is_streamed))
            leaving = asyncio.create_task(leaves.wait())
            began, before = time.monotonic(), self.tally.stood_still
            left = DEADLINE + SPARE
            while left > 0 and not (asking.done() or leaves.is_set()):
                await asyncio.wait(
                    {asking, leaving}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                own = self.tally.stood_still - before
                left = DEADLINE + SPARE + own - (time.monotonic() - began)
            self._leaving.discard(leaves)
            if asking.done():
                end = asking.result()
                self.tally.longest = max(self.tally.longest, time.monotonic() - began)
            elif leaves.is_set():
                end = LEFT
            else:
                end = await _late(asking, began)
            for task in (asking, leaving):
                task.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)
            self.tally.ends[f"{'stream' if is_streamed else 'plain'}: {end}"] += 1
            if end.startswith("503"):
                await asyncio.sleep(1.0)  # as Retry-After asks, or sooner

    async def _ask(self, client: httpx.AsyncClient, *, is_streamed: bool) -> str:
        """How a request ended, in few words."""
        number = next(self._numbers)
        body = {
            "model": "embedded",
            "messages": [{"role": "user", "content": f"Count on from {number} in words."}],
            "max_tokens": self._chance.randint(8, 64),
            "stream": is_streamed,
        }
        headers = {"X-Request-Timeout": f"{DEADLINE:g}"}
        lines: list[str] = []
        try:
            async with client.stream("POST", self._url, json=body, headers=headers) as answer:
                if answer.status_code != 200 or not is_streamed:
                    said = json.loads(await answer.aread())
                    code = "" if answer.status_code == 200 else f" {said['error']['code']}"
                    return f"{answer.status_code}{code}"
                lines = [line async for line in answer.aiter_lines() if line]
        except (httpx.HTTPError, ValueError):
            return BROKEN
        return _end_of_stream(lines)


async def _late(asking: asyncio.Task[str], began: float) -> str:
    """Whether an end that did not come in time came at all, and which."""
    await asyncio.wait({asking}, timeout=_LATE)
    if not asking.done():
        return HUNG
    print(f"late: {asking.result()} after {time.monotonic() - began:.1f} s", flush=True)
    return f"{asking.result()}, {HUNG}"


def _end_of_stream(lines: list[str]) -> str:
    if len(lines) < 2 or lines[-1] != "data: [DONE]":
        return BROKEN
    last = json.loads(lines[-2].removeprefix("data: "))
    if "error" in last:
        return f"200, then {last['error']['code']}"
    is_whole = any(choice["finish_reason"] for choice in last["choices"])
    return "200" if is_whole else BROKEN
