"""Answers computed once more: whether the same came out."""

from __future__ import annotations

import json
from dataclasses import asdict

import sqlalchemy as sa

from frontend.history import steps
from frontend.history.database import Database
from frontend.history.records import Replay
from frontend.history.tables import replays


class Replays:
    """The latest replay of each answer. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, answer: str, replay: Replay) -> None:
        """Keeps how a replay came out; nothing if the answer is gone by now."""
        with self._database.write() as connection:
            row = steps.find_message(connection, answer)
            if row is None:
                return
            connection.execute(sa.delete(replays).where(replays.c.message == answer))
            content = json.dumps(asdict(replay))
            connection.execute(sa.insert(replays).values(message=answer, content=content))
            steps.touch(connection, row["conversation"])
