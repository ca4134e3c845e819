"""Histories as released versions wrote them, with rows in every table."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

RELEASES = Path(__file__).parents[1] / "frontend" / "releases"

Rows = dict[str, list[tuple[object, ...]]]


def write_release(path: Path, schema: int) -> None:
    """Writes the history of a release into a new file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((RELEASES / f"schema_{schema}.sql").read_text(encoding="utf-8"))


def rows(path: Path) -> Rows:
    """Everything that a database holds, by table, sorted."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for (name,) in tables.fetchall()
        }
