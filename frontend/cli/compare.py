"""The command `compare`: what changed between two versions, in clauses and, if asked, in fields."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from frontend import settings
from frontend.cli.desk import OWNER, Desk, as_json, desk, documents, fields_named
from frontend.history.history import History
from frontend.history.review import Review
from frontend.workflows.document import Document
from frontend.workflows.extraction import extract
from frontend.workflows.fields import FieldList, Language
from frontend.workflows.findings import Finding
from frontend.workflows.page_pairs import matched_pages
from frontend.workflows.progress import Progress
from frontend.workflows.revision import FieldChange, changed_fields, extract_revision
from frontend.workflows.versions import ClauseChange, changed_clauses


def compare(asked: argparse.Namespace) -> int:
    """Lists the clauses that came, went and changed; fields need the model, clauses do not."""
    chosen = settings.load()
    wanted: FieldList | None = None
    if asked.fields:
        with closing(History(chosen.database_url)) as history:
            wanted = fields_named(asked.fields, Language(asked.language), Review(history.database))
    changed: Sequence[FieldChange] = ()
    with (
        desk(chosen, batch_work=False) as at,
        Progress(quiet=asked.quiet) as progress,
    ):
        old, new = documents(at, [asked.old, asked.new], progress)
        if wanted is not None:
            changed = _changed_fields(at, old, new, wanted)
    clauses = changed_clauses(old.paper, new.paper)
    if asked.json:
        pages = [vars(pair) for pair in matched_pages(old.paper, new.paper)]
        told: dict[str, Any] = {"pages": pages, "clauses": [_clause(one) for one in clauses]}
        if wanted is not None:
            told["fields"] = [
                {"field": one.field.name, "old": _finding(one.old), "new": _finding(one.new)}
                for one in changed
            ]
        print(as_json(told))
        return 0
    for change in changed:
        print(f"{change.field.heading}: {change.old.shown or '-'} -> {change.new.shown or '-'}")
        for sign, finding in (("-", change.old), ("+", change.new)):
            for value in finding.values:
                if value.page is not None:
                    print(f"  {sign} [p. {value.page}] {value.quote}")
    for one in clauses:
        print(one.change.value)
        for sign, passage in (("-", one.old), ("+", one.new)):
            if passage is not None:
                print(f"  {sign} [p. {passage.page}] {passage.text}")
    return 0


def _changed_fields(
    at: Desk, old: Document, new: Document, wanted: FieldList
) -> Sequence[FieldChange]:
    before = extract(at.reader, OWNER, old, wanted, at.plan)
    revision = extract_revision(at.reader, OWNER, before, old, new, wanted, at.plan)
    return changed_fields(before, revision.extraction, wanted)


def _clause(one: ClauseChange) -> dict[str, Any]:
    return {
        "change": one.change.value,
        "old": one.old and {"page": one.old.page, "text": one.old.text},
        "new": one.new and {"page": one.new.page, "text": one.new.text},
        "edits": [vars(edit) for edit in one.edits],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "value": finding.shown or None,
        "state": finding.state.value,
        "quotes": [{"page": value.page, "text": value.quote} for value in finding.values],
    }
