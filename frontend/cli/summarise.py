"""The command `summarise`: a summary of each file, its sentences with page references."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from frontend import settings
from frontend.cli.desk import OWNER, CannotDo, as_json, desk, documents, writer_of
from frontend.workflows import batch
from frontend.workflows.fields import Language
from frontend.workflows.progress import Progress
from frontend.workflows.report import summary_to_docx
from frontend.workflows.summary import Summarised, Summary
from frontend.workflows.summary import summarise as summarised


def summarise(asked: argparse.Namespace) -> int:
    """Sums the files up, one by one; the first failure ends it."""
    writers: dict[str, Callable[[list[Summary]], bytes]] = {
        ".md": lambda told: _summaries(told).encode(),
        ".json": lambda told: as_json([_told(one) for one in told]).encode(),
        ".docx": lambda told: summary_to_docx(told[0]),
    }
    writer = writer_of(asked.out, writers)
    if (
        asked.out
        and asked.out.suffix.lower() == ".docx"
        and len(batch.found_files(asked.files)) > 1
    ):
        raise CannotDo("A .docx holds the summary of one file; use .md or .json for several.")
    language = Language(asked.language)
    made: list[Summary] = []
    with (
        desk(settings.load(), batch_work=False) as at,
        Progress(quiet=asked.quiet) as progress,
    ):
        for document in documents(at, asked.files, progress):
            made.append(
                summarised(
                    at.reader,
                    OWNER,
                    document,
                    Summarised(asked.about),
                    language,
                    at.plan,
                    done=lambda done, of: progress.tell(done, of, "parts asked about"),
                )
            )
    if asked.out:
        asked.out.write_bytes(writer(made))
    if asked.json or not asked.out:
        sys.stdout.write(writers[".json" if asked.json else ".md"](made).decode())
    return 0


def _summaries(made: list[Summary]) -> str:
    return "".join(
        f"# {one.filename}\n\n{one.coverage.line(one.language)}\n\n{one.text()}\n\n" for one in made
    )


def _told(summary: Summary) -> dict[str, Any]:
    return {
        "file": summary.filename,
        "about": summary.about.value,
        "pages": summary.coverage.pages,
        "pages_read": summary.coverage.read,
        "sentences": [
            {"text": one.text, "pages": list(one.pages)}
            for one in summary.sentences
            if not one.is_heading
        ],
        "references": vars(summary.tally),
    }
