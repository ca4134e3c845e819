"""The files that an owner's conversations and tables have, to be worked on once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from frontend.history.database import Database
from frontend.history.tables import attachments, conversations
from frontend.history.work_tables import work_files, work_jobs
from frontend.messages import FileRef

MOST_FILES: Final = 1000


@dataclass(frozen=True)
class KnownFile:
    """A file, under the name that it was added with last."""

    file: FileRef
    filename: str


class KnownFiles:
    """Files of owners. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, owner: str) -> tuple[KnownFile, ...]:
        """What the owner has in conversations and tables, each file once, the latest first.

        What was removed or forgotten everywhere is not among them. The latest `MOST_FILES` at most.
        """
        said = _columns(attachments, attachments.c.added_at).join(
            conversations, conversations.c.id == attachments.c.conversation
        )
        worked = _columns(work_files, work_jobs.c.created_at).join(
            work_jobs, work_jobs.c.id == work_files.c.job
        )
        used = sa.union_all(
            said.where(conversations.c.owner == owner, attachments.c.removed_at.is_(None)),
            worked.where(work_jobs.c.owner == owner),
        ).subquery()
        latest = (
            sa.func.row_number()
            .over(partition_by=used.c.sha256, order_by=used.c.used_at.desc())
            .label("place")
        )
        ranked = sa.select(used, latest).subquery()
        query = (
            sa.select(ranked)
            .where(ranked.c.place == 1)
            .order_by(ranked.c.used_at.desc(), ranked.c.filename)
            .limit(MOST_FILES)
        )
        with self._database.read() as connection:
            return tuple(
                KnownFile(
                    FileRef(row.sha256, row.kind, row.media_type, row.size, row.pages),
                    row.filename,
                )
                for row in connection.execute(query)
            )

    def are_beside(self, owner: str, conversation: str) -> bool:
        """Whether the owner has files that this conversation has not; quick to ask."""
        here = sa.select(attachments.c.sha256).where(
            attachments.c.conversation == conversation, attachments.c.removed_at.is_(None)
        )
        said = (
            sa.select(attachments.c.id)
            .join(conversations, conversations.c.id == attachments.c.conversation)
            .where(
                conversations.c.owner == owner,
                attachments.c.removed_at.is_(None),
                attachments.c.sha256.not_in(here),
            )
        )
        worked = (
            sa.select(work_files.c.id)
            .join(work_jobs, work_jobs.c.id == work_files.c.job)
            .where(work_jobs.c.owner == owner, work_files.c.sha256.not_in(here))
        )
        with self._database.read() as connection:
            return bool(connection.scalar(sa.select(sa.or_(said.exists(), worked.exists()))))


def _columns(table: sa.Table, used_at: sa.Column[Any]) -> sa.Select[Any]:
    described = (table.c[name] for name in ("sha256", "filename", "kind", "media_type"))
    return sa.select(*described, table.c.size, table.c.pages, used_at.label("used_at"))
