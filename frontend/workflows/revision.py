"""A new version of a contract whose fields are known: only its changed pages are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from frontend.workflows.document import Document
from frontend.workflows.extraction import Plan, extract
from frontend.workflows.fields import Field, FieldList
from frontend.workflows.findings import Extraction, Finding, State
from frontend.workflows.halt import Halt
from frontend.workflows.judgement import Told, judge
from frontend.workflows.page_pairs import PagePair, changed_pages, matched_pages
from frontend.workflows.paper import Paper
from frontend.workflows.reader import Reader


@dataclass(frozen=True)
class FieldChange:
    """A field that has other values in the new version, or another state."""

    field: Field
    old: Finding
    new: Finding


@dataclass(frozen=True)
class Revision:
    """The new version's fields, and which pages had to be asked about for them."""

    extraction: Extraction
    pages: tuple[PagePair, ...]
    asked: tuple[int, ...]


def extract_revision(
    reader: Reader,
    owner: str,
    before: Extraction,
    old: Document,
    new: Document,
    fields: FieldList,
    plan: Plan,
    *,
    halt: Halt | None = None,
) -> Revision:
    """The fields of a new version. Raises what `extract` does.

    What stood on pages that are still there is carried over (and located anew); the changed pages
    alone are asked about.
    """
    pairs = matched_pages(old.paper, new.paper)
    asked = changed_pages(pairs)
    if not asked:
        findings = tuple(_united(field, before, None, pairs, new.paper) for field in fields.fields)
        return Revision(
            replace(
                before,
                sha256=new.file.sha256,
                filename=new.filename,
                findings=findings,
                coverage=new.coverage,
                hidden=new.hidden,
                windows=0,
                retries=0,
                seconds=0.0,
            ),
            pairs,
            asked,
        )
    changed = Paper([sheet for sheet in new.paper.sheets if sheet.number in asked])
    part = replace(new, paper=changed)
    fresh = extract(reader, owner, part, fields, plan, halt=halt)
    findings = tuple(_united(field, before, fresh, pairs, new.paper) for field in fields.fields)
    return Revision(replace(fresh, findings=findings), pairs, asked)


def changed_fields(
    before: Extraction, after: Extraction, fields: FieldList
) -> tuple[FieldChange, ...]:
    """The fields whose values differ, spelling aside."""
    changes = []
    for field in fields.fields:
        old, new = before.finding(field.name), after.finding(field.name)
        if old is not None and new is not None and _key(old) != _key(new):
            changes.append(FieldChange(field, old, new))
    return tuple(changes)


def _key(finding: Finding) -> tuple[str, ...]:
    return tuple(sorted({value.shown.casefold() for value in finding.values}))


def _united(
    field: Field,
    before: Extraction,
    fresh: Extraction | None,
    pairs: Sequence[PagePair],
    paper: Paper,
) -> Finding:
    """What still stands on unchanged pages, and what the changed ones say."""
    kept = {pair.old for pair in pairs if pair.is_same}
    still = tuple(pair.new for pair in pairs if pair.is_same and pair.new is not None)
    answers: list[Told] = []
    old = before.finding(field.name)
    if old is not None:
        answers += [
            Told({"value": value.said, "quote": value.quote.strip("…")}, still)
            for value in old.values
            if kept.intersection(value.pages)
        ]
    new = fresh.finding(field.name) if fresh is not None else None
    if new is not None:
        answers += [Told(raw, changed_pages(pairs)) for raw in new.raw]
    answered = new is None or new.state is not State.UNVERIFIED or bool(new.values)
    return judge(field, answers, paper, answered=answered)
