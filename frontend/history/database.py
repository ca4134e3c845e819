"""Opens the history's database, a damaged one set aside, and gives out its transactions.

Reads never wait for writes; writes go one at a time through `BEGIN IMMEDIATE`.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from frontend.history import tables, upgrading
from frontend.history.engines import PATIENCE, engine_for, may_pass, sqlite_path

logger = logging.getLogger(__name__)

PROBE_EVERY: Final = 1.0  # seconds between two looks at whether writing works again


class StorageUnavailable(Exception):
    """Nothing can be kept just now: the disk is full, or another program holds the database.

    What was to be written is not, not even a part of it. It may well succeed later.
    """


class Database:
    """Hands out connections, each inside a transaction. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        """Opens a database of this version's schema, which a new or older one is given first.

        Raises StorageUnavailable, SchemaTooNew, UpgradeFailed.
        """
        self.set_aside: Path | None = None  # where a damaged database went
        path = sqlite_path(url)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.set_aside = _set_aside_if_damaged(path)
        with _told():
            upgrading.bring_up(url)
        self._engine = engine_for(url)
        self._writing = threading.Lock()
        self._failing = False  # whether the latest write was in vain
        self._probed_at = 0.0

    def close(self) -> None:
        self._engine.dispose()

    def scrub(self) -> None:
        """Leaves nothing of what was deleted in the write-ahead log. Raises StorageUnavailable."""
        if self._engine.dialect.name != "sqlite":
            return
        with self._writing, _told():
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database. Raises StorageUnavailable."""
        with _told(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[Connection]:
        """The one transaction that writes. Raises StorageUnavailable, at the end as well.

        It waits for other writers, here and in other processes, but no longer than `patience`
        seconds for either; None: PATIENCE.
        """
        patience = PATIENCE if patience is None else patience
        if not self._writing.acquire(timeout=patience):
            raise StorageUnavailable("another thread is writing")
        try:
            with (
                _told(),
                self._engine.connect().execution_options(patience=patience) as connection,
                connection.begin(),
            ):
                yield connection
        except StorageUnavailable:
            self._failing = True
            raise
        else:
            self._failing = False
        finally:
            self._writing.release()

    @property
    def stores(self) -> bool:
        """Whether what is written is kept: so it was the last time, or is now that it is tried."""
        now = time.monotonic()
        if self._failing and now - self._probed_at > PROBE_EVERY:
            self._probed_at = now
            try:
                with self.write(patience=0.05) as connection:
                    own = tables.facts.c.name == "schema_version"
                    connection.execute(
                        sa.update(tables.facts).where(own).values(name="schema_version")
                    )
            except StorageUnavailable:
                pass
        return not self._failing


@contextmanager
def _told() -> Iterator[None]:
    """Lets failures that may pass out as StorageUnavailable."""
    try:
        yield
    except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
        if not may_pass(error):
            raise
        cause = getattr(error, "orig", error)
        told = {
            "reason": type(cause).__name__,
            "code": getattr(cause, "sqlite_errorcode", None),
        }
        logger.warning("the history cannot be reached", extra=told)
        raise StorageUnavailable("the history cannot be reached") from None


def _set_aside_if_damaged(path: Path) -> Path | None:
    """Renames a database that cannot be trusted, with its log; returns where it went."""
    if not path.exists() or _is_sound(path):
        return None
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", "-wal", "-shm"):
        piece = path.with_name(path.name + suffix)
        if piece.exists():
            piece.rename(aside.with_name(aside.name + suffix))
    logger.error("the history was damaged and is set aside", extra={"file": aside.name})
    return aside


def _is_sound(path: Path) -> bool:
    with _told(), closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        try:
            return [row[0] for row in connection.execute("PRAGMA quick_check(1)")] == ["ok"]
        except sqlite3.OperationalError:
            raise  # locked or unreadable: not damage
        except sqlite3.DatabaseError:
            return False
