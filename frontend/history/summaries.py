"""Summaries of files of jobs: wanted by people, made by runners, kept as long as the job is.

A wanted summary is claimed as a file is (see `claims`), so that what a runner does not finish is
finished by another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from frontend.history import work_steps
from frontend.history.database import Database
from frontend.history.work_records import FileState, JobState, WorkFile, file_of
from frontend.history.work_tables import work_files, work_jobs, work_summaries

_OPEN = (FileState.WAITING.value, FileState.RUNNING.value)


@dataclass(frozen=True)
class KeptSummary:
    """A summary of one file: made, failed, or still wanted."""

    file: int
    about: str
    language: str
    content: str | None  # JSON
    error_code: str
    error: str

    @property
    def is_open(self) -> bool:
        """Whether it is yet to be made."""
        return self.content is None and not self.error_code


@dataclass(frozen=True)
class Wanted:
    """A claimed summary, and what is needed to make it."""

    owner: str
    file: WorkFile
    about: str
    language: str
    options: Mapping[str, Any]  # of the file's job


class Summaries:
    """Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def want(self, owner: str, files: Iterable[int], about: str, language: str) -> None:
        """Asks for a summary of each of the owner's files; one there is stays."""
        with self._database.write() as connection:
            for file in files:
                if work_steps.own_file(connection, owner, file) is None:
                    continue
                one = _one(file, about, language)
                connection.execute(
                    sa.delete(work_summaries).where(*one, work_summaries.c.error_code != "")
                )
                if connection.execute(sa.select(work_summaries).where(*one)).first() is None:
                    connection.execute(
                        sa.insert(work_summaries).values(
                            file=file,
                            about=about,
                            language=language,
                            error_code="",
                            error="",
                            asked_at=time.time(),
                        )
                    )

    def of_job(self, owner: str, job: str, file: int | None = None) -> tuple[KeptSummary, ...]:
        """All summaries of a job's files, or of one of them, as they were asked for."""
        query = (
            sa.select(work_summaries)
            .join(work_files, work_files.c.id == work_summaries.c.file)
            .join(work_jobs, work_jobs.c.id == work_files.c.job)
            .where(work_jobs.c.owner == owner, work_files.c.job == job)
            .order_by(work_files.c.position, work_summaries.c.asked_at)
        )
        if file is not None:
            query = query.where(work_files.c.id == file)
        with self._database.read() as connection:
            return tuple(
                KeptSummary(
                    row["file"], row["about"], row["language"], row["content"],
                    row["error_code"], row["error"],
                )
                for row in connection.execute(query).mappings()
            )  # fmt: skip

    def waits(self, jobs: Sequence[str] | None = None) -> bool:
        """Whether one is wanted (of those jobs, if named); costs no write."""
        with self._database.read() as connection:
            return connection.execute(_next(jobs)).first() is not None

    def claim(self, runner: str, jobs: Sequence[str] | None = None) -> Wanted | None:
        """The summary that has been wanted longest, this runner's from now on."""
        query = _next(jobs)
        with self._database.write() as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            claimed = connection.execute(
                sa.update(work_summaries)
                .where(
                    *_one(row["id"], row["about"], row["language"]),
                    work_summaries.c.runner.is_(None),
                )
                .values(runner=runner)
            )
            if not claimed.rowcount:  # another process was faster
                return None
        options = json.loads(row["options"])
        return Wanted(row["owner"], file_of(row), row["about"], row["language"], options)

    def holds(self, runner: str, wanted: Wanted) -> bool:
        """Whether it is still this runner's."""
        query = sa.select(work_summaries).where(*_claimed(runner, wanted))
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def finish(self, runner: str, wanted: Wanted, content: str) -> bool:
        """Keeps what was made; False if the claim is no longer this runner's."""
        return self._end(runner, wanted, {"content": content})

    def fail(self, runner: str, wanted: Wanted, code: str, message: str) -> bool:
        """Keeps why it could not be made."""
        return self._end(runner, wanted, {"error_code": code[:60], "error": message})

    def release(self, runner: str, wanted: Wanted) -> bool:
        """Gives it back, unfinished."""
        return self._end(runner, wanted, {})

    def _end(self, runner: str, wanted: Wanted, values: dict[str, Any]) -> bool:
        with self._database.write() as connection:
            ended = connection.execute(
                sa.update(work_summaries)
                .where(*_claimed(runner, wanted))
                .values(values | {"runner": None})
            )
        return bool(ended.rowcount)


def _next(jobs: Sequence[str] | None) -> sa.Select[Any]:
    """The summary to be made next. A file's fields come before its summaries."""
    query = (
        sa.select(
            work_summaries.c.about,
            work_summaries.c.language,
            work_jobs.c.owner,
            work_jobs.c.options,
            work_files,
        )
        .join(work_files, work_files.c.id == work_summaries.c.file)
        .join(work_jobs, work_jobs.c.id == work_files.c.job)
        .where(
            work_summaries.c.content.is_(None),
            work_summaries.c.error_code == "",
            work_summaries.c.runner.is_(None),
            work_files.c.state.not_in(_OPEN),
            work_jobs.c.state != JobState.STOPPED.value,
        )
        .order_by(work_summaries.c.asked_at)
        .limit(1)
    )
    return query if jobs is None else query.where(work_jobs.c.id.in_(jobs))


def _one(file: int, about: str, language: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        work_summaries.c.file == file,
        work_summaries.c.about == about,
        work_summaries.c.language == language,
    )


def _claimed(runner: str, wanted: Wanted) -> tuple[sa.ColumnElement[bool], ...]:
    one = _one(wanted.file.id, wanted.about, wanted.language)
    return (*one, work_summaries.c.runner == runner)
