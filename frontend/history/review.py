"""What people add to contract work: corrections of values, and lists of fields of their own."""

from __future__ import annotations

import time

import sqlalchemy as sa

from frontend.history import work_steps
from frontend.history.database import Database
from frontend.history.work_records import Correction
from frontend.history.work_tables import work_corrections, work_fields, work_files, work_jobs


class Review:
    """Reviewers' words, kept beside the model's. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def correct(
        self, owner: str, file: int, field: str, value: str | None, *, reviewer: str
    ) -> bool:
        """Keeps a reviewer's word on a field of a job's file; None agrees with the model.

        False if the file is not the owner's.
        """
        with self._database.write() as connection:
            if work_steps.own_file(connection, owner, file) is None:
                return False
            connection.execute(_of_field(file, field))
            connection.execute(
                sa.insert(work_corrections).values(
                    file=file,
                    field=field,
                    value=value,
                    reviewer=reviewer,
                    corrected_at=time.time(),
                )
            )
        return True

    def uncorrect(self, owner: str, file: int, field: str) -> None:
        """Takes a reviewer's word back."""
        with self._database.write() as connection:
            if work_steps.own_file(connection, owner, file) is not None:
                connection.execute(_of_field(file, field))

    def corrections(self, owner: str, job: str) -> dict[int, dict[str, Correction]]:
        """What reviewers said, by file and field."""
        query = (
            sa.select(work_corrections)
            .join(work_files, work_files.c.id == work_corrections.c.file)
            .join(work_jobs, work_jobs.c.id == work_files.c.job)
            .where(work_jobs.c.owner == owner, work_files.c.job == job)
        )
        found: dict[int, dict[str, Correction]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query).mappings():
                found.setdefault(row["file"], {})[row["field"]] = Correction(
                    row["field"], row["value"], row["reviewer"], row["corrected_at"]
                )
        return found

    def save_fields(
        self, owner: str, name: str, content: str, *, instead_of: str | None = None
    ) -> None:
        """Keeps a list of one's own in place of the one of its name, and of that `instead_of`."""
        with self._database.write() as connection:
            connection.execute(_own_list(owner, name))
            if instead_of is not None:
                connection.execute(_own_list(owner, instead_of))
            connection.execute(
                sa.insert(work_fields).values(
                    owner=owner, name=name, content=content, updated_at=time.time()
                )
            )

    def own_fields(self, owner: str) -> dict[str, str]:
        """The owner's lists of fields as JSON, by name."""
        query = (
            sa.select(work_fields).where(work_fields.c.owner == owner).order_by(work_fields.c.name)
        )
        with self._database.read() as connection:
            return {row["name"]: row["content"] for row in connection.execute(query).mappings()}

    def forget_fields(self, owner: str, name: str) -> None:
        """Drops a list of fields; jobs keep theirs."""
        with self._database.write() as connection:
            connection.execute(_own_list(owner, name))


def _of_field(file: int, field: str) -> sa.Delete:
    return sa.delete(work_corrections).where(
        work_corrections.c.file == file, work_corrections.c.field == field
    )


def _own_list(owner: str, name: str) -> sa.Delete:
    return sa.delete(work_fields).where(work_fields.c.owner == owner, work_fields.c.name == name)
