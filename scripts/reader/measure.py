"""What an adapter is worth: agreements, contracts of unseen kinds, summaries, plain questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from scripts.reader import exam, marks, plain, replies
from scripts.reader.agreements import Agreement, Split
from scripts.reader.asking import contract_fields
from scripts.reader.asking.asked import Asked
from scripts.reader.contracts import contract
from scripts.reader.lessons import Desk
from scripts.reader.misreading import misread
from scripts.reader.trades import withheld

_SCHEMA = {
    "type": "object",
    "properties": {
        "effective_date": {"type": ["string", "null"], "description": "Effective date, YYYY-MM-DD"},
        "jurisdiction": {
            "type": ["string", "null"],
            "description": "State or country whose law governs",
        },
        "party": {
            "type": "array",
            "items": {"type": "string"},
            "description": "All parties to the agreement",
        },
        "term": {
            "type": ["string", "null"],
            "description": "How long it lasts, for example 2 years",
        },
    },
    "required": ["effective_date", "jurisdiction", "party", "term"],
}
_BARE = {
    **_SCHEMA,
    "properties": {
        name: {key: value for key, value in kind.items() if key != "description"}
        for name, kind in _SCHEMA["properties"].items()  # type: ignore[attr-defined]
    },
}
_ASK = "Extract the effective date, the governing law, the parties and the term of this agreement."
_READING = 1_600  # tokens of a document
_SUMMARY = "请总结这份合同中的三个关键条款"


@dataclass(frozen=True)
class _Row:
    """A contract and what is asked about it."""

    kind: str
    pages: Sequence[str]
    asked: Asked


def _withheld(language: str, count: int) -> list[_Row]:
    """Contracts of kinds that lessons never show."""
    rows = []
    for number in range(count):
        chance = Random(f"withheld-{language}-{number}")
        made = contract(chance, language, kinds=withheld(language))
        rows.append(_Row(made.kind, made.pages, contract_fields.ask(chance, made)))
    return rows


def _exam(seed: int, language: str, each: int) -> list[_Row]:
    return [
        _Row(sheet.kind, sheet.pages, Asked(sheet.instruction, sheet.schema, sheet.answer))
        for sheet in exam.papers(seed, language, each)
    ]


class Examiner:
    """Measures one model and keeps what it answered."""

    def __init__(
        self,
        model: replies.Model,
        desk: Desk,
        split: Split,
        scans: Mapping[str, Sequence[str]],
        say: Callable[[str], None],
        *,
        few: bool,
    ) -> None:
        """`scans` are the pages of agreements as text recognition read them, by file."""
        self._model = model
        self._desk = desk
        self._split = split
        self._scans = scans
        self._say = say
        self._few = few
        self.answers: dict[str, Any] = {}
        self.figures: dict[str, Any] = {}

    def measure(self, seed: int, papers: int, fifty: Sequence[tuple[bool, str]]) -> None:
        """All figures; `fifty` are the untrained model's answers to plain questions."""
        self.measure_briefly(seed, papers)
        validation = self._split.validation
        for budget in (1_100, 2_200):
            self._agreements(f"nda_{budget}", validation, budget)
        self._agreements("nda_names_alone", validation, schema=_BARE, ask="")
        chance = Random(seed)
        poor = {one.name: misread(chance, one.pages) for one in validation}
        self._agreements("nda_misread", validation, read=poor)
        if scanned := self._scanned():
            self._agreements("nda_scanned_as_text", scanned)
        self._summaries(seed)
        self._plain(fifty)

    def measure_briefly(self, seed: int, papers: int) -> None:
        """What adapters are chosen by, and what they are wanted for."""
        choosing = self._agreements("choosing_agreements", self._split.choosing)
        unseen = self._fields(
            {
                "withheld_zh": _withheld("zh", self._count(32)),
                "withheld_en": _withheld("en", self._count(12)),
            }
        )
        self.figures["choice"] = round((2 * choosing + sum(unseen)) / 4, 1)
        self._say(f"choice {self.figures['choice']}")
        self._agreements(f"nda_{_READING}", self._split.validation)
        if scanned := self._scanned():
            self._agreements("nda_scanned", scanned, read=self._scans)
        self._fields(
            {
                f"exam_{language}": _exam(seed, language, 1 if self._few else papers)
                for language in ("zh", "en")
            }
        )

    def _count(self, whole: int) -> int:
        return 2 if self._few else whole

    def _scanned(self) -> list[Agreement]:
        return [one for one in self._split.validation if one.name in self._scans]

    def fifty(self) -> list[tuple[bool, str]]:
        """Whether each plain question is answered well, and how."""
        most = 4 if self._few else 96
        prompts = [self._desk.prompt(question) for question, _ in plain.FIFTY]
        texts = [self._desk.tokenizer.decode(one) for one in self._model.answers(prompts, most)]
        return [
            (plain.is_right(text, expected), text)
            for text, (_, expected) in zip(texts, plain.FIFTY, strict=True)
        ]

    def _agreements(
        self,
        title: str,
        given: Sequence[Agreement],
        budget: int = _READING,
        *,
        schema: dict[str, Any] = _SCHEMA,
        ask: str = _ASK,
        read: Mapping[str, Sequence[str]] | None = None,
    ) -> float:
        papers = given[:3] if self._few else given
        asked = Asked(ask, schema, {})
        turns = [
            self._desk.extraction(one.name, (read or {}).get(one.name, one.pages), asked, budget)[0]
            for one in papers
        ]
        texts = self._texts(turns, 160)
        found = [marks.parsed(text) for text in texts]
        figures = marks.micro([one.labels for one in papers], found)
        self.figures[title] = {**figures, "parsed": sum(map(bool, found)), "of": len(papers)}
        self.answers[title] = [
            [one.name, {key: list(value) for key, value in one.labels.items()}, text]
            for one, text in zip(papers, texts, strict=True)
        ]
        by_key = {key: row["f1"] for key, row in figures.items()}
        self._say(f"{title}: F1 {by_key}")
        return float(by_key.get("all", 0.0))

    def _fields(self, sets: Mapping[str, Sequence[_Row]]) -> list[float]:
        """Field accuracy of each set; all are answered at once, which takes no longer than one."""
        asked = [row for rows in sets.values() for row in rows]
        turns = [self._desk.extraction("", row.pages, row.asked, _READING)[0] for row in asked]
        answers = iter(self._texts(turns, 420))
        accuracies = []
        for title, rows in sets.items():
            texts = [next(answers) for _ in rows]
            found = [marks.parsed(text) for text in texts]
            accuracies.append(marks.field_accuracy([row.asked.answer for row in rows], found))
            self.figures[title] = {
                "papers": len(rows),
                "parsed": sum(map(bool, found)),
                "field_accuracy": accuracies[-1],
            }
            self.answers[title] = [
                [row.kind, row.asked.answer, text] for row, text in zip(rows, texts, strict=True)
            ]
            self._say(f"{title}: {self.figures[title]}")
        return accuracies

    def _summaries(self, seed: int) -> None:
        asked = [
            (one.pages, question)
            for one in self._split.validation[:3]
            for question in ("Summarise the three key clauses.", "Who are the parties?", _SUMMARY)
        ]
        asked += [(sheet.pages, _SUMMARY) for sheet in exam.papers(seed + 1, "zh", 1)]
        turns = [self._desk.telling("", pages, question)[0] for pages, question in asked]
        self.answers["summaries"] = [
            [question, text]
            for (_, question), text in zip(asked, self._texts(turns, 200), strict=True)
        ]

    def _plain(self, before: Sequence[tuple[bool, str]]) -> None:
        after = self.fifty()
        self.figures["plain_questions"] = {
            "before": sum(right for right, _ in before),
            "after_if_always_on": sum(right for right, _ in after),
            "of": len(after),
            "same_answer": sum(
                one == two for (_, one), (_, two) in zip(before, after, strict=True)
            ),
        }
        self.answers["fifty"] = [
            [*asked, one, two]
            for asked, (_, one), (_, two) in zip(plain.FIFTY, before, after, strict=True)
        ]

    def _texts(self, turns: Sequence[str], most: int) -> list[str]:
        prompts = [self._desk.prompt(turn) for turn in turns]
        answers = self._model.answers(prompts, 6 if self._few else most)
        return [self._desk.tokenizer.decode(answer) for answer in answers]
