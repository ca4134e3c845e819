"""Lessons: a prompt exactly as the product lays it out, and the answer that is right for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from random import Random

from backend.media.media import PageText, Word
from backend.prompt import extraction, windows
from backend.prompt.fields import fields
from backend.prompt.layout import AGAIN, FROM_THE_TEXT, FROM_THE_TEXT_ZH
from backend.prompt.prompt import ReadingMethod, Role
from backend.prompt.template import ChatMessage, Template
from backend.prompt.tokenizer import Tokenizer
from backend.prompt.windows import Document
from scripts.reader.agreements import Agreement
from scripts.reader.asides import with_asides
from scripts.reader.asking import (
    agreement_fields,
    agreement_summaries,
    contract_fields,
    contract_summaries,
)
from scripts.reader.asking.asked import Asked, Told
from scripts.reader.contracts import contract
from scripts.reader.facts import KINDS
from scripts.reader.misreading import likeness, misread
from scripts.reader.trades import taught
from scripts.reader.variation import varied

BUDGETS = (700, 1000, 1300, 1600, 2000, 2600)  # tokens of a document in one prompt
READING = 1000  # tokens of a document where a question is put in plain words
REAL = 1.5  # weight of a lesson on a labelled agreement
MISREAD = 0.22  # share of lessons whose pages text recognition has read
AGAIN_MOST, AGAIN_SHARE = 320, 0.25  # of the passages said again before such a question
_NAMES = (
    "contract.pdf",
    "agreement.pdf",
    "document.pdf",
    "scan.pdf",
    "nda.pdf",
    "合同.pdf",
    "文件.pdf",
    "",
)


@dataclass(frozen=True)
class Lesson:
    """Token ids of a prompt and of its answer."""

    prompt: list[int]
    answer: list[int]  # with the end-of-text token
    weight: float = 1.0


class Desk:
    """Lays lessons out with one model's tokenizer and template."""

    def __init__(self, tokenizer: Tokenizer, template: Template, eos_id: int) -> None:
        self.tokenizer = tokenizer
        self._template = template
        self._eos_id = eos_id
        self.count: Callable[[str], int] = lru_cache(maxsize=200_000)(self.tokenizer.count)

    @classmethod
    def of(cls, folder: Path, eos_id: int) -> Desk:
        """The desk of a model folder."""
        tokenizer = Tokenizer.from_folder(folder)
        return cls(tokenizer, Template.from_folder(folder, tokenizer), eos_id)

    def lesson(self, turn: str, answer: str) -> Lesson:
        """A conversation of one turn."""
        return Lesson(self.prompt(turn), [*self.tokenizer.encode(answer), self._eos_id])

    def prompt(self, turn: str) -> list[int]:
        """The prompt of one user's turn."""
        return self._template.render([ChatMessage(Role.USER, turn)], thinking=False)

    def extraction(
        self, name: str, pages: Sequence[str], asked: Asked, budget: int
    ) -> tuple[str, str]:
        """The user's turn of an extraction request, and what of the document is in it."""
        wanted = fields(asked.definition)
        shown = windows.excerpts([_document(name, pages)], "", budget, self.count, wanted)[0].text
        head = f"Document {name}:" if name else "Document:"
        return f"{head}\n{shown}\n\n{extraction.question(asked.instruction, wanted)}", shown

    def telling(self, name: str, pages: Sequence[str], question: str) -> tuple[str, str]:
        """The user's turn of a question in plain words, and what of the document is in it."""
        document = _document(name, pages)
        again, budget = "", READING
        room = min(AGAIN_MOST, int(budget * AGAIN_SHARE))
        if sum(self.count(page.text) for page in document.pages) > 2 * room:
            again = windows.highlights([document], question, room - self.count(AGAIN), self.count)
        budget -= self.count(again)
        shown = windows.excerpts([document], question, budget, self.count)[0].text
        head = f"Document {name}:" if name else "Document:"
        parts = [f"{head}\n{shown}"]
        if again:
            parts.append(AGAIN.format(passages=again))
        form = FROM_THE_TEXT if question.isascii() else FROM_THE_TEXT_ZH
        return "\n\n".join([*parts, form.format(question=question)]), f"{shown}\n{again}"


