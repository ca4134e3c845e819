"""The tables of contract work: jobs, files, summaries, corrections, own lists of fields."""

from __future__ import annotations

import sqlalchemy as sa

from frontend.history.tables import schema

work_jobs = sa.Table(
    "work_jobs",
    schema,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),  # a list of fields as JSON
    sa.Column("options", sa.Text, nullable=False),  # JSON
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("served_at", sa.Float, nullable=False),  # when a file of it was last begun
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.Index("work_jobs_by_owner", "owner", "created_at"),
)

work_files = sa.Table(
    "work_files",
    schema,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job", sa.ForeignKey("work_jobs.id", ondelete="CASCADE"), nullable=False),
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
    sa.Column("runner", sa.String(32)),  # who is at it
    sa.Column("error_code", sa.String(60), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("result", sa.Text),  # an extraction as JSON
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.UniqueConstraint("job", "position"),
    sa.Index("work_files_by_state", "state", "job"),
    sa.Index("work_files_by_file", "sha256"),
)

work_runners = sa.Table(
    "work_runners",
    schema,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("seen_at", sa.Float, nullable=False),
)

work_corrections = sa.Table(
    "work_corrections",
    schema,
    sa.Column("file", sa.ForeignKey("work_files.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("field", sa.String(60), primary_key=True),
    sa.Column("value", sa.Text),  # null: the reviewer agrees with the model
    sa.Column("reviewer", sa.String(80), nullable=False),
    sa.Column("corrected_at", sa.Float, nullable=False),
)

work_summaries = sa.Table(
    "work_summaries",
    schema,
    sa.Column("file", sa.ForeignKey("work_files.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("about", sa.String(20), primary_key=True),
    sa.Column("language", sa.String(8), primary_key=True),
    sa.Column("content", sa.Text),  # JSON; null: still wanted, or failed
    sa.Column("error_code", sa.String(60), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("runner", sa.String(32)),  # who is at it
    sa.Column("asked_at", sa.Float, nullable=False),
)

work_comparisons = sa.Table(
    "work_comparisons",
    schema,
    sa.Column("job", sa.ForeignKey("work_jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("old_file", sa.ForeignKey("work_files.id", ondelete="CASCADE"), nullable=False),
    sa.Column("new_file", sa.ForeignKey("work_files.id", ondelete="CASCADE"), nullable=False),
    sa.Column("content", sa.Text),  # JSON; null: not compared yet
    sa.Index("work_comparisons_by_old_file", "old_file"),
    sa.Index("work_comparisons_by_new_file", "new_file"),
)

work_fields = sa.Table(
    "work_fields",
    schema,
    sa.Column("owner", sa.String(80), primary_key=True),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
)
