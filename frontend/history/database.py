"""Opens the history's database, a damaged one set aside, and gives out its transactions.

Reads never wait for writes; writes go one at a time through `BEGIN IMMEDIATE`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from frontend.history import (
    tables,
    work_tables,  # noqa: F401 - its tables are part of the schema
)


class SchemaTooNew(Exception):
    """The database was written by a newer version."""


class Database:
    """Hands out connections, each inside a transaction. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self.set_aside: Path | None = None  # where a damaged database went
        path = _sqlite_path(url)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.set_aside = _set_aside_if_damaged(path)
        self._engine = _engine(url)
        self._writing = threading.Lock()
        with self.write() as connection:
            tables.schema.create_all(connection)
            _check_version(connection)

    def close(self) -> None:
        self._engine.dispose()

    def scrub(self) -> None:
        """Leaves nothing of what was deleted in the write-ahead log."""
        if self._engine.dialect.name != "sqlite":
            return
        with self._writing:
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with (
            self._writing,
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection


def _check_version(connection: Connection) -> None:
    known = connection.execute(
        sa.select(tables.facts.c.value).where(tables.facts.c.name == "schema_version")
    ).scalar()
    if known is None:
        connection.execute(
            sa.insert(tables.facts).values(name="schema_version", value=str(tables.SCHEMA_VERSION))
        )
    elif int(known) > tables.SCHEMA_VERSION:
        raise SchemaTooNew(
            f"The history was written by a newer version (schema {known}, "
            f"this one knows {tables.SCHEMA_VERSION})."
        )


def _engine(url: str) -> Engine:
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite alone
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",
        "secure_delete=ON",  # what is deleted is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows ASCII only; searches must find any alphabet in upper and lower case.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    return None if text is None else str(text).lower()


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
