"""Which schema a history has, and how a new or older one comes to that of this version.

The schema is made by the revisions in `migrations`, in their order, and by nothing else. Its
number is the latest revision's. The history holds it twice: where alembic looks, and among its
facts, where the first release looks, which knew no revisions: it refuses what is newer than itself.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

from frontend.history.engines import PATIENCE, engine_for, may_pass, sqlite_path

logger = logging.getLogger(__name__)

SCHEMA_VERSION: Final = 2  # the number of the latest revision
MIGRATIONS: Final = "frontend.history:migrations"
_FIRST_RELEASE: Final = "1"
_LOCK: Final = 7_150_216  # PostgreSQL's, for as long as a process upgrades


class SchemaTooNew(Exception):
    """The history was written by a newer version, and is left as it is."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The history was written by a newer version (schema {found}, "
            f"this one knows {SCHEMA_VERSION}): run that version, or restore a backup of this one."
        )


class UpgradeFailed(Exception):
    """An older history could not be upgraded, and is as it was."""


def version_at(url: str) -> int:
    """The number of a database's schema; 0 if there is no database, or nothing in it yet.

    Changes nothing. Raises SchemaTooNew, and what SQLAlchemy raises if it cannot be read.
    """
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return 0
    with _looking(url, path).connect() as connection:
        return _version(connection)


def is_older(url: str) -> bool:
    """Whether there is a history that an older version wrote. Raises as `version_at` does."""
    return 0 < version_at(url) < SCHEMA_VERSION


def bring_up(url: str) -> None:
    """Gives a new or older database this version's schema, all at once or not at all.

    A copy of an older one that is a file is set aside first. Another process that does the same is
    waited for. Raises SchemaTooNew, UpgradeFailed, and what SQLAlchemy raises if the database
    cannot be reached.
    """
    if version_at(url) == SCHEMA_VERSION:
        return
    copy: Path | None = None
    try:
        with _alone(url) as connection:
            found = _version(connection)
            if 0 < found < SCHEMA_VERSION:
                copy = _set_copy_aside(url, found)
            _migrate(connection)
    except BaseException as error:
        if copy is not None:
            with suppress(OSError):
                copy.unlink()
        if not isinstance(error, Exception) or isinstance(error, SchemaTooNew | UpgradeFailed):
            raise
        if isinstance(error, sa.exc.DBAPIError) and may_pass(error):
            raise
        logger.exception("the history could not be upgraded")
        raise UpgradeFailed(
            f"The history could not be upgraded to schema {SCHEMA_VERSION} and is as it was "
            f"({type(error).__name__})."
        ) from error
    if copy is not None:
        told = {"before": found, "now": SCHEMA_VERSION, "copy": copy.name}
        logger.info("the history was upgraded", extra=told)


def _looking(url: str, path: Path | None) -> Engine:
    """Connections that cannot write, not even SQLite's own files, where that can be had."""
    if path is None:
        return sa.create_engine(url, poolclass=NullPool)
    readable = f"{path.absolute().as_uri()}?mode=ro"
    return sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(readable, uri=True, timeout=PATIENCE),
        poolclass=NullPool,
    )


def _version(connection: Connection) -> int:
    """The schema's number; 0 in a new database. Raises SchemaTooNew."""
    tables = sa.inspect(connection).get_table_names()
    numbers: list[str] = []
    if "alembic_version" in tables:
        numbers += connection.scalars(sa.text("SELECT version_num FROM alembic_version"))
    if "facts" in tables:
        own = sa.text("SELECT value FROM facts WHERE name = 'schema_version'")
        numbers.append(connection.scalar(own) or _FIRST_RELEASE)
    for number in numbers:
        if not number.isdecimal() or int(number) > SCHEMA_VERSION:
            raise SchemaTooNew(number)
    return max(map(int, numbers), default=0)


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    """The one transaction that upgrades; foreign keys are looked at when it ends."""
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            connection.detach()  # nobody else may have it, its foreign keys being unchecked
            connection.execution_options(patience=PATIENCE, unchecked=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection
                if connection.dialect.name == "sqlite":
                    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                    if dangling is not None:
                        raise UpgradeFailed(
                            f"The history could not be upgraded to schema {SCHEMA_VERSION} and is "
                            f"as it was: a row of {dangling[0]} refers to nothing."
                        )
    finally:
        engine.dispose()


def _set_copy_aside(url: str, version: int) -> Path | None:
    """Copies a database that is a file, as it was last committed, beside itself; where to.

    Raises UpgradeFailed.
    """
    path = sqlite_path(url)
    if path is None:
        return None
    now = time.strftime("%Y%m%d-%H%M%S")
    copy = path.with_name(f"{path.name}.schema-{version}-{now}")
    partial = copy.with_name(f"{copy.name}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(partial)) as kept:
            live.backup(kept)
            kept.execute("PRAGMA journal_mode=DELETE")
        partial.replace(copy)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink()
        raise UpgradeFailed(
            f"The history has schema {version} and is to have {SCHEMA_VERSION}, but no copy of it "
            f"could be set aside ({error}); it is as it was."
        ) from error
    return copy


def _migrate(connection: Connection) -> None:
    # Half a second, which only what is new or older has to wait for.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", MIGRATIONS)
    command.upgrade(config, "head")
    connection.execute(
        sa.text("UPDATE facts SET value = :number WHERE name = 'schema_version'"),
        {"number": str(SCHEMA_VERSION)},
    )
