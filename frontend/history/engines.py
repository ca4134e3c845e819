"""Connections to the history's database: SQLite's are made to keep what is written, and in turn."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

PATIENCE: Final = 5.0  # seconds to wait for another writer, of this process or of another
# SQLite's results that may pass: busy, locked, read-only, input/output, full, cannot open.
_PASSING: Final = frozenset({5, 6, 8, 10, 13, 14})


def engine_for(url: str) -> Engine:
    """Transactions that are given `patience`, in seconds, write; others read.

    With `unchecked`, which goes with it, foreign keys are not looked at, from then on in that
    connection; detach it.
    """
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def can_open(url: str) -> bool:
    """Whether databases of that kind can be opened here; nothing is opened."""
    try:
        sa.create_engine(url).dispose()
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError):
        return False
    return True


def may_pass(error: Exception) -> bool:
    """Whether what a database refused may well succeed later: it is full, locked or away."""
    if not isinstance(error, sa.exc.OperationalError | sqlite3.OperationalError):
        return False
    cause = getattr(error, "orig", error)
    code = getattr(cause, "sqlite_errorcode", None)
    return not isinstance(cause, sqlite3.Error) or (code is not None and code & 0xFF in _PASSING)


def sqlite_path(url: str) -> Path | None:
    """The file that a URL names; None if the database is no file."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite alone
    for pragma in (
        f"busy_timeout={PATIENCE * 1000:.0f}",
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
    options = connection.get_execution_options()
    patience = options.get("patience")
    if patience is None:
        connection.exec_driver_sql("BEGIN")
        return
    if options.get("unchecked"):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # does nothing once it has begun
    connection.exec_driver_sql(f"PRAGMA busy_timeout={patience * 1000:.0f}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
