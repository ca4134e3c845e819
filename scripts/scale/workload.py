"""Analysts who open documents, some of them each other's, and ask question after question."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from scripts.scale.card import Job


@dataclass(frozen=True)
class Habits:
    """Assumptions, not measurements: what a busy hour of contract work may look like."""

    questions: float = 5.0  # about a document, on average
    thinking: float = 60.0  # seconds between an answer and the next question
    reading: float = 300.0  # seconds between two documents
    team: int = 20  # analysts who share a shelf of documents
    shelf: int = 40  # documents of a team; asked about by Zipf's law
    document_tokens: tuple[int, int] = (1_000, 7_000)  # of a text, evenly between
    scans: float = 0.2  # share of documents that are looked at as pictures
    scan_pictures: int = 4
    picture_tokens: int = 1_369
    question_tokens: int = 64
    answer_tokens: float = 250.0  # on average; exponential
    owners_share: bool = False  # whether one owner's prompt may be found by another


@dataclass(frozen=True)
class Document:
    """What a document costs to read."""

    tokens: int
    pictures: int


class Analysts:
    """A closed population: nobody asks while waiting for an answer. The same for the same seed."""

    def __init__(self, count: int, habits: Habits, seed: int) -> None:
        self._count = count
        self._habits = habits
        self._seed = seed
        self._chance = [random.Random(f"{seed} analyst {number}") for number in range(count)]
        self._weights = list(accumulate(1 / rank for rank in range(1, habits.shelf + 1)))
        self._open = [0] * count  # the document that an analyst is at

    def first(self) -> Iterator[Job]:
        """Everybody begins somewhere within one average round."""
        cycle = self._habits.reading + self._habits.questions * self._habits.thinking
        for analyst in range(self._count):
            self._open[analyst] = self._pick(analyst)
            yield self._job(analyst, self._chance[analyst].uniform(0, cycle))

    def after(self, job: Job) -> Job:
        """The next question: about the same document, or after a while about another."""
        chance = self._chance[job.analyst]
        pause = chance.expovariate(1 / self._habits.thinking)
        if chance.random() < 1 / self._habits.questions:
            pause += chance.expovariate(1 / self._habits.reading)
            self._open[job.analyst] = self._pick(job.analyst)
        return self._job(job.analyst, job.ended + pause)

    def document(self, name: str) -> Document:
        """The same for everybody who opens it."""
        chance = random.Random(f"{self._seed} {name}")
        if chance.random() < self._habits.scans:
            pictures = self._habits.scan_pictures
            return Document(pictures * self._habits.picture_tokens, pictures)
        return Document(chance.randint(*self._habits.document_tokens), 0)

    def _pick(self, analyst: int) -> int:
        at = self._chance[analyst].uniform(0, self._weights[-1])
        return bisect_left(self._weights, at)

    def _job(self, analyst: int, time: float) -> Job:
        name = f"team {analyst // self._habits.team} document {self._open[analyst]}"
        document = self.document(name)
        return Job(
            analyst=analyst,
            subject=name,
            cached_as=name if self._habits.owners_share else f"{name} of {analyst}",
            document_tokens=document.tokens,
            pictures=document.pictures,
            question_tokens=self._habits.question_tokens,
            answer_tokens=self._chance[analyst].expovariate(1 / self._habits.answer_tokens),
            arrived=time,
        )
