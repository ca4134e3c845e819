"""Discrete events: questions arrive, cards work on them, whoever asked asks again."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from scripts.scale.card import Card, Job
from scripts.scale.routing import Route


class Source(Protocol):
    """Who asks."""

    def first(self) -> Iterable[Job]:
        """The questions that come whatever is answered."""

    def after(self, job: Job) -> Job | None:
        """The question that follows from an answer."""


def simulate(cards: Sequence[Card], route: Route, source: Source, until: float) -> list[Job]:
    """Every question that was answered before `until`, in the order of their ends."""
    order = itertools.count()
    events: list[tuple[float, int, Job | None, int, int]] = []  # time, order, job, card, version
    held: deque[Job] = deque()  # no card had room
    answered: list[Job] = []

    def arrive(job: Job) -> None:
        heapq.heappush(events, (job.arrived, next(order), job, 0, 0))

    def expect(number: int) -> None:
        time = cards[number].next_event()
        if time is not None:
            heapq.heappush(events, (time, next(order), None, number, cards[number].version))

    def place(job: Job, now: float) -> bool:
        number = route(job, cards)
        if number is None:
            return False
        job.card = number
        cards[number].advance(now)
        cards[number].add(job)
        expect(number)
        return True

    for asked in source.first():
        arrive(asked)
    while events and events[0][0] <= until:
        now, _, job, number, version = heapq.heappop(events)
        if job is not None:
            if held or not place(job, now):
                held.append(job)
            continue
        card = cards[number]
        if version != card.version:
            continue  # something arrived meanwhile: a later entry tells when
        card.advance(now)
        for ended in card.finish():
            answered.append(ended)
            following = source.after(ended)
            if following is not None:
                arrive(following)
        expect(number)
        while held and place(held[0], now):
            held.popleft()
    return answered
