"""What the operator has to change: the web process ends with 2 and one line, without the secret."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from frontend.history.history import History
from frontend.history.upgrading import SCHEMA_VERSION
from frontend.keys import FILE
from tests.frontend.test_main import ROOT, environment, free_port

SECRET = "hunter2-of-the-operator"


def ended(folder: Path, **changes: str) -> tuple[int, str]:
    """The exit status, and what was written."""
    ran = subprocess.run(
        [sys.executable, "-m", "frontend"],
        cwd=ROOT,
        env=environment(**{"PORT": str(free_port()), "DATA_DIR": str(folder), **changes}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"API_KEYS": SECRET},
        {"API_KEYS": f"{SECRET} with spaces", "BACKEND_TOKEN": "t"},
        {"BACKEND_TOKEN": f"{SECRET} é"},
        {"BACKEND_TLS_CA": "nowhere.pem"},
        {"DATABASE_URL": f"nonsense://user:{SECRET}@localhost/x"},
        {"DATABASE_URL": f"user:{SECRET}@localhost/x"},
        {"DATA_DIR": "/dev/null/data"},
        {"OWNER_AT_ONCE": "many"},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_a_mistake_is_one_line_without_its_value(tmp_path: Path, changes: dict[str, str]) -> None:
    status, said = ended(tmp_path, **changes)
    assert status == 2
    assert len(said.splitlines()) == 1
    assert SECRET not in said


def test_keys_that_cannot_be_read_or_that_others_can(tmp_path: Path) -> None:
    keys = tmp_path / FILE
    keys.write_text(f'{{"keys": "{SECRET}"')
    keys.chmod(0o600)
    status, said = ended(tmp_path)
    assert (status, said) == (2, f"DATA_DIR: {FILE} cannot be read.\n")
    keys.write_text('{"keys": []}')
    keys.chmod(0o644)
    status, said = ended(tmp_path)
    assert (status, said) == (2, f"DATA_DIR: {FILE} can be read by other users: chmod 600 it.\n")


def test_certificates_that_are_none(tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    pem.write_text(SECRET)
    status, said = ended(tmp_path, BACKEND_TLS_CA=str(pem))
    assert (status, said) == (2, "BACKEND_TLS_CA: must hold certificates as PEM.\n")


def test_a_history_of_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    History(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    before = path.read_bytes()
    status, said = ended(tmp_path)
    assert status == 2
    assert said == (
        "The history was written by a newer version (schema 0099, this one knows "
        f"{SCHEMA_VERSION}): run that version, or restore a backup of this one.\n"
    )
    assert path.read_bytes() == before
