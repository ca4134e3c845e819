"""What the operator has to change: the backend ends with 2 and one line, without the secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import certificates

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hunter2-of-the-operator"


def ended(folder: Path, **changes: str) -> tuple[int, str]:
    """The exit status, and what was written."""
    settings = {"DATA_DIR": str(folder / "data"), "BACKEND_ADDRESS": "127.0.0.1:0"}
    ran = subprocess.run(
        [sys.executable, "-m", "backend"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings, **changes},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"API_KEYS": f"{SECRET} with spaces"},
        {"BACKEND_TOKEN": f"{SECRET} é"},
        {"BACKEND_TLS_CERT": "nowhere.pem", "BACKEND_TLS_KEY": "nowhere.pem"},
        {"BACKEND_TOKEN": SECRET, "BACKEND_ADDRESS": "0.0.0.0:50051"},
        {"DATA_DIR": "/dev/null/data", "MODEL": "embedded"},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_a_mistake_is_told_without_its_value(tmp_path: Path, changes: dict[str, str]) -> None:
    status, said = ended(tmp_path, **changes)
    assert status == 2
    names = {line.partition(":")[0].split()[0] for line in said.splitlines()}
    assert names <= set(changes), said
    assert len(said.splitlines()) == len(names), "a line for each mistake"
    assert SECRET not in said


def test_a_key_that_others_can_read_and_one_that_is_none(tmp_path: Path) -> None:
    key, cert = certificates.write(tmp_path)
    files = {"BACKEND_TLS_KEY": str(key), "BACKEND_TLS_CERT": str(cert)}
    key.chmod(0o644)
    status, said = ended(tmp_path, **files)
    assert status == 2
    assert said == ("BACKEND_TLS_KEY: can be read by every user of this machine: chmod 600 it.\n")
    key.chmod(0o600)
    key.write_text(SECRET)
    status, said = ended(tmp_path, **files)
    assert status == 2
    assert said == (
        "BACKEND_TLS_CERT and BACKEND_TLS_KEY: they are no certificate and its key, as PEM.\n"
    )
