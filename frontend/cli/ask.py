"""The command `ask`: one answer about all files, with the pages that support it."""

from __future__ import annotations

import argparse
from typing import Any

from frontend import settings
from frontend.cli.desk import OWNER, as_json, desk, documents
from frontend.messages import FilePart
from frontend.workflows.fields import Language
from frontend.workflows.progress import Progress
from frontend.workflows.references import References
from frontend.workflows.sentences import checked
from frontend.workflows.summary import reference


def ask(asked: argparse.Namespace) -> int:
    """Asks once about all files. Pages are told if there is but one file."""
    with (
        desk(settings.load(), batch_work=False) as at,
        Progress(quiet=asked.quiet) as progress,
    ):
        read = list(documents(at, asked.files, progress))
        parts = [FilePart(one.file.sha256, one.filename) for one in read]
        answer = at.reader.ask(OWNER, parts, asked.question, max_tokens=asked.max_tokens)
    told: dict[str, Any] = {
        "answer": answer.text,
        "complete": answer.complete,
        "model": answer.model,
        "files": [
            {"file": one.filename, "pages": one.coverage.pages, "pages_read": one.coverage.read}
            for one in read
        ],
    }
    text = answer.text.strip()
    if len(read) == 1:
        sentences, tally = checked(answer.text, References(read[0].paper))
        told["sentences"] = [
            {"text": one.text, "pages": list(one.pages), "quote": one.quote} for one in sentences
        ]
        told["unsupported"] = tally.unsupported
        pages = sorted({page for one in sentences for page in one.pages})
        text = f"{text}\n{reference(pages, Language(asked.language))}".rstrip()
    print(as_json(told) if asked.json else text)
    return 0
