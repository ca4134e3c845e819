"""Indexes for what went through whole tables: deleting, forgetting, asking anew, and the start.

With 10,000 conversations and 20,000 files of jobs, deleting a job of 50 files took 2.5 s, in which
nobody else could write.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    running = sa.text("state = 'running'")
    op.create_index("attachments_by_message", "attachments", ["message"])
    op.create_index(
        "messages_running",
        "messages",
        ["conversation"],
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_index("work_files_by_file", "work_files", ["sha256"])
    op.create_index("work_comparisons_by_old_file", "work_comparisons", ["old_file"])
    op.create_index("work_comparisons_by_new_file", "work_comparisons", ["new_file"])
