"""What two versions of a contract have in common and what differs, read from the words alone."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from frontend.workflows.document import Coverage, Document
from frontend.workflows.page_pairs import PagePair, changed_pages, matched_pages
from frontend.workflows.paper import Box
from frontend.workflows.versions import Change, ClauseChange, Edit, Passage, changed_clauses


@dataclass(frozen=True)
class Comparison:
    """Pages that belong together, and the clauses that came, went and changed."""

    old: Coverage
    new: Coverage
    pages: tuple[PagePair, ...]
    clauses: tuple[ClauseChange, ...]

    @property
    def changed_pages(self) -> tuple[int, ...]:
        """The new version's pages that are not in the old one as they are."""
        return changed_pages(self.pages)

    def to_json(self) -> str:
        """As JSON that `read` takes back."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, default=_enum)


def compare(old: Document, new: Document) -> Comparison:
    """The comparison of two read documents; no model is asked."""
    return Comparison(
        old.coverage,
        new.coverage,
        matched_pages(old.paper, new.paper),
        changed_clauses(old.paper, new.paper),
    )


def read(text: str) -> Comparison:
    """A comparison from its JSON."""
    row = json.loads(text)
    return Comparison(
        old=_coverage(row["old"]),
        new=_coverage(row["new"]),
        pages=tuple(PagePair(**pair) for pair in row["pages"]),
        clauses=tuple(
            ClauseChange(
                Change(one["change"]),
                _passage(one["old"]),
                _passage(one["new"]),
                tuple(Edit(**edit) for edit in one["edits"]),
            )
            for one in row["clauses"]
        ),
    )


def _coverage(row: dict[str, Any]) -> Coverage:
    return Coverage(row["pages"], tuple(row["missed"]))


def _passage(row: dict[str, Any] | None) -> Passage | None:
    if row is None:
        return None
    return Passage(row["text"], row["page"], tuple(Box(**box) for box in row["boxes"]))


def _enum(value: object) -> object:
    assert isinstance(value, Enum)
    return value.value
