"""Every conversation, its files and its answers, kept in one SQL database.

Reads never wait for writes; writes go one at a time through `BEGIN IMMEDIATE`, so that what was
acknowledged is there after a crash, exactly once. Files are kept by reference: the bytes are the
backend's.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, RowMapping

from frontend.messages import FileRef, Role

SCHEMA_VERSION = 1

_tables = sa.MetaData()

_facts = sa.Table(
    "facts",
    _tables,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

_conversations = sa.Table(
    "conversations",
    _tables,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.Index("conversations_by_owner", "owner", "updated_at"),
)

_messages = sa.Table(
    "messages",
    _tables,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column(
        "conversation", sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("role", sa.String(12), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("reasoning", sa.Text, nullable=False),
    sa.Column("turn_key", sa.String(64), unique=True),  # a question's, so that it is kept once
    sa.Column("request_id", sa.String(64), unique=True),  # an answer's, to follow it again
    sa.Column("heard", sa.Integer, nullable=False),  # number of the last event in `text`
    sa.Column("error_code", sa.String(60), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.UniqueConstraint("conversation", "position"),
)

_receipts = sa.Table(
    "receipts",
    _tables,
    sa.Column(
        "message", sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    sa.Column("content", sa.Text, nullable=False),
)

_attachments = sa.Table(
    "attachments",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "conversation", sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("message", sa.ForeignKey("messages.id", ondelete="CASCADE")),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("media_type", sa.String(60), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("added_at", sa.Float, nullable=False),
    sa.Column("removed_at", sa.Float),
    sa.Index("attachments_by_conversation", "conversation"),
    sa.Index("attachments_by_file", "sha256"),
)

_erasures = sa.Table(
    "erasures",
    _tables,
    sa.Column("owner", sa.String(80), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True),
)


class State(Enum):
    """How far a message is."""

    ASKED = "asked"  # a question
    RUNNING = "running"  # an answer being written
    FINISHED = "finished"  # an answer that ended, for the reason in its receipt
    FAILED = "failed"  # an answer that was refused or broke; see its error
    LOST = "lost"  # an answer whose end nobody knows any more


@dataclass(frozen=True)
class Conversation:
    """One conversation, without its messages."""

    id: str
    title: str
    parameters: Mapping[str, Any]
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class Attachment:
    """A file in a conversation. `message` is the question it was first sent with."""

    id: int
    conversation: str
    message: str | None
    sha256: str
    filename: str
    kind: str
    size: int
    pages: int
    width: int
    height: int
    removed: bool


@dataclass(frozen=True)
class Receipt:
    """How an answer came about."""

    model: str = ""
    route: str = ""
    route_reason: str = ""
    reason: str = ""  # why it ended: a FinishReason's value
    warning: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    pages: int = 0  # of all files
    pages_used: int = 0  # in the prompt
    methods: Mapping[str, int] | None = None  # pages used, by reading method
    queue_seconds: float = 0.0
    reading_seconds: float = 0.0
    first_token_seconds: float = 0.0
    total_seconds: float = 0.0
    answer_cached: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Message:
    """A question or an answer."""

    id: str
    conversation: str
    role: Role
    state: State
    text: str
    reasoning: str
    request_id: str | None
    heard: int
    error_code: str
    error: str
    receipt: Receipt | None
    created_at: float


class StillAnswering(Exception):
    """The conversation's last answer is still being written."""


class SchemaTooNew(Exception):
    """The database was written by a newer version."""


def new_id() -> str:
    """A name nobody else has."""
    return uuid.uuid4().hex


