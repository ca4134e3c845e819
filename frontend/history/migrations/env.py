"""What alembic runs to upgrade a history: the revisions, over the connection that it was given.

The transaction is the caller's, so that all of them are there in the end, or none.
"""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
