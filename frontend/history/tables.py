"""The tables that the history is kept in, and their rows read as records."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from frontend.history.records import (
    Attachment,
    Conversation,
    Message,
    Receipt,
    Replay,
    State,
)
from frontend.messages import Box, Role

schema = sa.MetaData()

facts = sa.Table(
    "facts",
    schema,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

conversations = sa.Table(
    "conversations",
    schema,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.Index("conversations_by_owner", "owner", "updated_at"),
)

messages = sa.Table(
    "messages",
    schema,
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
    sa.Index(
        "messages_running",
        "conversation",
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    ),
)

receipts = sa.Table(
    "receipts",
    schema,
    sa.Column(
        "message", sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    sa.Column("content", sa.Text, nullable=False),
)

askings = sa.Table(  # what an answer was asked for with
    "askings",
    schema,
    sa.Column("message", sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("parameters", sa.Text, nullable=False),  # JSON
)

replays = sa.Table(
    "replays",
    schema,
    sa.Column("message", sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),  # JSON
)

earlier_answers = sa.Table(  # that were had anew
    "earlier_answers",
    schema,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "message", sa.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("reasoning", sa.Text, nullable=False),
    sa.Column("receipt", sa.Text),  # JSON
    sa.Column("asked", sa.Text),  # parameters as JSON
    sa.Column("replaced_at", sa.Float, nullable=False),
)

pins = sa.Table(
    "pins",
    schema,
    sa.Column(
        "conversation", sa.ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("pinned_at", sa.Float, nullable=False),
)

attachments = sa.Table(
    "attachments",
    schema,
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
    sa.Index("attachments_by_message", "message"),
)

erasures = sa.Table(
    "erasures",
    schema,
    sa.Column("owner", sa.String(80), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True),
)


def conversation_of(row: RowMapping) -> Conversation:
    return Conversation(
        id=row["id"],
        title=row["title"],
        parameters=json.loads(row["parameters"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        pinned=row["pinned_at"] is not None,
    )


def attachment_of(row: RowMapping) -> Attachment:
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
        removed_at=row["removed_at"],
    )


def receipt_of(content: str) -> Receipt:
    kept = json.loads(content)
    boxes = tuple(Box(**box) for box in kept.pop("boxes", ()))
    return Receipt(**kept, boxes=boxes)


def whole_conversations() -> sa.Select[Any]:
    """Conversations as `conversation_of` reads them."""
    return sa.select(conversations, pins.c.pinned_at).outerjoin(
        pins, pins.c.conversation == conversations.c.id
    )


def whole_messages() -> sa.Select[Any]:
    """Messages with all that is kept about them, as `message_of` reads them."""
    return (
        sa.select(
            messages,
            receipts.c.content.label("receipt"),
            askings.c.parameters.label("asked"),
            replays.c.content.label("replay"),
        )
        .outerjoin(receipts, receipts.c.message == messages.c.id)
        .outerjoin(askings, askings.c.message == messages.c.id)
        .outerjoin(replays, replays.c.message == messages.c.id)
    )


def message_of(row: RowMapping) -> Message:
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
        receipt=None if row["receipt"] is None else receipt_of(row["receipt"]),
        parameters=None if row["asked"] is None else json.loads(row["asked"]),
        replay=None if row["replay"] is None else Replay(**json.loads(row["replay"])),
        created_at=row["created_at"],
    )
