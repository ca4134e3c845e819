"""The command `extract`: fields of many files, as a job that survives its end and goes on."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Final

from frontend import settings
from frontend.cli.desk import OWNER, CannotDo, desk, fields_named, opened, writer_of
from frontend.history.review import Review
from frontend.history.summaries import Summaries
from frontend.history.work import Work
from frontend.history.work_records import FileState, JobState
from frontend.messages import BackendError
from frontend.workflows import batch, export
from frontend.workflows.fields import Language
from frontend.workflows.progress import Progress
from frontend.workflows.report import to_docx
from frontend.workflows.runner import Runner
from frontend.workflows.table import Table
from frontend.workflows.workbook import to_xlsx

_LOOK_SECONDS: Final = 0.2
_PATIENCE: Final = 300.0  # seconds for a backend that went away in the middle
_WRITERS: Final[dict[str, Callable[[Table], bytes]]] = {
    ".xlsx": to_xlsx,
    ".csv": export.to_csv,
    ".json": export.to_json,
    ".md": export.to_markdown,
    ".docx": to_docx,
}


def extract(asked: argparse.Namespace) -> int:
    """Runs the job, or goes on with it; returns how many files failed."""
    writer = writer_of(asked.out, _WRITERS)
    paths = batch.found_files(asked.files)
    chosen = settings.load()
    with opened(chosen) as history:
        review, work = Review(history.database), Work(history.database)
        summaries = Summaries(history.database)
        wanted = fields_named(asked.fields, Language(asked.language), review)
        with (
            desk(chosen, batch_work=True) as at,
            Progress(quiet=asked.quiet) as progress,
        ):
            handed = batch.hand_over(
                at.reader, OWNER, paths, lambda done, of: progress.tell(done, of, "handed over")
            )
            title = asked.out.stem if asked.out else wanted.title
            job = batch.begin(work, OWNER, title, wanted, at.plan, handed.files, fresh=asked.fresh)
            for about in dict.fromkeys(asked.summaries):
                ids = [file.id for file in work.files(OWNER, job)]
                summaries.want(OWNER, ids, about.value, asked.language)
            runner = Runner(at.reader, history.database, threads=asked.threads, jobs=(job,))
            _run(runner, work, summaries, job, progress)
        kept = work.job(OWNER, job)
        if kept is None:
            raise CannotDo("The job was deleted by someone else.")
        made = summaries.of_job(OWNER, job)
        table = batch.results(work, review, OWNER, kept, wanted, handed, made)
    if asked.out:
        asked.out.write_bytes(writer(table))
    if asked.json or not asked.out:
        sys.stdout.write((export.to_json if asked.json else export.to_markdown)(table).decode())
    bad = [row for row in table.rows if row.state is FileState.FAILED]
    for row in bad:
        print(f"{row.filename}: {row.error}", file=sys.stderr)
    unmade = [one for one in made if one.error_code]
    for one in unmade:
        print(f"The summary {one.about} failed: {one.error}", file=sys.stderr)
    return len(bad) + len(unmade)


def _run(runner: Runner, work: Work, summaries: Summaries, job: str, progress: Progress) -> None:
    """Lets the runner work until the job ends; Ctrl-C stops the job, to be resumed."""
    runner.start()
    try:
        while True:
            kept = work.job(OWNER, job)
            if kept is None:
                return
            if kept.state is JobState.FINISHED:
                made = summaries.of_job(OWNER, job)
                still_open = sum(one.is_open for one in made)
                if not still_open:
                    return
                progress.tell(len(made) - still_open, len(made), "summaries")
                time.sleep(_LOOK_SECONDS)
                continue
            if runner.away_seconds > _PATIENCE:
                raise BackendError("unavailable", "The backend went away and did not come back.")
            failed = kept.counts.get(FileState.FAILED, 0)
            busy = [
                f"{file.filename} {file.pages_read}/{file.file.pages}"
                for file in work.files(OWNER, job)
                if file.state is FileState.RUNNING
            ]
            told = f"files, {failed} failed" if failed else "files"
            progress.tell(kept.files - kept.open, kept.files, f"{told}  {', '.join(busy)}")
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        runner.stop(OWNER, job)
        raise
    finally:
        runner.close()
