"""Answers that were had anew: what was said before is kept beside what is said now."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from frontend.history.database import Database
from frontend.history.records import Receipt, State
from frontend.history.tables import (
    askings,
    conversations,
    earlier_answers,
    messages,
    receipt_of,
    receipts,
)


@dataclass(frozen=True)
class EarlierAnswer:
    """What stood in an answer's place before."""

    text: str
    reasoning: str
    receipt: Receipt | None
    parameters: Mapping[str, object] | None  # what it was asked with
    replaced_at: float  # unix seconds


class EarlierAnswers:
    """Those of owners' conversations. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, owner: str, conversation: str) -> dict[str, tuple[EarlierAnswer, ...]]:
        """By the id of the answer that took their place, the latest first."""
        query = (
            sa.select(earlier_answers)
            .join(messages, messages.c.id == earlier_answers.c.message)
            .join(conversations, conversations.c.id == messages.c.conversation)
            .where(conversations.c.owner == owner, messages.c.conversation == conversation)
            .order_by(earlier_answers.c.id.desc())
        )
        found: dict[str, tuple[EarlierAnswer, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query).mappings():
                one = EarlierAnswer(
                    row["text"],
                    row["reasoning"],
                    None if row["receipt"] is None else receipt_of(row["receipt"]),
                    None if row["asked"] is None else json.loads(row["asked"]),
                    row["replaced_at"],
                )
                found[row["message"]] = (*found.get(row["message"], ()), one)
        return found


def keep(connection: Connection, answer: str) -> None:
    """Keeps a finished answer before it is written anew; one without text is no loss."""
    query = (
        sa.select(
            messages, receipts.c.content.label("receipt"), askings.c.parameters.label("asked")
        )
        .outerjoin(receipts, receipts.c.message == messages.c.id)
        .outerjoin(askings, askings.c.message == messages.c.id)
        .where(messages.c.id == answer, messages.c.state == State.FINISHED.value)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None or not row["text"].strip():
        return
    connection.execute(
        sa.insert(earlier_answers).values(
            message=answer,
            text=row["text"],
            reasoning=row["reasoning"],
            receipt=row["receipt"],
            asked=row["asked"],
            replaced_at=time.time(),
        )
    )
