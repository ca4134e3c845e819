"""Ten times as many requests as can be answered, and what comes of every one of them."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from scripts.chaotic.rest import at_rest
from scripts.lib.measuring import Figure, conditions, shown
from scripts.lib.system import System

CLIENTS: Final = 40
PLACES: Final = 4  # computed at once
WAITING: Final = 8
TIMES: Final = 10  # the capacity that is asked for
TOKENS: Final = 32  # of every answer
_LONGEST: Final = 120.0  # seconds for which any end is waited for
_RETRY: Final = range(1, 121)  # seconds that a refusal may name


@dataclass(frozen=True)
class End:
    """How one request ended."""

    status: int | None  # None: without an answer
    seconds: float
    at: float  # on time.monotonic()'s clock
    retry_after: int | None


class Crowd:
    """Asks, each question a new one, and notes every end."""

    def __init__(self, url: str) -> None:
        self.ends: list[End] = []
        self._url = f"{url}/v1/chat/completions"
        self._numbers = itertools.count(1)
        self._chance = random.Random(0)  # when to ask

    async def ask(self, clients: int, seconds: float, pause: float) -> list[End]:
        """So many at once, each for so long and once at least. Who is refused pauses, about so
        long, and nobody keeps step with others. Returns with the last end."""
        until, before = time.monotonic() + seconds, len(self.ends)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with (
            httpx.AsyncClient(timeout=_LONGEST, limits=limits) as client,
            asyncio.TaskGroup() as all_,
        ):
            for _ in range(clients):
                all_.create_task(self._insist(client, until, pause))
        return self.ends[before:]

    async def _insist(self, client: httpx.AsyncClient, until: float, pause: float) -> None:
        await asyncio.sleep(self._chance.uniform(0, pause))
        while True:
            end = await self._once(client)
            if time.monotonic() >= until:
                return
            if end.status != 200:
                await asyncio.sleep(pause * self._chance.uniform(0.5, 1.5))

    async def _once(self, client: httpx.AsyncClient) -> End:
        """One request from its sending to its end."""
        body = {
            "model": "embedded",
            "messages": [{"role": "user", "content": f"Count on from {next(self._numbers)}."}],
            "max_tokens": TOKENS,
            "min_tokens": TOKENS,
        }
        began = time.monotonic()
        status, retry_after = None, None
        try:
            answer = await client.post(self._url, json=body, headers={"X-Request-Timeout": "60"})
            status = answer.status_code
            told = answer.headers.get("retry-after", "")
            retry_after = int(told) if told.isdecimal() else None
        except httpx.HTTPError:
            pass
        now = time.monotonic()
        self.ends.append(End(status, now - began, now, retry_after))
        return self.ends[-1]


async def overload(folder: Path, seconds: float) -> int:
    """Measures, and prints a table; the exit status, 1 if a goal was missed."""
    places = {"MAX_RUNNING": str(PLACES), "MAX_QUEUE": str(WAITING)}
    with System(folder, places) as system:
        await asyncio.to_thread(system.wait_until_ready, 180)
        crowd = Crowd(system.url)
        await crowd.ask(PLACES, 3, 0.0)  # the first of everything is slower
        (before,) = await crowd.ask(1, 0, 0.0)
        began = time.monotonic()
        alone = await crowd.ask(PLACES, seconds, 0.0)
        capacity = _completed(alone, began, began + seconds) / seconds
        pause = (CLIENTS - PLACES - WAITING) / (TIMES * capacity)
        began = time.monotonic()
        ends = await crowd.ask(CLIENTS, seconds, pause)
        goodput = _completed(ends, began, began + seconds) / seconds
        last = time.monotonic()
        rest = await asyncio.to_thread(at_rest, system)
        normal = time.monotonic() - last
        (after,) = await crowd.ask(1, 0, 0.0)
    served = sorted(one.seconds for one in ends if one.status == 200)
    refused = sorted(one.seconds for one in ends if one.status == 429)
    untold = sum(one.status == 429 and one.retry_after not in _RETRY for one in ends)
    others = sum(one.status not in (200, 429) for one in ends) + (after.status != 200)
    full = (PLACES + WAITING) / capacity  # what the last in a full queue waits for at least
    figures = [
        Figure("capacity", capacity, "answers/s", how=f"{PLACES} clients"),
        Figure("asked for", len(ends) / seconds, "requests/s", how=f"{CLIENTS} clients"),
        Figure("answered", goodput, "answers/s"),
        Figure("answered of the capacity", goodput / capacity, "", 0.8, at_least=True),
        Figure("longest of 99 in 100 answered", _percentile(served, 99), "s", 2 * full),
        Figure("refused with 429", len(refused), ""),
        Figure("of these without Retry-After", untold, "", 0),
        Figure("median refusal", statistics.median(refused) if refused else None, "s"),
        Figure("longest of 99 in 100 refusals", _percentile(refused, 99), "s", 0.2),
        Figure("ended otherwise", others, "", 0),
        Figure("until at rest", normal, "s", 2, how=rest or "no block left"),
        Figure("one answer before, alone", before.seconds, "s"),
        Figure("one answer after, alone", after.seconds, "s", before.seconds + 2),
    ]
    print(", ".join(f"{name} {value}" for name, value in conditions().items()))
    shown(figures)
    return int(bool(rest) or any(figure.met is False for figure in figures))


def _completed(ends: Sequence[End], began: float, ended: float) -> int:
    return sum(one.status == 200 and began <= one.at <= ended for one in ends)


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    if not ordered:
        return None
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