class History:
    """The one writer of conversations. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self.set_aside: Path | None = None
        path = _sqlite_path(url)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.set_aside = _set_aside_if_damaged(path)
        self._engine = _engine(url)
        self._writing = threading.Lock()
        with self._write() as connection:
            _tables.create_all(connection)
            self._check_version(connection)

    def close(self) -> None:
        self._engine.dispose()

    # Conversations

    def conversations(self, owner: str, limit: int = 200) -> tuple[Conversation, ...]:
        """The owner's conversations, the latest first."""
        query = (
            sa.select(_conversations)
            .where(_conversations.c.owner == owner)
            .order_by(_conversations.c.updated_at.desc())
            .limit(limit)
        )
        with self._read() as connection:
            return tuple(_conversation(row) for row in connection.execute(query).mappings())

    def conversation(self, owner: str, conversation: str) -> Conversation | None:
        query = sa.select(_conversations).where(
            _conversations.c.owner == owner, _conversations.c.id == conversation
        )
        with self._read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _conversation(row)

    def rename(self, owner: str, conversation: str, title: str) -> None:
        with self._write() as connection:
            connection.execute(
                sa.update(_conversations)
                .where(_conversations.c.owner == owner, _conversations.c.id == conversation)
                .values(title=title)
            )

    def delete(self, owner: str, conversation: str) -> None:
        """Deletes a conversation; files that no other one uses are marked for erasure."""
        with self._write() as connection:
            if not _owns(connection, owner, conversation):
                return
            files = _present(conversation)
            hashes = set(
                connection.execute(files.with_only_columns(_attachments.c.sha256)).scalars()
            )
            connection.execute(sa.delete(_conversations).where(_conversations.c.id == conversation))
            for sha256 in hashes:
                _erase_if_unused(connection, owner, sha256)

    # Files

    def attach(
        self, owner: str, conversation: str, file: FileRef, filename: str, *, title: str = ""
    ) -> None:
        """Adds a file to a conversation, which begins with it if need be. Twice is once."""
        with self._write() as connection:
            _begin(connection, owner, conversation, title or filename)
            present = _present(conversation).where(_attachments.c.sha256 == file.sha256)
            connection.execute(
                sa.delete(_erasures).where(
                    _erasures.c.owner == owner, _erasures.c.sha256 == file.sha256
                )
            )
            if connection.execute(present).first() is not None:
                return
            connection.execute(
                sa.insert(_attachments).values(
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
            _touch(connection, conversation)

    def remove(self, owner: str, conversation: str, attachment: int) -> None:
        """Takes a file out of a conversation; unused elsewhere, it is marked for erasure."""
        with self._write() as connection:
            if not _owns(connection, owner, conversation):
                return
            mine = _present(conversation).where(_attachments.c.id == attachment)
            row = connection.execute(mine).mappings().one_or_none()
            if row is None:
                return
            if row["message"] is None:
                change: sa.Delete | sa.Update = sa.delete(_attachments)
            else:  # its question keeps saying what it was about
                change = sa.update(_attachments).values(removed_at=time.time())
            connection.execute(change.where(_attachments.c.id == attachment))
            _erase_if_unused(connection, owner, row["sha256"])
            _touch(connection, conversation)

    def attachments(self, owner: str, conversation: str) -> tuple[Attachment, ...]:
        """Every file the conversation has or had, in the order they were added."""
        query = (
            sa.select(_attachments)
            .join(_conversations, _conversations.c.id == _attachments.c.conversation)
            .where(_conversations.c.owner == owner, _attachments.c.conversation == conversation)
            .order_by(_attachments.c.id)
        )
        with self._read() as connection:
            return tuple(_attachment(row) for row in connection.execute(query).mappings())

    def erasures(self, owner: str) -> tuple[str, ...]:
        """Files that the backend has yet to forget."""
        query = sa.select(_erasures.c.sha256).where(_erasures.c.owner == owner)
        with self._read() as connection:
            return tuple(connection.execute(query).scalars())

    def erased(self, owner: str, sha256: str) -> None:
        """The backend has forgotten the file."""
        with self._write() as connection:
            connection.execute(
                sa.delete(_erasures).where(_erasures.c.owner == owner, _erasures.c.sha256 == sha256)
            )

    # Messages

    def messages(self, owner: str, conversation: str) -> tuple[Message, ...]:
        """A conversation from its beginning."""
        query = (
            sa.select(_messages, _receipts.c.content)
            .join(_conversations, _conversations.c.id == _messages.c.conversation)
            .outerjoin(_receipts, _receipts.c.message == _messages.c.id)
            .where(_conversations.c.owner == owner, _messages.c.conversation == conversation)
            .order_by(_messages.c.position)
        )
        with self._read() as connection:
            return tuple(_message(row) for row in connection.execute(query).mappings())

    def stamp(self, owner: str, conversation: str) -> float:
        """Changes whenever the conversation does; 0 if there is none."""
        found = self.conversation(owner, conversation)
        return 0.0 if found is None else found.updated_at

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
        answer = new_id()
        with self._write() as connection:
            known = sa.select(_messages.c.id).where(_messages.c.turn_key == turn_key)
            if connection.execute(known).first() is not None:
                return None
            _begin(connection, owner, conversation, text)
            if _running(connection, conversation):
                raise StillAnswering
            first = sa.select(_messages.c.id).where(_messages.c.conversation == conversation)
            if connection.execute(first).first() is None:  # a file's name makes way
                _retitle(connection, conversation, text)
            question = new_id()
            position = _next_position(connection, conversation)
            connection.execute(
                sa.insert(_messages),
                [
                    _blank(question, conversation, position, Role.USER, State.ASKED)
                    | {"text": text, "turn_key": turn_key, "request_id": None},
                    _blank(answer, conversation, position + 1, Role.ASSISTANT, State.RUNNING)
                    | {"turn_key": None, "request_id": new_id()},
                ],
            )
            connection.execute(
                sa.update(_attachments)
                .where(
                    _attachments.c.conversation == conversation,
                    _attachments.c.message.is_(None),
                )
                .values(message=question)
            )
            connection.execute(
                sa.update(_conversations)
                .where(_conversations.c.id == conversation)
                .values(parameters=json.dumps(dict(parameters)), updated_at=time.time())
            )
        return answer

    def ask_again(self, owner: str, answer: str) -> bool:
        """Empties the last answer of a conversation so that it is written anew."""
        with self._write() as connection:
            row = self._answer(connection, answer)
            if row is None or not _owns(connection, owner, row["conversation"]):
                return False
            conversation = row["conversation"]
            if _running(connection, conversation):
                return False
            if row["position"] + 1 != _next_position(connection, conversation):
                return False
            connection.execute(sa.delete(_receipts).where(_receipts.c.message == answer))
            fresh = _blank(answer, conversation, row["position"], Role.ASSISTANT, State.RUNNING)
            connection.execute(
                sa.update(_messages)
                .where(_messages.c.id == answer)
                .values(fresh | {"request_id": new_id()})
            )
            _touch(connection, conversation)
        return True

    def answer(self, answer: str) -> Message | None:
        query = (
            sa.select(_messages, _receipts.c.content)
            .outerjoin(_receipts, _receipts.c.message == _messages.c.id)
            .where(_messages.c.id == answer)
        )
        with self._read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _message(row)

    def unfinished(self) -> tuple[Message, ...]:
        """Answers that were being written when they were last heard of."""
        query = (
            sa.select(_messages, _receipts.c.content)
            .outerjoin(_receipts, _receipts.c.message == _messages.c.id)
            .where(_messages.c.state == State.RUNNING.value)
        )
        with self._read() as connection:
            return tuple(_message(row) for row in connection.execute(query).mappings())

    def save(
        self, answer: str, *, text: str, reasoning: str, heard: int, receipt: Receipt | None
    ) -> None:
        """Keeps what an answer has so far, together with the number of its last event."""
        with self._write() as connection:
            kept = connection.execute(
                sa.update(_messages)
                .where(_messages.c.id == answer, _messages.c.state == State.RUNNING.value)
                .values(text=text, reasoning=reasoning, heard=heard, updated_at=time.time())
            )
            if kept.rowcount:
                _keep_receipt(connection, answer, receipt)

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
    ) -> None:
        """Keeps how an answer ended. Its conversation may be gone by now."""
        with self._write() as connection:
            row = self._answer(connection, answer)
            if row is None:
                return
            connection.execute(
                sa.update(_messages)
                .where(_messages.c.id == answer)
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
            _keep_receipt(connection, answer, receipt)
            _touch(connection, row["conversation"])

    # The database

    @staticmethod
    def _answer(connection: Connection, answer: str) -> RowMapping | None:
        query = sa.select(_messages).where(_messages.c.id == answer)
        return connection.execute(query).mappings().one_or_none()

    @staticmethod
    def _check_version(connection: Connection) -> None:
        known = connection.execute(
            sa.select(_facts.c.value).where(_facts.c.name == "schema_version")
        ).scalar()
        if known is None:
            connection.execute(
                sa.insert(_facts).values(name="schema_version", value=str(SCHEMA_VERSION))
            )
        elif int(known) > SCHEMA_VERSION:
            raise SchemaTooNew(
                f"The history was written by a newer version (schema {known}, "
                f"this one knows {SCHEMA_VERSION})."
            )

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with (
            self._writing,
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection


def _engine(url: str) -> Engine:
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite alone
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that turns into a write fails at once when another writer was faster.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _sqlite_path(url: str) -> Path | None:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def _set_aside_if_damaged(path: Path) -> Path | None:
    """Renames a database that cannot be trusted, with its log; returns where it went."""
    if not path.exists() or _is_sound(path):
        return None
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", "-wal", "-shm"):
        piece = path.with_name(path.name + suffix)
        if piece.exists():
            piece.rename(aside.with_name(aside.name + suffix))
    return aside


def _is_sound(path: Path) -> bool:
    connection = sqlite3.connect(path, timeout=10)
    try:
        return [row[0] for row in connection.execute("PRAGMA quick_check(1)")] == ["ok"]
    except sqlite3.OperationalError:
        raise  # locked or unreadable: not damage
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


def _begin(connection: Connection, owner: str, conversation: str, title: str) -> None:
    """Makes sure the conversation exists and is the owner's."""
    query = sa.select(_conversations.c.owner).where(_conversations.c.id == conversation)
    found = connection.execute(query).scalar()
    if found is not None:
        if found != owner:
            raise PermissionError("This conversation belongs to someone else.")
        return
    now = time.time()
    connection.execute(
        sa.insert(_conversations).values(
            id=conversation,
            owner=owner,
            title=_shorten(title),
            parameters="{}",
            created_at=now,
            updated_at=now,
        )
    )


def _retitle(connection: Connection, conversation: str, title: str) -> None:
    connection.execute(
        sa.update(_conversations)
        .where(_conversations.c.id == conversation)
        .values(title=_shorten(title))
    )


def _shorten(title: str, length: int = 80) -> str:
    words = " ".join(title.split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def _owns(connection: Connection, owner: str, conversation: str) -> bool:
    query = sa.select(_conversations.c.id).where(
        _conversations.c.owner == owner, _conversations.c.id == conversation
    )
    return connection.execute(query).first() is not None


def _present(conversation: str) -> sa.Select[Any]:
    return sa.select(_attachments).where(
        _attachments.c.conversation == conversation, _attachments.c.removed_at.is_(None)
    )


def _erase_if_unused(connection: Connection, owner: str, sha256: str) -> None:
    used = (
        sa.select(_attachments.c.id)
        .join(_conversations, _conversations.c.id == _attachments.c.conversation)
        .where(
            _conversations.c.owner == owner,
            _attachments.c.sha256 == sha256,
            _attachments.c.removed_at.is_(None),
        )
    )
    pending = sa.select(_erasures).where(_erasures.c.owner == owner, _erasures.c.sha256 == sha256)
    if connection.execute(used).first() is None and connection.execute(pending).first() is None:
        connection.execute(sa.insert(_erasures).values(owner=owner, sha256=sha256))


def _running(connection: Connection, conversation: str) -> bool:
    query = sa.select(_messages.c.id).where(
        _messages.c.conversation == conversation, _messages.c.state == State.RUNNING.value
    )
    return connection.execute(query).first() is not None


def _next_position(connection: Connection, conversation: str) -> int:
    query = sa.select(sa.func.max(_messages.c.position)).where(
        _messages.c.conversation == conversation
    )
    last = connection.execute(query).scalar()
    return 0 if last is None else int(last) + 1


def _keep_receipt(connection: Connection, answer: str, receipt: Receipt | None) -> None:
    connection.execute(sa.delete(_receipts).where(_receipts.c.message == answer))
    if receipt is not None:
        content = json.dumps(vars(receipt))
        connection.execute(sa.insert(_receipts).values(message=answer, content=content))


def _touch(connection: Connection, conversation: str) -> None:
    connection.execute(
        sa.update(_conversations)
        .where(_conversations.c.id == conversation)
        .values(updated_at=time.time())
    )


def _blank(
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


def _conversation(row: RowMapping) -> Conversation:
    return Conversation(
        id=row["id"],
        title=row["title"],
        parameters=json.loads(row["parameters"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _attachment(row: RowMapping) -> Attachment:
    return Attachment(
        id=row["id"],
        conversation=row["conversation"],
        message=row["message"],
        sha256=row["sha256"],
        filename=row["filename"],
        kind=row["kind"],
        size=row["size"],
        pages=row["pages"],
        width=row["width"],
        height=row["height"],
        removed=row["removed_at"] is not None,
    )


def _message(row: RowMapping) -> Message:
    return Message(
        id=row["id"],
        conversation=row["conversation"],
        role=Role(row["role"]),
        state=State(row["state"]),
        text=row["text"],
        reasoning=row["reasoning"],
        request_id=row["request_id"],
        heard=row["heard"],
        error_code=row["error_code"],
        error=row["error"],
        receipt=None if row["content"] is None else Receipt(**json.loads(row["content"])),
        created_at=row["created_at"],
    )
