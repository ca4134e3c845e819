"""Opening the history: a damaged database makes way, a newer one is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from frontend.history.database import SchemaTooNew
from frontend.history.history import History

OWNER = "local"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'history.sqlite3'}"


def ask(history: History, chat: str, text: str) -> None:
    assert history.ask(OWNER, chat, text, turn_key=chat, parameters={}) is not None


@pytest.mark.parametrize("damage", ["not a database", "torn pages"])
def test_a_damaged_file_is_set_aside_and_said_so(url: str, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.sqlite3"
    if damage == "not a database":
        path.write_bytes(b"what is this" * 100)
    else:
        history = History(url)
        for turn in range(50):
            ask(history, f"c{turn}", "text " * 200)
        history.close()
        data = bytearray(path.read_bytes())
        for place in range(4096, len(data), 3000):
            data[place : place + 200] = b"\xa5" * len(data[place : place + 200])
        path.write_bytes(bytes(data))
    damaged = path.read_bytes()
    history = History(url)
    assert history.set_aside is not None
    assert history.set_aside.read_bytes() == damaged
    ask(history, "c1", "Does it work?")
    history.close()
    again = History(url)
    assert again.set_aside is None
    assert len(again.conversations(OWNER)) == 1
    again.close()


def test_a_newer_schema_is_refused_and_left_alone(url: str, tmp_path: Path) -> None:
    History(url).close()
    with sqlite3.connect(tmp_path / "history.sqlite3") as connection:
        connection.execute("UPDATE facts SET value = '99' WHERE name = 'schema_version'")
    connection.close()
    with pytest.raises(SchemaTooNew, match="newer version"):
        History(url)
