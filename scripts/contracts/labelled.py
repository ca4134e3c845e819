"""Labelled agreements: those kept for validation, what is asked of them, how answers are marked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.reader import marks
from scripts.reader.agreements import KEYS

ASK: Final = (
    "Extract the effective date, the governing law, the parties and the term of this agreement."
)
_TEXT: Final = {"type": ["string", "null"]}
_NAMES: Final = {"type": "array", "items": {"type": "string"}}
_TOLD: Final = {
    "effective_date": "Effective date, YYYY-MM-DD",
    "jurisdiction": "State or country whose law governs",
    "party": "All parties to the agreement",
    "term": "How long it lasts, for example 2 years",
}


def schema(*, described: bool) -> dict[str, Any]:
    """The JSON schema of the four fields, with a line about each or with names alone."""
    properties = {
        key: {**(_NAMES if key == "party" else _TEXT)}
        | ({"description": _TOLD[key]} if described else {})
        for key in KEYS
    }
    return {"type": "object", "properties": properties, "required": list(KEYS)}


@dataclass(frozen=True)
class Labelled:
    """An agreement and what it says."""

    path: Path
    labels: Mapping[str, Sequence[str]]

    @property
    def name(self) -> str:
        """Its file's."""
        return self.path.name


def validation(folder: Path) -> list[Labelled]:
    """Every fifth by sorted name, which nobody trains on."""
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    rows = {row["file"]: row["labels"] for row in map(json.loads, lines)}
    return [Labelled(folder / "pdf" / name, rows[name]) for name in sorted(rows)[::5]]


def given(answer: str) -> dict[str, Any]:
    """The four fields of an answer; nothing else in it counts."""
    found = marks.parsed(answer)
    return {key: found.get(key) for key in KEYS}


def marked(
    papers: Sequence[Labelled], answers: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, float]]:
    """Micro F1, precision and recall, by key and of all together."""
    empty: dict[str, float] = dict.fromkeys(("precision", "recall", "f1"), 0.0)
    found = marks.micro([paper.labels for paper in papers], answers)
    return {key: found.get(key, empty) for key in (*KEYS, "all")}


@dataclass(frozen=True)
class Mistake:
    """One key of one agreement whose values are not the labels."""

    file: str
    key: str
    kind: str
    wanted: tuple[str, ...]
    found: tuple[str, ...]


def mistakes(papers: Iterable[Labelled], answers: Iterable[Mapping[str, Any]]) -> Iterator[Mistake]:
    """What is wrong, agreement by agreement."""
    for paper, answer in zip(papers, answers, strict=True):
        want, got = marks.pairs(paper.labels), marks.pairs(answer)
        for key in KEYS:
            missing, extra = _of(key, want - got), _of(key, got - want)
            if missing or extra:
                yield Mistake(paper.name, key, _kind(key, missing, extra), missing, extra)


def _of(key: str, counted: Counter[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(value for name, value in counted.elements() if name == key))


def _kind(key: str, missing: Sequence[str], extra: Sequence[str]) -> str:
    """In words, as figures list it."""
    if key != "party":
        return "missed" if not extra else "invented" if not missing else "another value"
    letters = [set(map(_letters, names)) for names in (missing, extra)]
    if letters[0] == letters[1]:
        return "spelled otherwise"
    if missing and extra and all(_alike(one, extra) for one in missing):
        return "name cut or prolonged"
    return "missed" if not extra else "invented" if not missing else "missed and invented"


def _letters(name: str) -> str:
    return re.sub(r"\W|_", "", name)


def _alike(name: str, others: Iterable[str]) -> bool:
    return any(
        _letters(name) in _letters(other) or _letters(other) in _letters(name) for other in others
    )
