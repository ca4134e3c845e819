"""Saving what people made and putting it back, and what is refused."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from backend.media.store import Store
from frontend import folder
from frontend.history.history import History
from scripts import backup
from scripts.backup import Refused, restore, save, unpack
from tests.fakes.released import rows, write_release

OWNER = "local"


def history(data: Path) -> History:
    data.mkdir(parents=True, exist_ok=True)
    return History(f"sqlite:///{data / 'history.sqlite3'}")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one question, one key and one upload."""
    made = tmp_path / "data"
    opened = history(made)
    assert opened.ask(OWNER, "c1", "Which law governs?", turn_key="t1", parameters={}) is not None
    opened.close()
    (made / "api_keys.json").write_text("{}")
    upload = made / "media" / "files" / "ab" / "abcd"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"%PDF a contract")
    (made / "media" / "incoming").mkdir()
    (made / "media" / "incoming" / "half").write_bytes(b"%PD")
    return made


def questions(data: Path) -> list[str]:
    opened = history(data)
    try:
        return [conversation.title for conversation in opened.conversations(OWNER)]
    finally:
        opened.close()


def test_what_was_saved_comes_back_elsewhere(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "desk.tar.gz"
    assert save(data, archive) == 3
    assert archive.stat().st_mode & 0o077 == 0

    other = tmp_path / "other"
    assert restore(other, archive) is None

    assert questions(other) == questions(data) == ["Which law governs?"]
    assert (other / "media" / "files" / "ab" / "abcd").read_bytes() == b"%PDF a contract"
    assert (other / "api_keys.json").stat().st_mode & 0o077 == 0, "else it would not be trusted"
    assert not (other / "media" / "incoming").exists()
    assert not list(other.glob(".restore-*"))


def test_it_is_saved_while_somebody_writes(data: Path, tmp_path: Path) -> None:
    opened = history(data)
    try:
        assert opened.ask(OWNER, "c2", "And when?", turn_key="t2", parameters={}) is not None
        save(data, tmp_path / "desk.tar.gz", media=False)
    finally:
        opened.close()
    restore(tmp_path / "other", tmp_path / "desk.tar.gz")
    assert sorted(questions(tmp_path / "other")) == ["And when?", "Which law governs?"]
    assert not (tmp_path / "other" / "media").exists()


def test_what_was_there_is_kept(data: Path, tmp_path: Path) -> None:
    save(data, tmp_path / "desk.tar.gz")
    opened = history(data)
    assert opened.ask(OWNER, "c2", "Written later", turn_key="t2", parameters={}) is not None
    opened.close()

    kept = restore(data, tmp_path / "desk.tar.gz")

    assert questions(data) == ["Which law governs?"]
    assert kept is not None
    assert sorted(questions(kept)) == ["Which law governs?", "Written later"]


def test_a_running_system_is_left_alone(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "desk.tar.gz"
    save(data, archive)
    web = folder.hold(data)
    try:
        with pytest.raises(Refused, match="web process"):
            restore(data, archive)
    finally:
        os.close(web)
    store = Store(data / "media", 1 << 20)
    try:
        with pytest.raises(Refused, match="backend"):
            restore(data, archive)
    finally:
        store.close()
    assert questions(data) == ["Which law governs?"]


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_a_damaged_archive_changes_nothing(data: Path, tmp_path: Path, damage: str) -> None:
    archive = tmp_path / "desk.tar.gz"
    save(data, archive)
    if damage == "cut":
        archive.write_bytes(archive.read_bytes()[:-200])
    elif damage == "other":
        archive.write_bytes(b"not an archive")
    else:
        whole = tmp_path / "whole"
        with tarfile.open(archive) as file:
            file.extractall(whole, filter="data")
        (whole / "media" / "files" / "ab" / "abcd").write_bytes(b"%PDF another")
        with tarfile.open(archive, "w:gz") as file:
            for path in sorted(whole.rglob("*")):
                file.add(path, path.relative_to(whole).as_posix(), recursive=False)
    with pytest.raises(Refused):
        restore(data, archive)
    assert questions(data) == ["Which law governs?"]
    with pytest.raises(Refused):
        unpack(archive, tmp_path / "unpacked")


def test_a_backup_of_an_older_version_is_upgraded_when_it_is_opened(tmp_path: Path) -> None:
    old = tmp_path / "old"
    write_release(old / "history.sqlite3", 1)
    before = rows(old / "history.sqlite3")
    save(old, tmp_path / "desk.tar.gz")
    restore(tmp_path / "new", tmp_path / "desk.tar.gz")
    assert rows(tmp_path / "new" / "history.sqlite3") == before
    assert questions(tmp_path / "new") == ["租金是多少,何时支付?", "Which law governs?"]
    assert "alembic_version" in rows(tmp_path / "new" / "history.sqlite3")


def test_a_backup_of_a_newer_version_is_refused(data: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    history(newer).close()
    with closing(sqlite3.connect(newer / "history.sqlite3")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    save(newer, tmp_path / "desk.tar.gz")
    with pytest.raises(Refused, match="newer version"):
        restore(data, tmp_path / "desk.tar.gz")
    with pytest.raises(Refused, match="newer version"):
        unpack(tmp_path / "desk.tar.gz", tmp_path / "unpacked")
    assert questions(data) == ["Which law governs?"]


def test_a_path_out_of_the_folder_is_refused(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(data / "api_keys.json", "../outside.json")
    with pytest.raises(Refused):
        restore(data, archive)
    assert not (tmp_path / "outside.json").exists()


def test_the_command(data: Path, tmp_path: Path) -> None:
    def run(*arguments: str, folder: Path = data) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, backup.__file__, *arguments],
            env={**os.environ, "DATA_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    archive = str(tmp_path / "desk.tar.gz")
    assert "3 files" in run("save", archive).stdout
    assert run("check", archive).stdout.endswith("3 files, whole\n")
    assert "restored" in run("restore", archive, folder=tmp_path / "new").stdout
    nothing = run("save", archive, folder=tmp_path / "empty")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
