"""The questions and steps that the history's writes are made of, inside their transactions."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from frontend.history.records import Receipt, State, new_id
from frontend.history.tables import (
    askings,
    attachments,
    conversations,
    erasures,
    messages,
    receipts,
)
from frontend.history.work_tables import work_files, work_jobs
from frontend.messages import Role


def begin(connection: Connection, owner: str, conversation: str, title: str) -> None:
    """Makes sure the conversation exists and is the owner's."""
    query = sa.select(conversations.c.owner).where(conversations.c.id == conversation)
    found = connection.execute(query).scalar()
    if found is not None:
        if found != owner:
            raise PermissionError("This conversation belongs to someone else.")
        return
    now = time.time()
    connection.execute(
        sa.insert(conversations).values(
            id=conversation,
            owner=owner,
            title=shorten(title),
            parameters="{}",
            created_at=now,
            updated_at=now,
        )
    )


def retitle(
    connection: Connection, conversation: str, title: str, *, instead_of: str | None = None
) -> None:
    """Gives a conversation another title; with `instead_of` only if it still has that one."""
    change = sa.update(conversations).where(conversations.c.id == conversation)
    if instead_of is not None:
        change = change.where(conversations.c.title == shorten(instead_of))
    connection.execute(change.values(title=shorten(title)))


def shorten(title: str, length: int = 80) -> str:
    words = " ".join(title.split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def owns(connection: Connection, owner: str, conversation: str) -> bool:
    query = sa.select(conversations.c.id).where(
        conversations.c.owner == owner, conversations.c.id == conversation
    )
    return connection.execute(query).first() is not None


def present_files(conversation: str) -> sa.Select[Any]:
    return sa.select(attachments).where(
        attachments.c.conversation == conversation, attachments.c.removed_at.is_(None)
    )


def erase_if_unused(connection: Connection, owner: str, sha256: str) -> None:
    used = (
        sa.select(attachments.c.id)
        .join(conversations, conversations.c.id == attachments.c.conversation)
        .where(
            conversations.c.owner == owner,
            attachments.c.sha256 == sha256,
            attachments.c.removed_at.is_(None),
        )
    )
    in_work = (
        sa.select(work_files.c.id)
        .join(work_jobs, work_jobs.c.id == work_files.c.job)
        .where(work_jobs.c.owner == owner, work_files.c.sha256 == sha256)
    )
    pending = sa.select(erasures).where(erasures.c.owner == owner, erasures.c.sha256 == sha256)
    if all(connection.execute(query).first() is None for query in (used, in_work, pending)):
        connection.execute(sa.insert(erasures).values(owner=owner, sha256=sha256))


def keep_file(connection: Connection, owner: str, sha256: str) -> None:
    """The file is used again, so it must not be erased."""
    connection.execute(
        sa.delete(erasures).where(erasures.c.owner == owner, erasures.c.sha256 == sha256)
    )


def find_message(connection: Connection, message: str) -> RowMapping | None:
    query = sa.select(messages).where(messages.c.id == message)
    return connection.execute(query).mappings().one_or_none()


def is_answering(connection: Connection, conversation: str) -> bool:
    query = sa.select(messages.c.id).where(
        messages.c.conversation == conversation, messages.c.state == State.RUNNING.value
    )
    return connection.execute(query).first() is not None


def next_position(connection: Connection, conversation: str) -> int:
    query = sa.select(sa.func.max(messages.c.position)).where(
        messages.c.conversation == conversation
    )
    last = connection.execute(query).scalar()
    return 0 if last is None else int(last) + 1


def keep_receipt(connection: Connection, answer: str, receipt: Receipt | None) -> None:
    connection.execute(sa.delete(receipts).where(receipts.c.message == answer))
    if receipt is not None:
        content = json.dumps(asdict(receipt))
        connection.execute(sa.insert(receipts).values(message=answer, content=content))


def touch(connection: Connection, conversation: str) -> None:
    connection.execute(
        sa.update(conversations)
        .where(conversations.c.id == conversation)
        .values(updated_at=time.time())
    )


def blank_message(
    message: str, conversation: str, position: int, role: Role, state: State
) -> dict[str, Any]:
    now = time.time()
    return {
        "id": message,
        "conversation": conversation,
        "position": position,
        "role": role.value,
        "state": state.value,
        "text": "",
        "reasoning": "",
        "heard": 0,
        "error_code": "",
        "error": "",
        "created_at": now,
        "updated_at": now,
    }


def was_asked(connection: Connection, turn_key: str) -> bool:
    query = sa.select(messages.c.id).where(messages.c.turn_key == turn_key)
    return connection.execute(query).first() is not None


def pose(
    connection: Connection,
    conversation: str,
    text: str,
    *,
    turn_key: str,
    parameters: Mapping[str, Any],
) -> str:
    """Adds a question, the files not sent yet, and an empty answer, whose id is returned."""
    question, answer = new_id(), new_id()
    position = next_position(connection, conversation)
    connection.execute(
        sa.insert(messages),
        [
            blank_message(question, conversation, position, Role.USER, State.ASKED)
            | {"text": text, "turn_key": turn_key, "request_id": None},
            blank_message(answer, conversation, position + 1, Role.ASSISTANT, State.RUNNING)
            | {"turn_key": None, "request_id": new_id()},
        ],
    )
    connection.execute(
        sa.update(attachments)
        .where(attachments.c.conversation == conversation, attachments.c.message.is_(None))
        .values(message=question)
    )
    keep_asking(connection, answer, parameters)
    connection.execute(
        sa.update(conversations)
        .where(conversations.c.id == conversation)
        .values(parameters=json.dumps(dict(parameters)), updated_at=time.time())
    )
    return answer


def keep_asking(connection: Connection, answer: str, parameters: Mapping[str, Any]) -> None:
    connection.execute(sa.delete(askings).where(askings.c.message == answer))
    content = json.dumps(dict(parameters))
    connection.execute(sa.insert(askings).values(message=answer, parameters=content))


def cut(connection: Connection, conversation: str, position: int) -> int:
    """Deletes messages from a position on; returns how many. Files sent with them wait again."""
    late = sa.select(messages.c.id).where(
        messages.c.conversation == conversation, messages.c.position >= position
    )
    sent = attachments.c.message.in_(late)
    connection.execute(sa.delete(attachments).where(sent, attachments.c.removed_at.is_not(None)))
    connection.execute(sa.update(attachments).where(sent).values(message=None))
    return int(
        connection.execute(
            sa.delete(messages).where(
                messages.c.conversation == conversation, messages.c.position >= position
            )
        ).rowcount
    )
