"""Forgetting a document: every row that shows something of it goes, and is counted."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from frontend.history import steps, work_steps
from frontend.history.database import Database
from frontend.history.tables import attachments, conversations, erasures, messages
from frontend.history.work_tables import work_comparisons, work_files, work_jobs


@dataclass(frozen=True)
class ErasedRows:
    """What the history no longer has."""

    conversations: int = 0  # as a whole, because nothing of them was left
    messages: int = 0  # questions about it, their answers, and all that followed them
    rows: int = 0  # of tables of many documents
    tables: int = 0  # as a whole, because nothing of them was left


class Forgetting:
    """Takes documents out of an owner's history. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def conversations(self, owner: str, sha256: str) -> tuple[str, ...]:
        """The conversations that have or had the document."""
        with self._database.read() as connection:
            return tuple(_conversations(connection, owner, sha256))

    def forget(self, owner: str, sha256: str) -> ErasedRows:
        """Deletes what the document left, and marks it for the backend to erase.

        A conversation loses everything from the first question that the document was sent with:
        later answers were given in its sight. What was deleted is overwritten on disk.
        """
        gone = said = 0
        with self._database.write() as connection:
            for conversation in _conversations(connection, owner, sha256):
                cut, left = _forget_in(connection, conversation, sha256)
                said += cut
                gone += not left
            rows, tables = _forget_work(connection, owner, sha256)
            steps.keep_file(connection, owner, sha256)  # not marked twice
            connection.execute(sa.insert(erasures).values(owner=owner, sha256=sha256))
        self._database.scrub()
        return ErasedRows(gone, said, rows, tables)


def _conversations(connection: Connection, owner: str, sha256: str) -> list[str]:
    query = (
        sa.select(attachments.c.conversation)
        .join(conversations, conversations.c.id == attachments.c.conversation)
        .where(conversations.c.owner == owner, attachments.c.sha256 == sha256)
        .distinct()
    )
    return list(connection.execute(query).scalars())


def _forget_in(connection: Connection, conversation: str, sha256: str) -> tuple[int, bool]:
    """How many messages of a conversation went, and whether anything of it is left."""
    here = (attachments.c.conversation == conversation, attachments.c.sha256 == sha256)
    first = connection.execute(
        sa.select(sa.func.min(messages.c.position))
        .join(attachments, attachments.c.message == messages.c.id)
        .where(*here)
    ).scalar()
    connection.execute(sa.delete(attachments).where(*here))
    cut = 0 if first is None else steps.cut(connection, conversation, first)
    if steps.next_position(connection, conversation) > 0:
        steps.touch(connection, conversation)
        return cut, True
    other = connection.execute(
        sa.select(attachments.c.filename)
        .where(attachments.c.conversation == conversation)
        .order_by(attachments.c.id)
    ).scalar()
    if other is None:
        connection.execute(sa.delete(conversations).where(conversations.c.id == conversation))
        return cut, False
    steps.retitle(connection, conversation, other)  # the old one was its name or a question on it
    steps.touch(connection, conversation)
    return cut, True


def _forget_work(connection: Connection, owner: str, sha256: str) -> tuple[int, int]:
    """How many rows and whole tables of contract work went."""
    mine = (
        sa.select(work_files.c.id, work_files.c.job)
        .join(work_jobs, work_jobs.c.id == work_files.c.job)
        .where(work_jobs.c.owner == owner, work_files.c.sha256 == sha256)
    )
    found = connection.execute(mine).all()
    jobs = {job for _, job in found}
    tables = 0
    compared = set(
        connection.execute(
            sa.select(work_comparisons.c.job).where(work_comparisons.c.job.in_(jobs))
        ).scalars()
    )
    connection.execute(
        sa.delete(work_files).where(work_files.c.id.in_([file for file, _ in found]))
    )
    for job in jobs:
        rest = (
            connection.execute(sa.select(work_files.c.sha256).where(work_files.c.job == job))
            .scalars()
            .all()
        )
        if rest and job not in compared:
            work_steps.finish_if_done(connection, job)
            continue
        connection.execute(sa.delete(work_jobs).where(work_jobs.c.id == job))
        tables += 1
        for other in rest:  # a comparison has nothing left to compare with
            steps.erase_if_unused(connection, owner, other)
    return len(found), tables
