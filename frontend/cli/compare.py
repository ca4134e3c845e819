"""The command `compare`: what changed between two versions, in clauses and, if asked, in fields."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from frontend import settings
from frontend.cli.desk import (
    OWNER,
    Desk,
    as_json,
    desk,
    documents,
    fields_named,
    opened,
    writer_of,
)
from frontend.history.review import Review
from frontend.workflows import comparison
from frontend.workflows.comparison import Comparison
from frontend.workflows.document import Document
from frontend.workflows.extraction import extract
from frontend.workflows.fields import FieldList, Language
from frontend.workflows.findings import Finding
from frontend.workflows.progress import Progress
from frontend.workflows.revision import FieldChange, changed_fields, extract_revision
from frontend.workflows.versions import ClauseChange


@dataclass(frozen=True)
class _Compared:
    """What was found; no fields where none were asked for."""

    found: Comparison
    fields: Sequence[FieldChange] | None
    language: Language


def compare(asked: argparse.Namespace) -> int:
    """Lists the clauses that came, went and changed; fields need the model, clauses do not."""
    writer = writer_of(asked.out, _WRITERS)
    chosen, language = settings.load(), Language(asked.language)
    wanted: FieldList | None = None
    if asked.fields:
        with opened(chosen) as history:
            wanted = fields_named(asked.fields, language, Review(history.database))
    with (
        desk(chosen, batch_work=False) as at,
        Progress(quiet=asked.quiet) as progress,
    ):
        old, new = documents(at, [asked.old, asked.new], progress)
        changed = None if wanted is None else _changed_fields(at, old, new, wanted, progress)
    told = _Compared(comparison.compare(old, new), changed, language)
    if asked.out:
        asked.out.write_bytes(writer(told))
    if asked.json or not asked.out:
        sys.stdout.write(_WRITERS[".json" if asked.json else ".md"](told).decode())
    return 0


def _changed_fields(
    at: Desk, old: Document, new: Document, wanted: FieldList, progress: Progress
) -> Sequence[FieldChange]:
    """The old version is asked about whole, of the new one its changed pages alone."""
    progress.tell(0, 2, "versions asked about")
    before = extract(at.reader, OWNER, old, wanted, at.plan)
    progress.tell(1, 2, "versions asked about")
    revision = extract_revision(at.reader, OWNER, before, old, new, wanted, at.plan)
    progress.tell(2, 2, "versions asked about")
    return changed_fields(before, revision.extraction, wanted)


def _plain(told: _Compared) -> bytes:
    """Lines: old ones begin with -, new ones with +."""
    lines = [
        f"- {told.found.old.line(told.language)}",
        f"+ {told.found.new.line(told.language)}",
    ]
    for change in told.fields or ():
        lines.append(
            f"{change.field.heading}: {change.old.shown or '-'} -> {change.new.shown or '-'}"
        )
        for sign, finding in (("-", change.old), ("+", change.new)):
            lines += [
                f"  {sign} [p. {value.page}] {value.quote}"
                for value in finding.values
                if value.page is not None
            ]
    for one in told.found.clauses:
        lines.append(one.change.value)
        lines += [
            f"  {sign} [p. {passage.page}] {passage.text}"
            for sign, passage in (("-", one.old), ("+", one.new))
            if passage is not None
        ]
    return ("\n".join(lines) + "\n").encode()


def _json(told: _Compared) -> bytes:
    found = told.found
    content: dict[str, Any] = {
        "old": {"pages": found.old.pages, "pages_read": found.old.read},
        "new": {"pages": found.new.pages, "pages_read": found.new.read},
        "pages": [vars(pair) for pair in found.pages],
        "changed_pages": list(found.changed_pages),
        "clauses": [_clause(one) for one in found.clauses],
    }
    if told.fields is not None:
        content["fields"] = [
            {"field": one.field.name, "old": _finding(one.old), "new": _finding(one.new)}
            for one in told.fields
        ]
    return f"{as_json(content)}\n".encode()


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


_WRITERS: Final[dict[str, Callable[[_Compared], bytes]]] = {
    ".md": _plain,
    ".txt": _plain,
    ".json": _json,
}
