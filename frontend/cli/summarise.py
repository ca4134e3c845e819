"""The command `summarise`: summaries of each file, their sentences with page references."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Sequence
from typing import Final

from frontend import settings
from frontend.cli.desk import OWNER, as_json, desk, documents, writer_of
from frontend.messages import BackendError
from frontend.workflows import batch
from frontend.workflows.fields import Language
from frontend.workflows.labels import summary_label
from frontend.workflows.progress import Progress
from frontend.workflows.report import summaries_to_docx
from frontend.workflows.summarising import summarise as summarised
from frontend.workflows.summary import Summarised, Summary, as_plain

ALL: Final = "all"


def summarise(asked: argparse.Namespace) -> int:
    """Sums the files up, one by one; returns how many of them could not be."""
    writer = writer_of(asked.out, _WRITERS)
    language = Language(asked.language)
    wanted = list(Summarised) if asked.about == ALL else [Summarised(asked.about)]
    made: list[Summary] = []
    failed = 0
    with (
        desk(settings.load(), batch_work=False) as at,
        Progress(quiet=asked.quiet) as progress,
    ):
        for path in batch.found_files(asked.files):
            try:
                (document,) = documents(at, [path], progress)
                for about in wanted:
                    made.append(
                        summarised(
                            at.reader,
                            OWNER,
                            document,
                            about,
                            language,
                            at.plan,
                            done=lambda done, of: progress.tell(done, of, "parts asked about"),
                        )
                    )
            except BackendError as error:
                if error.kind in batch.HOPELESS:
                    raise
                print(f"{path.name}: {error.message}", file=sys.stderr)
                failed += 1
    if asked.out:
        asked.out.write_bytes(writer(made))
    if asked.json or not asked.out:
        sys.stdout.write(_WRITERS[".json" if asked.json else ".md"](made).decode())
    return failed


def _markdown(made: Sequence[Summary]) -> str:
    """The files one after the other, each with its summaries."""
    lines = []
    for _, several in itertools.groupby(made, key=lambda one: one.filename):
        summaries = list(several)
        first = summaries[0]
        lines += [f"# {first.filename}", "", first.coverage.line(first.language), ""]
        for one in summaries:
            told = one.text() or "–"
            lines += [f"## {summary_label(one.about.value, one.language)}", "", told, ""]
    return "\n".join(lines)


_WRITERS: Final[dict[str, Callable[[Sequence[Summary]], bytes]]] = {
    ".md": lambda made: _markdown(made).encode(),
    ".json": lambda made: f"{as_json([as_plain(one) for one in made])}\n".encode(),
    ".docx": summaries_to_docx,
}
