"""The schema of the first release.

What is there already stays as it is: the first release kept no revisions, and versions before it
lacked some of these tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index(
        "conversations_by_owner", "conversations", ["owner", "updated_at"], if_not_exists=True
    )
    op.create_table(
        "erasures",
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("owner", "sha256"),
        if_not_exists=True,
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        if_not_exists=True,
    )
    op.create_table(
        "work_fields",
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("owner", "name"),
        if_not_exists=True,
    )
    op.create_table(
        "work_jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("served_at", sa.Float, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index("work_jobs_by_owner", "work_jobs", ["owner", "created_at"], if_not_exists=True)
    op.create_table(
        "work_runners",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("conversation", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reasoning", sa.Text, nullable=False),
        sa.Column("turn_key", sa.String(64)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("heard", sa.Integer, nullable=False),
        sa.Column("error_code", sa.String(60), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation", "position"),
        sa.UniqueConstraint("request_id"),
        sa.UniqueConstraint("turn_key"),
        if_not_exists=True,
    )
    op.create_table(
        "pins",
        sa.Column("conversation", sa.String(32), nullable=False),
        sa.Column("pinned_at", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation"),
        if_not_exists=True,
    )
    op.create_table(
        "work_files",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("media_type", sa.String(60), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("pages_read", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("runner", sa.String(32)),
        sa.Column("error_code", sa.String(60), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["job"], ["work_jobs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job", "position"),
        if_not_exists=True,
    )
    op.create_index("work_files_by_state", "work_files", ["state", "job"], if_not_exists=True)
    op.create_table(
        "askings",
        sa.Column("message", sa.String(32), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message"),
        if_not_exists=True,
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("conversation", sa.String(32), nullable=False),
        sa.Column("message", sa.String(32)),
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
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index(
        "attachments_by_conversation", "attachments", ["conversation"], if_not_exists=True
    )
    op.create_index("attachments_by_file", "attachments", ["sha256"], if_not_exists=True)
    op.create_table(
        "earlier_answers",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("message", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reasoning", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text),
        sa.Column("asked", sa.Text),
        sa.Column("replaced_at", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_earlier_answers_message", "earlier_answers", ["message"], if_not_exists=True
    )
    op.create_table(
        "receipts",
        sa.Column("message", sa.String(32), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message"),
        if_not_exists=True,
    )
    op.create_index("ix_receipts_message", "receipts", ["message"], if_not_exists=True)
    op.create_table(
        "replays",
        sa.Column("message", sa.String(32), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message"),
        if_not_exists=True,
    )
    op.create_table(
        "work_comparisons",
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("old_file", sa.Integer, nullable=False),
        sa.Column("new_file", sa.Integer, nullable=False),
        sa.Column("content", sa.Text),
        sa.ForeignKeyConstraint(["job"], ["work_jobs.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["new_file"], ["work_files.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["old_file"], ["work_files.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job"),
        if_not_exists=True,
    )
    op.create_table(
        "work_corrections",
        sa.Column("file", sa.Integer, nullable=False),
        sa.Column("field", sa.String(60), nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("reviewer", sa.String(80), nullable=False),
        sa.Column("corrected_at", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["file"], ["work_files.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file", "field"),
        if_not_exists=True,
    )
    op.create_table(
        "work_summaries",
        sa.Column("file", sa.Integer, nullable=False),
        sa.Column("about", sa.String(20), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("content", sa.Text),
        sa.Column("error_code", sa.String(60), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("runner", sa.String(32)),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["file"], ["work_files.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("file", "about", "language"),
        if_not_exists=True,
    )
    if not op.get_bind().scalar(sa.text("SELECT count(*) FROM facts")):
        op.execute("INSERT INTO facts (name, value) VALUES ('schema_version', '1')")
