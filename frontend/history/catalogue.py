"""Finding conversations again: by what was said, by the files they were about, by a pin."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from frontend.history import steps
from frontend.history.database import Database
from frontend.history.records import Conversation
from frontend.history.tables import (
    attachments,
    conversation_of,
    conversations,
    messages,
    pins,
    whole_conversations,
)

MOST_HITS: Final = 50
_BEFORE, _AFTER = 24, 56  # characters of an excerpt around what was found


@dataclass(frozen=True)
class Hit:
    """A conversation that holds what was looked for, and where."""

    conversation: Conversation
    filename: str = ""  # of a file whose name has a word of the search
    excerpt: str = ""  # of the first message that has one


class Catalogue:
    """Conversations of owners, as they are looked for. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, owner: str, text: str) -> tuple[Hit, ...]:
        """Conversations that have every word of `text` in title, messages or file names.

        The latest first; upper and lower case are the same.
        """
        words = text.split()
        if not words:
            return ()
        query = (
            whole_conversations()
            .where(conversations.c.owner == owner, *map(_has, words))
            .order_by(conversations.c.updated_at.desc())
            .limit(MOST_HITS)
        )
        with self._database.read() as connection:
            found = [conversation_of(row) for row in connection.execute(query).mappings()]
            return tuple(
                Hit(
                    one,
                    _first(connection, attachments.c.filename, attachments.c.id, one.id, words),
                    _excerpt(
                        _first(connection, messages.c.text, messages.c.position, one.id, words),
                        words,
                    ),
                )
                for one in found
            )

    def pin(self, owner: str, conversation: str, pinned: bool) -> None:
        """Keeps a conversation at the top of the list, or no longer."""
        with self._database.write() as connection:
            if not steps.owns(connection, owner, conversation):
                return
            connection.execute(sa.delete(pins).where(pins.c.conversation == conversation))
            if pinned:
                connection.execute(
                    sa.insert(pins).values(conversation=conversation, pinned_at=time.time())
                )


def _has(word: str) -> sa.ColumnElement[bool]:
    """Whether a conversation has the word anywhere."""
    return sa.or_(
        conversations.c.title.icontains(word, autoescape=True),
        sa.exists().where(
            messages.c.conversation == conversations.c.id,
            messages.c.text.icontains(word, autoescape=True),
        ),
        sa.exists().where(
            attachments.c.conversation == conversations.c.id,
            attachments.c.filename.icontains(word, autoescape=True),
        ),
    )


def _first(
    connection: sa.Connection,
    text: sa.Column[Any],
    place: sa.Column[Any],
    conversation: str,
    words: list[str],
) -> str:
    """The first text of a conversation that has one of the words, by its `place`; "" if none."""
    query = (
        sa.select(text)
        .where(
            text.table.c.conversation == conversation,
            sa.or_(*(text.icontains(word, autoescape=True) for word in words)),
        )
        .order_by(place)
        .limit(1)
    )
    return connection.scalar(query) or ""


def _excerpt(text: str, words: list[str]) -> str:
    """The surroundings of the first word found, on one line."""
    low = text.lower()
    places = [place for word in words if (place := low.find(word.lower())) >= 0]
    if not places:
        return ""
    begin = max(0, min(places) - _BEFORE)
    if begin:  # at a whole word, where words are told apart by blanks
        begin = max(begin, text.find(" ", begin, min(places)) + 1)
    end = min(places) + _AFTER
    cut = " ".join(text[begin:end].split())
    return f"{'…' if begin else ''}{cut}{'…' if end < len(text) else ''}"
