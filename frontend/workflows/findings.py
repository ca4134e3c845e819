"""What was found in one document: values with their evidence, kept as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from frontend.workflows.document import Coverage, HiddenText
from frontend.workflows.evidence import Exactness
from frontend.workflows.paper import Box


class State(Enum):
    """What is known about a field. Every field of an extraction is in one of these."""

    FOUND = "found"  # stands in the text, letter by letter, on the page that is told
    NEAR = "near"  # stands there, but not verbatim
    NOT_STATED = "not_stated"  # the document does not say
    CONFLICT = "conflict"  # several different values, each with its page
    UNVERIFIED = "unverified"  # the model said it, or failed to; the pages do not show it


@dataclass(frozen=True)
class Value:
    """One value of a field, and where it stands."""

    said: str  # by the model, as it was
    normal: str | None  # None: no certain normal form
    exactness: Exactness
    score: float
    page: int | None = None
    pages: tuple[int, ...] = ()  # every page that has it
    text: str = ""  # the words of the document
    quote: str = ""  # the sentence around them
    boxes: tuple[Box, ...] = ()

    @property
    def shown(self) -> str:
        """What people read: the normal form, or what was said."""
        return self.said if self.normal is None else self.normal


@dataclass(frozen=True)
class Finding:
    """What became of one field."""

    field: str
    state: State
    values: tuple[Value, ...] = ()
    raw: tuple[object, ...] = ()  # what the model answered for it, window by window

    @property
    def shown(self) -> str:
        """The values in one line."""
        return "; ".join(value.shown for value in self.values)


@dataclass(frozen=True)
class Extraction:
    """Every field of one document."""

    sha256: str
    filename: str
    findings: tuple[Finding, ...]
    coverage: Coverage
    hidden: tuple[HiddenText, ...] = ()
    windows: int = 1
    retries: int = 0  # answers that could not be used
    model: str = ""
    seconds: float = 0.0

    def finding(self, field: str) -> Finding | None:
        """What became of the field of that name."""
        return next((finding for finding in self.findings if finding.field == field), None)

    def to_json(self) -> str:
        """As JSON that `read` takes back."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, default=_enum)


def read(text: str) -> Extraction:
    """An extraction from its JSON."""
    row = json.loads(text)
    return Extraction(
        **row
        | {
            "findings": tuple(_finding(finding) for finding in row["findings"]),
            "coverage": Coverage(row["coverage"]["pages"], tuple(row["coverage"]["missed"])),
            "hidden": tuple(HiddenText(**passage) for passage in row["hidden"]),
        }
    )


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(
        field=row["field"],
        state=State(row["state"]),
        values=tuple(_value(value) for value in row["values"]),
        raw=tuple(row["raw"]),
    )


def _value(row: dict[str, Any]) -> Value:
    return Value(
        **row
        | {
            "exactness": Exactness(row["exactness"]),
            "pages": tuple(row["pages"]),
            "boxes": tuple(Box(**box) for box in row["boxes"]),
        }
    )


def _enum(value: object) -> object:
    assert isinstance(value, Enum)
    return value.value
