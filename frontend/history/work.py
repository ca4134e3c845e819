"""Contract work kept in the history's database: jobs over many files, and what came of each."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from frontend.history import steps, work_steps
from frontend.history.database import Database
from frontend.history.records import new_id
from frontend.history.work_records import FileState, JobState, WorkFile, WorkJob, file_of
from frontend.history.work_tables import work_comparisons, work_files, work_jobs
from frontend.messages import FileRef


class Work:
    """The jobs of owners. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        owner: str,
        title: str,
        fields: str,
        options: Mapping[str, Any],
        files: Sequence[tuple[FileRef, str]],
        *,
        versions: bool = False,
    ) -> str:
        """Keeps a new job over files (with their names) and returns its id; it begins at once.

        With `versions` the first of two files is the old version of the other.
        """
        job, now = new_id(), time.time()
        with self._database.write() as connection:
            connection.execute(
                sa.insert(work_jobs).values(
                    id=job,
                    owner=owner,
                    title=title,
                    fields=fields,
                    options=json.dumps(dict(options)),
                    state=(JobState.RUNNING if files else JobState.FINISHED).value,
                    served_at=0.0,
                    created_at=now,
                    updated_at=now,
                )
            )
            ids = []
            for position, (file, filename) in enumerate(files):
                steps.keep_file(connection, owner, file.sha256)
                ids.append(work_steps.add_file(connection, job, position, file, filename))
            if versions:
                old, new = ids
                connection.execute(
                    sa.insert(work_comparisons).values(job=job, old_file=old, new_file=new)
                )
        return job

    def jobs(self, owner: str, limit: int = 100) -> tuple[WorkJob, ...]:
        """The owner's jobs, the latest first."""
        query = (
            sa.select(work_jobs)
            .where(work_jobs.c.owner == owner)
            .order_by(work_jobs.c.created_at.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            return tuple(work_steps.job_of(connection, row) for row in rows)

    def job(self, owner: str, job: str) -> WorkJob | None:
        """One of the owner's jobs."""
        query = sa.select(work_jobs).where(work_jobs.c.owner == owner, work_jobs.c.id == job)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else work_steps.job_of(connection, row)

    def files(self, owner: str, job: str) -> tuple[WorkFile, ...]:
        """The job's files, in their order."""
        query = (
            sa.select(work_files)
            .join(work_jobs, work_jobs.c.id == work_files.c.job)
            .where(work_jobs.c.owner == owner, work_files.c.job == job)
            .order_by(work_files.c.position)
        )
        with self._database.read() as connection:
            return tuple(file_of(row) for row in connection.execute(query).mappings())

    def stop(self, owner: str, job: str) -> None:
        """No further file is begun; what is being worked on waits again."""
        with self._database.write() as connection:
            if work_steps.set_state(
                connection, owner, job, JobState.STOPPED, only=JobState.RUNNING
            ):
                connection.execute(
                    sa.update(work_files)
                    .where(work_files.c.job == job, work_files.c.state == FileState.RUNNING.value)
                    .values(work_steps.given_back())
                )

    def resume(self, owner: str, job: str) -> None:
        """Goes on where it stopped."""
        with self._database.write() as connection:
            if work_steps.set_state(
                connection, owner, job, JobState.RUNNING, only=JobState.STOPPED
            ):
                work_steps.finish_if_done(connection, job)

    def retry(self, owner: str, file: int) -> bool:
        """Lets one file that ended be worked on again; whether there was one."""
        with self._database.write() as connection:
            row = work_steps.own_file(connection, owner, file)
            if row is None or FileState(row["state"]) not in (FileState.DONE, FileState.FAILED):
                return False
            fresh = {"attempts": 0, "error_code": "", "error": "", "result": None}
            connection.execute(
                sa.update(work_files)
                .where(work_files.c.id == file)
                .values(work_steps.waiting() | fresh)
            )
            work_steps.set_state(connection, owner, row["job"], JobState.RUNNING)
        return True

    def rename(self, owner: str, job: str, title: str) -> None:
        with self._database.write() as connection:
            connection.execute(
                sa.update(work_jobs)
                .where(work_jobs.c.owner == owner, work_jobs.c.id == job)
                .values(title=title)
            )

    def delete(self, owner: str, job: str) -> None:
        """Forgets a job and its results; files used nowhere else are marked for erasure."""
        mine = (work_jobs.c.owner == owner, work_jobs.c.id == job)
        hashes = (
            sa.select(work_files.c.sha256)
            .join(work_jobs, work_jobs.c.id == work_files.c.job)
            .where(*mine)
            .distinct()
        )
        with self._database.write() as connection:
            used = connection.execute(hashes).scalars().all()
            connection.execute(sa.delete(work_jobs).where(*mine))
            for sha256 in used:
                steps.erase_if_unused(connection, owner, sha256)
