"""A summary of one document: sentences with the pages that stand for them, kept as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from frontend.workflows.document import Coverage, HiddenText
from frontend.workflows.fields import Language
from frontend.workflows.labels import label
from frontend.workflows.paper import Box
from frontend.workflows.references import Sentence, Tally


class Summarised(Enum):
    """What a summary is about."""

    CLAUSES = "clauses"  # the three key clauses
    EXECUTIVE = "executive"
    OBLIGATIONS = "obligations"  # by party
    DATES = "dates"  # and deadlines
    RISKS = "risks"


@dataclass(frozen=True)
class Summary:
    """A checked summary of one document."""

    about: Summarised
    language: Language
    filename: str
    sentences: tuple[Sentence, ...]
    tally: Tally
    coverage: Coverage
    hidden: tuple[HiddenText, ...] = ()
    requests: int = 1  # to the model; 0: from the contract's words alone
    model: str = ""

    @property
    def statements(self) -> tuple[Sentence, ...]:
        """Its sentences without the headings."""
        return tuple(one for one in self.sentences if not one.is_heading)

    def text(self) -> str:
        """The summary with its references, a line for each point."""
        lines: list[str] = []
        for sentence in self.sentences:
            told = f"{shown(sentence, self.language)} {note(sentence, self.language)}".rstrip()
            if sentence.is_heading:
                lines.append(told)
            elif sentence.begins_point or not lines:
                lines.append(f"- {told}")
            else:
                lines[-1] += told if self.language is Language.CHINESE else f" {told}"
        return "\n".join(lines)

    def to_json(self) -> str:
        """As JSON that `read` takes back."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, default=_enum)


def read(text: str) -> Summary:
    """A summary from its JSON."""
    row = json.loads(text)
    return Summary(
        **row
        | {
            "about": Summarised(row["about"]),
            "language": Language(row["language"]),
            "sentences": tuple(map(_sentence, row["sentences"])),
            "tally": Tally(**row["tally"]),
            "coverage": Coverage(row["coverage"]["pages"], tuple(row["coverage"]["missed"])),
            "hidden": tuple(HiddenText(**passage) for passage in row["hidden"]),
        }
    )


def shown(sentence: Sentence, language: Language) -> str:
    """A sentence's text; the contract's own words in quotation marks."""
    if not sentence.is_quoted or not sentence.quote:
        return sentence.text
    stop = "：" if language is Language.CHINESE else ": "
    return f"{sentence.text}{stop if sentence.text else ''}“{sentence.quote}”"


def note(sentence: Sentence, language: Language) -> str:
    """What stands behind a sentence: its pages, or that none stands for it."""
    if sentence.is_heading:
        return ""
    if not sentence.is_verified:
        return f"[{label('unsupported', language)}]"
    return reference(sentence.pages, language)


def reference(pages: Sequence[int], language: Language) -> str:
    """Pages as a reference: `[p. 3]`, `[p. 3, 5]`, `[第3页]`."""
    if not pages:
        return ""
    numbers = ", ".join(map(str, pages))
    return f"[第{numbers}页]" if language is Language.CHINESE else f"[p. {numbers}]"


def as_plain(summary: Summary) -> dict[str, Any]:
    """For programs: what it says, and what stands behind every sentence."""
    return {
        "file": summary.filename,
        "about": summary.about.value,
        "pages": summary.coverage.pages,
        "pages_read": summary.coverage.read,
        "model": summary.model or None,
        "sentences": [
            {
                "text": one.text,
                "pages": list(one.pages),
                "verified": one.is_verified,
                "from": "contract" if one.is_quoted else "model",
                "quote": one.quote,
                "boxes": [vars(box) for box in one.boxes],
            }
            for one in summary.statements
        ],
        "references": vars(summary.tally),
    }


def _sentence(row: dict[str, Any]) -> Sentence:
    return Sentence(
        **row
        | {
            "pages": tuple(row["pages"]),
            "boxes": tuple(Box(**box) for box in row["boxes"]),
        }
    )


def _enum(value: object) -> object:
    assert isinstance(value, Enum)
    return value.value
