"""Every conversation, its files and its answers, kept in one SQL database.

What was acknowledged is there after a crash, exactly once. Files are kept by reference: the bytes
are the backend's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from frontend.history import earlier, steps
from frontend.history.database import Database
from frontend.history.records import Attachment, Conversation, Message, Receipt, State, new_id
from frontend.history.tables import (
    attachment_of,
    attachments,
    conversation_of,
    conversations,
    erasures,
    message_of,
    messages,
    pins,
    receipts,
    replays,
    whole_conversations,
    whole_messages,
)
from frontend.messages import FileRef, Role


class StillAnswering(Exception):
    """The conversation's last answer is still being written."""


class History:
    """The one writer of conversations. Safe to use from several threads.

    Every method that writes raises StorageUnavailable when nothing can be kept, and has kept none
    of it then.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged database went when this one was opened, if there was one."""
        return self._database.set_aside

    @property
    def stores(self) -> bool:
        """Whether what is written is kept at the moment."""
        return self._database.stores

    @property
    def database(self) -> Database:
        """For what else is kept in the same place."""
        return self._database

    def close(self) -> None:
        self._database.close()

    # Conversations

    def conversations(self, owner: str, limit: int = 200) -> tuple[Conversation, ...]:
        """The owner's conversations, pinned ones before others, the latest first."""
        query = (
            whole_conversations()
            .where(conversations.c.owner == owner)
            .order_by(pins.c.pinned_at.is_(None), conversations.c.updated_at.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(conversation_of(row) for row in connection.execute(query).mappings())

    def conversation(self, owner: str, conversation: str) -> Conversation | None:
        query = whole_conversations().where(
            conversations.c.owner == owner, conversations.c.id == conversation
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else conversation_of(row)

    def rename(self, owner: str, conversation: str, title: str) -> None:
        with self._database.write() as connection:
            connection.execute(
                sa.update(conversations)
                .where(conversations.c.owner == owner, conversations.c.id == conversation)
                .values(title=title)
            )

    def delete(self, owner: str, conversation: str) -> None:
        """Deletes a conversation; files that no other one uses are marked for erasure."""
        with self._database.write() as connection:
            if not steps.owns(connection, owner, conversation):
                return
            files = steps.present_files(conversation)
            hashes = set(
                connection.execute(files.with_only_columns(attachments.c.sha256)).scalars()
            )
            connection.execute(sa.delete(conversations).where(conversations.c.id == conversation))
            for sha256 in hashes:
                steps.erase_if_unused(connection, owner, sha256)

    # Files

    def attach(
        self, owner: str, conversation: str, file: FileRef, filename: str, *, title: str = ""
    ) -> None:
        """Adds a file to a conversation, which begins with it if need be. Twice is once."""
        with self._database.write() as connection:
            steps.begin(connection, owner, conversation, title or filename)
            present = steps.present_files(conversation).where(attachments.c.sha256 == file.sha256)
            steps.keep_file(connection, owner, file.sha256)
            if connection.execute(present).first() is not None:
                return
            connection.execute(
                sa.insert(attachments).values(
                    conversation=conversation,
                    sha256=file.sha256,
                    filename=filename,
                    kind=file.kind,
                    media_type=file.media_type,
                    size=file.size,
                    pages=file.pages,
                    width=file.width,
                    height=file.height,
                    added_at=time.time(),
                )
            )
            steps.touch(connection, conversation)

    def remove(self, owner: str, conversation: str, attachment: int) -> None:
        """Takes a file out of a conversation; unused elsewhere, it is marked for erasure."""
        with self._database.write() as connection:
            if not steps.owns(connection, owner, conversation):
                return
            mine = steps.present_files(conversation).where(attachments.c.id == attachment)
            row = connection.execute(mine).mappings().one_or_none()
            if row is None:
                return
            if row["message"] is None:
                change: sa.Delete | sa.Update = sa.delete(attachments)
            else:  # its question keeps saying what it was about
                change = sa.update(attachments).values(removed_at=time.time())
            connection.execute(change.where(attachments.c.id == attachment))
            steps.erase_if_unused(connection, owner, row["sha256"])
            steps.touch(connection, conversation)

    def attachments(self, owner: str, conversation: str) -> tuple[Attachment, ...]:
        """Every file the conversation has or had, in the order they were added."""
        query = (
            sa.select(attachments)
            .join(conversations, conversations.c.id == attachments.c.conversation)
            .where(conversations.c.owner == owner, attachments.c.conversation == conversation)
            .order_by(attachments.c.id)
        )
        with self._database.read() as connection:
            return tuple(attachment_of(row) for row in connection.execute(query).mappings())

    def erasures(self, owner: str) -> tuple[str, ...]:
        """Files that the backend has yet to forget."""
        query = sa.select(erasures.c.sha256).where(erasures.c.owner == owner)
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def owners_erasing(self) -> tuple[str, ...]:
        """Owners of files that the backend should forget."""
        with self._database.read() as connection:
            return tuple(connection.execute(sa.select(erasures.c.owner).distinct()).scalars())

    def erased(self, owner: str, sha256: str) -> None:
        """The backend has forgotten the file."""
        with self._database.write() as connection:
            connection.execute(
                sa.delete(erasures).where(erasures.c.owner == owner, erasures.c.sha256 == sha256)
            )

    # Messages

    def messages(self, owner: str, conversation: str) -> tuple[Message, ...]:
        """A conversation from its beginning."""
        query = (
            whole_messages()
            .join(conversations, conversations.c.id == messages.c.conversation)
            .where(conversations.c.owner == owner, messages.c.conversation == conversation)
            .order_by(messages.c.position)
        )
        with self._database.read() as connection:
            return tuple(message_of(row) for row in connection.execute(query).mappings())

    def stamp(self, owner: str, conversation: str) -> float:
        """Changes whenever the conversation does; 0 if there is none."""
        query = sa.select(conversations.c.updated_at).where(
            conversations.c.owner == owner, conversations.c.id == conversation
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0.0

    def ask(
        self,
        owner: str,
        conversation: str,
        text: str,
        *,
        turn_key: str,
        parameters: Mapping[str, Any],
    ) -> str | None:
        """Keeps a question and the empty answer that follows it; returns the answer's id.

        The files not sent yet go with it. None if this turn was kept before: it is asked once.
        """
        with self._database.write() as connection:
            if steps.was_asked(connection, turn_key):
                return None
            steps.begin(connection, owner, conversation, text)
            if steps.is_answering(connection, conversation):
                raise StillAnswering
            if steps.next_position(connection, conversation) == 0:  # a file's name makes way
                steps.retitle(connection, conversation, text)
            return steps.pose(
                connection, conversation, text, turn_key=turn_key, parameters=parameters
            )

    def revise(
        self,
        owner: str,
        question: str,
        text: str,
        *,
        turn_key: str,
        parameters: Mapping[str, Any],
    ) -> str | None:
        """Puts a question differently: it and what follows go, and the new one is asked.

        Returns the id of the empty answer; None if the question is gone or this turn was kept
        before. Raises StillAnswering.
        """
        with self._database.write() as connection:
            row = steps.find_message(connection, question)
            if row is None or row["role"] != Role.USER.value:
                return None
            conversation = row["conversation"]
            if not steps.owns(connection, owner, conversation):
                return None
            if steps.was_asked(connection, turn_key):
                return None
            if steps.is_answering(connection, conversation):
                raise StillAnswering
            if row["position"] == 0:
                steps.retitle(connection, conversation, text, instead_of=row["text"])
            steps.cut(connection, conversation, row["position"])
            return steps.pose(
                connection, conversation, text, turn_key=turn_key, parameters=parameters
            )

    def ask_again(self, owner: str, answer: str, *, parameters: Mapping[str, Any]) -> bool:
        """Empties the last answer of a conversation so that it is written anew.

        What it said is kept; see `earlier`.
        """
        with self._database.write() as connection:
            row = steps.find_message(connection, answer)
            if row is None or not steps.owns(connection, owner, row["conversation"]):
                return False
            conversation = row["conversation"]
            if steps.is_answering(connection, conversation):
                return False
            if row["position"] + 1 != steps.next_position(connection, conversation):
                return False
            earlier.keep(connection, answer)
            for kept in (receipts, replays):
                connection.execute(sa.delete(kept).where(kept.c.message == answer))
            steps.keep_asking(connection, answer, parameters)
            fresh = steps.blank_message(
                answer, conversation, row["position"], Role.ASSISTANT, State.RUNNING
            )
            connection.execute(
                sa.update(messages)
                .where(messages.c.id == answer)
                .values(fresh | {"request_id": new_id()})
            )
            steps.touch(connection, conversation)
        return True

    def answer(self, answer: str) -> Message | None:
        query = whole_messages().where(messages.c.id == answer)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else message_of(row)

    def owners_unfinished(self) -> tuple[str, ...]:
        """Owners of answers that were being written when they were last heard of."""
        query = (
            sa.select(conversations.c.owner)
            .join(messages, messages.c.conversation == conversations.c.id)
            .where(messages.c.state == State.RUNNING.value)
            .distinct()
        )
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def unfinished(self, owner: str) -> tuple[Message, ...]:
        """Answers that were being written when they were last heard of."""
        query = (
            whole_messages()
            .join(conversations, conversations.c.id == messages.c.conversation)
            .where(conversations.c.owner == owner, messages.c.state == State.RUNNING.value)
        )
        with self._database.read() as connection:
            return tuple(message_of(row) for row in connection.execute(query).mappings())

    def save(
        self,
        answer: str,
        *,
        text: str,
        reasoning: str,
        heard: int,
        receipt: Receipt | None,
        patience: float | None = None,
    ) -> None:
        """Keeps what an answer has so far, together with the number of its last event."""
        with self._database.write(patience) as connection:
            kept = connection.execute(
                sa.update(messages)
                .where(messages.c.id == answer, messages.c.state == State.RUNNING.value)
                .values(text=text, reasoning=reasoning, heard=heard, updated_at=time.time())
            )
            if kept.rowcount:
                steps.keep_receipt(connection, answer, receipt)

    def close_answer(
        self,
        answer: str,
        state: State,
        *,
        text: str,
        reasoning: str,
        heard: int,
        receipt: Receipt | None = None,
        error_code: str = "",
        error: str = "",
        patience: float | None = None,
    ) -> None:
        """Keeps how an answer ended. Its conversation may be gone by now."""
        with self._database.write(patience) as connection:
            row = steps.find_message(connection, answer)
            if row is None:
                return
            connection.execute(
                sa.update(messages)
                .where(messages.c.id == answer)
                .values(
                    state=state.value,
                    text=text,
                    reasoning=reasoning,
                    heard=heard,
                    error_code=error_code,
                    error=error,
                    updated_at=time.time(),
                )
            )
            steps.keep_receipt(connection, answer, receipt)
            steps.touch(connection, row["conversation"])
