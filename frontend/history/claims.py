"""Who works on which file: claims, signs of life, and the transactions that end a claim.

A file is claimed before it is worked on, and its result is kept in the one transaction that ends
the claim, so that nothing is lost and nothing done twice. What a dead runner had claimed waits
again; a file that was claimed three times and never ended is given up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from frontend.history import work_steps
from frontend.history.database import Database
from frontend.history.work_records import FileState, JobState, WorkFile, file_of
from frontend.history.work_tables import (
    work_comparisons,
    work_files,
    work_jobs,
    work_runners,
    work_summaries,
)

GONE_AFTER: Final = 10.0  # seconds without a sign of life
MOST_ATTEMPTS: Final = 3

_older: Final = work_files.alias("older")  # made once: idle runners ask again and again


class Claims:
    """For runners, each working on one file at a time. Safe for several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waits(self, jobs: Sequence[str] | None = None) -> bool:
        """Whether a file waits (in those jobs, if named); costs no write."""
        with self._database.read() as connection:
            return connection.execute(_next_job(jobs)).first() is not None

    def claim(self, runner: str, *, jobs: Sequence[str] | None = None) -> WorkFile | None:
        """The next file, this runner's from now on; None if none waits (of those jobs, if named).

        The job with the fewest files under way is served first, then the one that waited longest.
        """
        with self._database.write() as connection:
            job = connection.execute(_next_job(jobs)).scalar()
            if job is None:
                return None
            first = (
                sa.select(work_files)
                .where(work_files.c.job == job, *_can_begin())
                .order_by(work_files.c.position)
                .limit(1)
            )
            row = connection.execute(first).mappings().one()
            claimed = connection.execute(
                sa.update(work_files)
                .where(work_files.c.id == row["id"], work_files.c.state == FileState.WAITING.value)
                .values(
                    state=FileState.RUNNING.value,
                    runner=runner,
                    attempts=work_files.c.attempts + 1,
                    updated_at=time.time(),
                )
            )
            if not claimed.rowcount:  # another process was faster
                return None
            connection.execute(
                sa.update(work_jobs).where(work_jobs.c.id == job).values(served_at=time.time())
            )
        return file_of(row)

    def terms(self, job: str) -> tuple[str, str, Mapping[str, Any]]:
        """Whose job it is, its list of fields as JSON, its options."""
        query = sa.select(work_jobs).where(work_jobs.c.id == job)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one()
        return row["owner"], row["fields"], json.loads(row["options"])

    def holds(self, runner: str, file: int) -> bool:
        """Whether the file is still this runner's, and its job not stopped."""
        with self._database.read() as connection:
            return _claimed(connection, runner, file) is not None

    def progress(self, runner: str, file: int, pages_read: int) -> bool:
        """Notes how many pages were read; False if the claim is no longer this runner's."""
        return self._change(runner, file, {"pages_read": pages_read})

    def finish(self, runner: str, file: int, result: str) -> bool:
        """Keeps the result; False, and nothing kept, if the claim is no longer this runner's."""
        ended = {"state": FileState.DONE.value, "runner": None, "result": result}
        return self._change(runner, file, ended)

    def fail(self, runner: str, file: int, code: str, message: str) -> bool:
        """Keeps why the file could not be worked on; the job goes on without it."""
        told = {"error_code": code[:60], "error": message}
        return self._change(runner, file, {"state": FileState.FAILED.value, "runner": None} | told)

    def release(self, runner: str, file: int) -> bool:
        """Gives a claimed file back, unfinished."""
        return self._change(runner, file, work_steps.given_back())

    def seen(self, runners: Sequence[str]) -> None:
        """A sign of life of each of them."""
        with self._database.write() as connection:
            connection.execute(sa.delete(work_runners).where(work_runners.c.id.in_(runners)))
            now = time.time()
            connection.execute(
                sa.insert(work_runners), [{"id": runner, "seen_at": now} for runner in runners]
            )

    def leave(self, runners: Sequence[str]) -> None:
        """Runners end in good order; what they still had waits again."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(work_files)
                .where(
                    work_files.c.runner.in_(runners), work_files.c.state == FileState.RUNNING.value
                )
                .values(work_steps.given_back())
            )
            connection.execute(
                sa.update(work_summaries)
                .where(work_summaries.c.runner.in_(runners))
                .values(runner=None)
            )
            connection.execute(sa.delete(work_runners).where(work_runners.c.id.in_(runners)))

    def recover(self, *, gone_after: float = GONE_AFTER) -> int:
        """What runners claimed that are gone waits again; returns how many files and summaries."""
        living = sa.select(work_runners.c.id).where(
            work_runners.c.seen_at > time.time() - gone_after
        )
        lost = (work_files.c.state == FileState.RUNNING.value, work_files.c.runner.not_in(living))
        unsummed = work_summaries.c.runner.not_in(living)
        with self._database.read() as connection:
            files = connection.execute(sa.select(work_files.c.id).where(*lost)).first()
            summaries = connection.execute(sa.select(work_summaries.c.file).where(unsummed)).first()
        if files is None and summaries is None:
            return 0
        with self._database.write() as connection:
            hopeless = connection.execute(
                sa.select(work_files.c.id, work_files.c.job).where(
                    *lost, work_files.c.attempts >= MOST_ATTEMPTS
                )
            ).all()
            for file, job in hopeless:
                connection.execute(
                    sa.update(work_files)
                    .where(work_files.c.id == file)
                    .values(
                        state=FileState.FAILED.value,
                        runner=None,
                        error_code="gave_up",
                        error=f"Work on this file broke off {MOST_ATTEMPTS} times.",
                    )
                )
                work_steps.finish_if_done(connection, job)
            freed = connection.execute(
                sa.update(work_files).where(*lost).values(work_steps.waiting())
            )
            wanted = connection.execute(
                sa.update(work_summaries).where(unsummed).values(runner=None)
            )
            connection.execute(
                sa.delete(work_runners).where(
                    work_runners.c.seen_at <= time.time() - 10 * gone_after
                )
            )
        return int(freed.rowcount) + int(wanted.rowcount) + len(hopeless)

    def _change(self, runner: str, file: int, values: dict[str, Any]) -> bool:
        """Changes a claimed file; a changed state ends the claim, and perhaps the job."""
        with self._database.write() as connection:
            row = _claimed(connection, runner, file)
            if row is None:
                return False
            connection.execute(
                sa.update(work_files)
                .where(work_files.c.id == file)
                .values(values | {"updated_at": time.time()})
            )
            if "state" in values:
                work_steps.finish_if_done(connection, row["job"])
        return True


def _next_job(jobs: Sequence[str] | None) -> sa.Select[Any]:
    """The job to be served next."""
    busy = (
        sa.select(sa.func.count())
        .select_from(work_files)
        .where(work_files.c.job == work_jobs.c.id, work_files.c.state == FileState.RUNNING.value)
        .correlate(work_jobs)
        .scalar_subquery()
    )
    waits = sa.exists().where(work_files.c.job == work_jobs.c.id, *_can_begin())
    query = (
        sa.select(work_jobs.c.id)
        .where(work_jobs.c.state == JobState.RUNNING.value, waits)
        .order_by(busy, work_jobs.c.served_at, work_jobs.c.created_at)
        .limit(1)
    )
    return query if jobs is None else query.where(work_jobs.c.id.in_(jobs))


def _can_begin() -> tuple[sa.ColumnElement[bool], ...]:
    """A file waits, and is no new version of a file that is yet to end."""
    unread = sa.exists().where(
        work_comparisons.c.new_file == work_files.c.id,
        work_comparisons.c.old_file == _older.c.id,
        _older.c.state.in_((FileState.WAITING.value, FileState.RUNNING.value)),
    )
    return work_files.c.state == FileState.WAITING.value, ~unread


def _claimed(connection: Connection, runner: str, file: int) -> RowMapping | None:
    """The file's row if it is this runner's."""
    query = sa.select(work_files).where(
        work_files.c.id == file,
        work_files.c.runner == runner,
        work_files.c.state == FileState.RUNNING.value,
    )
    return connection.execute(query).mappings().one_or_none()