def _document(name: str, pages: Sequence[str]) -> Document:
    return Document("", name, tuple(_page(number, text) for number, text in enumerate(pages, 1)))


def _page(number: int, text: str) -> PageText:
    words = tuple(
        Word(word, 0.0, 0.0, 0.0, 0.0, line)
        for line, row in enumerate(text.splitlines())
        for word in row.split()
    )
    return PageText(number, words, ReadingMethod.TEXT_LAYER)


def made_up(desk: Desk, seed: int, language: str) -> Lesson:
    """A lesson on a contract of ours: mostly fields, sometimes plain words."""
    chance = Random(f"{seed}-{language}")
    made = contract(chance, language, kinds=[*KINDS, *taught(language)])
    name = chance.choice(_NAMES)
    if chance.random() < 0.2:
        return _told(desk, chance, name, made.pages, contract_summaries.tell(chance, made))
    return _asked(desk, chance, name, made.pages, contract_fields.ask(chance, made))


def real(desk: Desk, seed: int, agreement: Agreement) -> Lesson:
    """A lesson on a labelled agreement, varied."""
    chance = Random(f"{seed}-{agreement.name}")
    other = varied(chance, agreement)
    name = chance.choice((other.name, *_NAMES))
    if chance.random() < 0.12:
        other, asides = with_asides(chance, other)
        return _asked(desk, chance, name, other.pages, agreement_fields.ask(chance, other, asides))
    if chance.random() < 0.1:
        return _told(desk, chance, name, other.pages, agreement_summaries.tell(chance, other))
    return _asked(desk, chance, name, other.pages, agreement_fields.ask(chance, other))


def _asked(desk: Desk, chance: Random, name: str, pages: Sequence[str], asked: Asked) -> Lesson:
    if chance.random() < MISREAD:
        pages = misread(chance, pages)
    turn, shown = desk.extraction(name, pages, asked, chance.choice(BUDGETS))
    return desk.lesson(turn, asked.right(_sees(shown)))


def _told(desk: Desk, chance: Random, name: str, pages: Sequence[str], told: Told) -> Lesson:
    if chance.random() < MISREAD:
        pages = misread(chance, pages)
    turn, shown = desk.telling(name, pages, told.question)
    return desk.lesson(turn, told.right(_sees(shown)))


def _sees(shown: str) -> Callable[[str], bool]:
    """What a reader of the text can know: a value that stands in it, look-alikes, line ends and
    the end of a page within it aside."""
    packed = likeness(shown)

    def sees(wanted: str) -> bool:
        bare = likeness(wanted)
        return bare in packed or any(
            bare[:cut] in packed and bare[cut:] in packed for cut in range(3, len(bare) - 2)
        )

    return sees


@dataclass(frozen=True)
class Plan:
    """How many lessons of each kind."""

    english: int
    chinese: int
    rounds: int  # times that each labelled agreement is seen, varied anew each time


def tasks(plan: Plan, agreement_count: int, seed: int) -> list[tuple[str, int, int]]:
    """(kind, seed, agreement) of every lesson, shuffled."""
    found = [("en", seed + number, 0) for number in range(plan.english)]
    found += [("zh", seed + number, 0) for number in range(plan.chinese)]
    found += [
        ("real", seed + turn, place)
        for turn in range(plan.rounds)
        for place in range(agreement_count)
    ]
    random.Random(seed).shuffle(found)
    return found


def give(desk: Desk, task: tuple[str, int, int], labelled: Sequence[Agreement]) -> Lesson:
    """The lesson of a task."""
    kind, seed, place = task
    if kind == "real":
        return replace(real(desk, seed, labelled[place]), weight=REAL)
    return made_up(desk, seed, kind)
