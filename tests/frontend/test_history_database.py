"""The history's file: a damaged one makes way, a full disk passes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from frontend.history.database import StorageUnavailable
from frontend.history.history import History
from tests.fakes.disk import full

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


def test_a_full_disk_keeps_nothing_half_and_passes(url: str, tmp_path: Path) -> None:
    history = History(url)
    ask(history, "c1", "Kept?")
    with full(tmp_path / "history.sqlite3-wal"):
        with pytest.raises(StorageUnavailable):
            ask(history, "c2", "text " * 2000)
        assert not history.stores
        assert [kept.id for kept in history.conversations(OWNER)] == ["c1"]
    ask(history, "c3", "Again?")
    assert history.stores
    assert len(history.conversations(OWNER)) == 2
    history.close()
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def outgrow(history: History) -> None:
    """Writes more than the database may hold from now on."""
    with history.database.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
        connection.execute(sa.text("CREATE TABLE more (words TEXT)"))
        connection.execute(sa.text("INSERT INTO more VALUES (:words)"), {"words": "x" * 100_000})


def test_a_database_that_may_not_grow_is_full(url: str) -> None:
    history = History(url)
    with pytest.raises(StorageUnavailable):
        outgrow(history)
    with history.database.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    ask(history, "c1", "Again?")
    assert history.stores
    history.close()


def test_writing_is_tried_again_before_anybody_writes(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.history.database.PROBE_EVERY", 0.0)
    history = History(url)
    with full(tmp_path / "history.sqlite3-wal"):
        with pytest.raises(StorageUnavailable):
            ask(history, "c1", "text " * 2000)
        assert not history.stores
    assert history.stores
    history.close()


def test_a_database_that_another_program_holds_can_be_read(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.history.database.PATIENCE", 0.3)
    history = History(url)
    ask(history, "c1", "Kept?")
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageUnavailable):
            ask(history, "c2", "Now?")
        assert [kept.id for kept in history.conversations(OWNER)] == ["c1"]
        with closing(History(url)) as opened:
            assert [kept.id for kept in opened.conversations(OWNER)] == ["c1"]
        other.rollback()
    ask(history, "c2", "Now?")
    assert len(history.conversations(OWNER)) == 2
    history.close()


def test_a_mistake_of_ours_is_no_lack_of_room(url: str) -> None:
    history = History(url)
    with pytest.raises(sa.exc.OperationalError), history.database.write() as connection:
        connection.execute(sa.text("SELECT * FROM nowhere"))
    assert history.stores
    history.close()
