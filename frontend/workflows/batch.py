"""A job over files on disk: handed over, made or found again, and its table at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontend.history.review import Review
from frontend.history.summaries import KeptSummary
from frontend.history.work import Work
from frontend.history.work_records import FileState, JobState, WorkFile, WorkJob
from frontend.messages import BackendError, FileRef
from frontend.workflows.extraction import Plan
from frontend.workflows.fields import FieldList
from frontend.workflows.reader import Reader
from frontend.workflows.table import Table, table

HOPELESS: Final = ("unavailable", "unauthenticated", "deadline")  # for every other file too
KINDS: Final = (".pdf", ".png", ".jpg", ".jpeg", ".webp", ".gif")


class NoFiles(Exception):
    """There is nothing to work on; one sentence that says why."""


@dataclass(frozen=True)
class Refused:
    """A file that the backend did not take."""

    path: Path
    position: int
    code: str
    message: str


@dataclass(frozen=True)
class HandedOver:
    """The files of a job: those that the backend has, and those that it refused."""

    files: tuple[tuple[FileRef, str], ...]
    refused: tuple[Refused, ...]


def found_files(named: Iterable[Path]) -> tuple[Path, ...]:
    """The named files, folders replaced by the documents and pictures in them; each once.

    Raises NoFiles if a name leads nowhere, or there is none at all.
    """
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            inside = (one for one in path.iterdir() if one.suffix.lower() in KINDS)
            found += sorted(one for one in inside if one.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise NoFiles(f"There is no file {path}.")
    if not found:
        raise NoFiles("There are no documents or pictures to work on.")
    return tuple(dict.fromkeys(found))


def hand_over(
    reader: Reader,
    owner: str,
    paths: Sequence[Path],
    heard: Callable[[int, int], None] | None = None,
) -> HandedOver:
    """Gives the files to the backend. One that it refuses is noted; BackendError if it is away."""
    files: list[tuple[FileRef, str]] = []
    refused: list[Refused] = []
    for position, path in enumerate(paths):
        try:
            files.append((reader.put(owner, path.read_bytes(), path.name), path.name))
        except OSError as error:
            refused.append(
                Refused(path, position, "unreadable", error.strerror or "It cannot be read.")
            )
        except BackendError as error:
            if error.kind in HOPELESS:
                raise
            refused.append(Refused(path, position, error.code or error.kind, error.message))
        if heard is not None:
            heard(position + 1, len(paths))
    return HandedOver(tuple(files), tuple(refused))


def begin(
    work: Work,
    owner: str,
    title: str,
    fields: FieldList,
    plan: Plan,
    files: Sequence[tuple[FileRef, str]],
    *,
    fresh: bool = False,
    versions: bool = False,
) -> str:
    """The id of a job over these files: the same job as before, if there was one, goes on.

    What is done stays done; what failed is tried again. `fresh` begins anew in any case. With
    `versions` the first of two files is the old version of the other.
    """
    key = _key(fields, plan, files, versions=versions)
    for job in work.jobs(owner):
        if job.options.get("key") == key:
            if fresh:
                work.delete(owner, job.id)
            else:
                _go_on(work, owner, job)
                return job.id
    options = {"key": key, "window_tokens": plan.window_tokens, "quotes": plan.quotes}
    return work.create(owner, title, fields.to_json(), options, files, versions=versions)


def results(
    work: Work,
    review: Review,
    owner: str,
    job: WorkJob,
    fields: FieldList,
    handed: HandedOver,
    summaries: Sequence[KeptSummary] = (),
) -> Table:
    """The job's table; files that the backend refused stand where they were named."""
    rows = list(work.files(owner, job.id))
    for one in handed.refused:
        rows.insert(min(one.position, len(rows)), _refused_row(job.id, one))
    return table(job.title, fields, rows, review.corrections(owner, job.id), summaries)


def _go_on(work: Work, owner: str, job: WorkJob) -> None:
    for file in work.files(owner, job.id):
        if file.state is FileState.FAILED:
            work.retry(owner, file.id)
    if job.state is JobState.STOPPED:
        work.resume(owner, job.id)


def _key(
    fields: FieldList, plan: Plan, files: Sequence[tuple[FileRef, str]], *, versions: bool
) -> str:
    """What makes two jobs the same: the same questions about the same files."""
    told = [
        fields.to_json(),
        plan.window_tokens,
        plan.quotes,
        [[file.sha256, name] for file, name in files],
        *(["versions"] if versions else []),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _refused_row(job: str, one: Refused) -> WorkFile:
    nothing = FileRef("", "document", "", 0, 0)
    return WorkFile(
        -1 - one.position, job, one.position, nothing, one.path.name, FileState.FAILED, 0, 0,
        one.code, one.message, None,
    )  # fmt: skip
