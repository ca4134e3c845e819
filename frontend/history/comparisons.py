"""Jobs over two versions of one contract: which file is the old one, and how they compare."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from frontend.history.database import Database
from frontend.history.work_records import WorkFile, file_of
from frontend.history.work_tables import work_comparisons, work_files, work_jobs


@dataclass(frozen=True)
class KeptComparison:
    """The two files of a job, and their comparison once it is made."""

    old: int
    new: int
    content: str | None  # JSON


class Comparisons:
    """Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_job(self, owner: str, job: str) -> KeptComparison | None:
        """The job's comparison; None if it is a table of files of their own."""
        query = (
            sa.select(work_comparisons)
            .join(work_jobs, work_jobs.c.id == work_comparisons.c.job)
            .where(work_jobs.c.owner == owner, work_comparisons.c.job == job)
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        return KeptComparison(row["old_file"], row["new_file"], row["content"])

    def older(self, file: int) -> WorkFile | None:
        """The old version of a file, if it is the new one of a comparison."""
        query = (
            sa.select(work_files)
            .join(work_comparisons, work_comparisons.c.old_file == work_files.c.id)
            .where(work_comparisons.c.new_file == file)
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else file_of(row)

    def keep(self, job: str, content: str) -> None:
        """Keeps what the comparison found; the fields may follow later."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(work_comparisons)
                .where(work_comparisons.c.job == job)
                .values(content=content)
            )
