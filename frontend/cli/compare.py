"""The command `compare`: what changed between two versions, by their words alone."""

from __future__ import annotations

import argparse

from frontend import settings
from frontend.cli.desk import as_json, desk, documents
from frontend.workflows.progress import Progress
from frontend.workflows.versions import changed_clauses, matched_pages


def compare(asked: argparse.Namespace) -> int:
    """Lists the clauses that came, went and changed."""
    with (
        desk(settings.load(), batch_work=False) as at,
        Progress(quiet=asked.quiet) as progress,
    ):
        old, new = documents(at, [asked.old, asked.new], progress)
    changes = changed_clauses(old.paper, new.paper)
    if asked.json:
        pages = [vars(pair) for pair in matched_pages(old.paper, new.paper)]
        clauses = [
            {
                "change": one.change.value,
                "old": one.old and {"page": one.old.page, "text": one.old.text},
                "new": one.new and {"page": one.new.page, "text": one.new.text},
                "edits": [vars(edit) for edit in one.edits],
            }
            for one in changes
        ]
        print(as_json({"pages": pages, "clauses": clauses}))
        return 0
    for one in changes:
        print(one.change.value)
        for sign, passage in (("-", one.old), ("+", one.new)):
            if passage is not None:
                print(f"  {sign} [p. {passage.page}] {passage.text}")
    return 0
