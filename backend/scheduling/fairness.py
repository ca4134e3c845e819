"""Whose turn it is: the queue of one priority, fair between owners however much each asks.

Each owner has a counter of the tokens served to her, and the one with the least goes next ("virtual
token counter": Sheng et al., Fairness in Serving Large Language Models, OSDI 2024). Who comes, or
comes back, begins where she would be had she taken an equal share of everything served ("virtual
time" of fair queueing: Demers, Keshav and Shenker, SIGCOMM 1989): idleness earns nothing, debts are
not forgotten by a short absence, and no stream of newcomers can keep an owner waiting for ever,
because each of them begins later than those before.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator

from backend.scheduling.sequence import Sequence

PROMPT_WEIGHT = 1  # of a prompt token that is computed
ANSWER_WEIGHT = 2  # of an answer's token: it takes a step, a prompt's token a part of one


def _arrival(sequence: Sequence) -> int:
    return sequence.arrival


class FairQueue:
    """The waiting sequences of one priority, and the counters of the owners with live ones."""

    def __init__(self) -> None:
        self._lines: dict[str, list[Sequence]] = {}  # by owner, in order of arrival, never empty
        self._live: dict[str, int] = {}  # sequences that have not ended, by owner, never 0
        self._counters: dict[str, float] = {}
        self._share = 0.0  # the counter of an owner who always took an equal share
        self._debts: list[tuple[float, str]] = []  # heap of absent owners whose counter is higher

    def join(self, owner: str) -> None:
        """Counts a new sequence of an owner."""
        if owner not in self._live:
            self._settle()
            self._counters[owner] = max(self._counters.get(owner, 0.0), self._share)
        self._live[owner] = self._live.get(owner, 0) + 1

    def leave(self, owner: str) -> None:
        """Counts the end of a sequence of an owner."""
        self._live[owner] -= 1
        if self._live[owner]:
            return
        del self._live[owner]
        heapq.heappush(self._debts, (self._counters[owner], owner))
        self._settle()
        if not self._live:
            self._counters.clear()
            self._debts.clear()
            self._share = 0.0

    def counter(self, owner: str) -> float:
        """The tokens served to an owner who has live sequences, or reserved for her, weighted."""
        return self._counters[owner]

    def reserve(self, owner: str, tokens: float) -> None:
        """Counts tokens of an owner; negative ones are given back."""
        self._counters[owner] += tokens

    def serve(self, tokens: float) -> None:
        """Tells of tokens that were computed for somebody."""
        self._share += tokens / len(self._live)

    def put(self, sequence: Sequence) -> None:
        """Lets a sequence wait, before those of its owner that arrived later."""
        insort(self._lines.setdefault(sequence.owner, []), sequence, key=_arrival)

    def take(self, sequence: Sequence) -> None:
        """Takes a waiting sequence out."""
        line = self._lines[sequence.owner]
        place = bisect_left(line, sequence.arrival, key=_arrival)
        assert line[place] is sequence
        del line[place]
        if not line:
            del self._lines[sequence.owner]

    def turns(self) -> Iterator[Sequence]:
        """Who comes next, one after the other. The caller may take the latest one out, and reserve
        tokens for its owner, before asking for another; one that is left is passed over."""
        heads = [
            (self._counters[owner], line[0].arrival, owner, 0)
            for owner, line in self._lines.items()
        ]
        heapq.heapify(heads)
        while heads:
            _, arrival, owner, place = heads[0]
            yield self._lines[owner][place]
            line = self._lines.get(owner, [])
            if place < len(line) and line[place].arrival == arrival:
                place += 1
            if place < len(line):
                head = self._counters[owner], line[place].arrival, owner, place
                heapq.heapreplace(heads, head)
            else:
                heapq.heappop(heads)

    def _settle(self) -> None:
        """Drops the counters of absent owners that no longer matter."""
        while self._debts and self._debts[0][0] <= self._share:
            counter, owner = heapq.heappop(self._debts)
            if owner not in self._live and self._counters.get(owner) == counter:
                del self._counters[owner]
