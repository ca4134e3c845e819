"""The steps that the writes of contract work are made of, inside their transactions."""

from __future__ import annotations

import json
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from frontend.history.work_records import FileState, JobState, WorkJob
from frontend.history.work_tables import work_files, work_jobs
from frontend.messages import FileRef


def add_file(connection: Connection, job: str, position: int, file: FileRef, filename: str) -> int:
    """Keeps a file of a job and returns its number."""
    added = connection.execute(
        sa.insert(work_files).values(
            job=job,
            position=position,
            sha256=file.sha256,
            filename=filename,
            kind=file.kind,
            media_type=file.media_type,
            size=file.size,
            pages=file.pages,
            attempts=0,
            error_code="",
            error="",
            **waiting(),
        )
    )
    (number,) = added.inserted_primary_key or (0,)
    return int(number)


def waiting() -> dict[str, Any]:
    """What a file has that nobody is at."""
    return {
        "state": FileState.WAITING.value,
        "runner": None,
        "pages_read": 0,
        "updated_at": time.time(),
    }


def given_back() -> dict[str, Any]:
    """The same for a file whose work was broken off in good order: the attempt does not count."""
    return waiting() | {"attempts": work_files.c.attempts - 1}


def job_of(connection: Connection, row: RowMapping) -> WorkJob:
    """A row of `work_jobs`, its files counted."""
    counted = connection.execute(
        sa.select(work_files.c.state, sa.func.count())
        .where(work_files.c.job == row["id"])
        .group_by(work_files.c.state)
    )
    return WorkJob(
        id=row["id"],
        owner=row["owner"],
        title=row["title"],
        fields=row["fields"],
        options=json.loads(row["options"]),
        state=JobState(row["state"]),
        counts={FileState(state): count for state, count in counted},
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def set_state(
    connection: Connection, owner: str, job: str, state: JobState, only: JobState | None = None
) -> bool:
    """Changes a job's state (only from another one, if named); whether it did."""
    change = sa.update(work_jobs).where(work_jobs.c.owner == owner, work_jobs.c.id == job)
    if only is not None:
        change = change.where(work_jobs.c.state == only.value)
    changed = connection.execute(change.values(state=state.value, updated_at=time.time()))
    return bool(changed.rowcount)


def finish_if_done(connection: Connection, job: str) -> None:
    """A running job whose files have all ended is finished."""
    still_open = sa.exists().where(
        work_files.c.job == job,
        work_files.c.state.in_((FileState.WAITING.value, FileState.RUNNING.value)),
    )
    connection.execute(
        sa.update(work_jobs)
        .where(work_jobs.c.id == job, work_jobs.c.state == JobState.RUNNING.value, ~still_open)
        .values(state=JobState.FINISHED.value, updated_at=time.time())
    )


def own_file(connection: Connection, owner: str, file: int) -> RowMapping | None:
    query = (
        sa.select(work_files)
        .join(work_jobs, work_jobs.c.id == work_files.c.job)
        .where(work_jobs.c.owner == owner, work_files.c.id == file)
    )
    return connection.execute(query).mappings().one_or_none()
