"""The examples of docs/examples, run as their readers would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.asking import PDF, png
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
KEY = "an-example-key"


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend(token=KEY) as fake:
        yield fake


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    (tmp_path / "contract.pdf").write_bytes(PDF)
    return tmp_path / "contract.pdf"


def run(name: str, *arguments: object, key: str = KEY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)],
        env={**os.environ, "API_KEY": key},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_rest(backend: FakeBackend, pdf: Path, tmp_path: Path) -> None:
    picture = tmp_path / "scan.png"
    picture.write_bytes(png())
    with Web(backend.address, api_keys=(KEY,), backend_token=KEY) as web:
        ran = run("rest_client.py", "--url", f"{web.url}/v1", "--picture", picture, "--pdf", pdf)
    assert ran.returncode == 0, ran.stderr
    assert "You said: What does this picture say?" in ran.stdout
    assert "You said: Who are the parties, and which law governs?" in ran.stdout
    assert "route: multimodal (The question comes with files.)" in ran.stdout
    assert "pages used: [1, 2]" in ran.stdout
    assert "tokens: " in ran.stdout
    assert backend.uploads == ["", "contract.pdf"]


def test_grpc(backend: FakeBackend, pdf: Path) -> None:
    ran = run("grpc_client.py", pdf, "Which law governs?", "--address", backend.address)
    assert ran.returncode == 0, ran.stderr
    assert "stored application/pdf, 2 page(s)" in ran.stdout
    assert "read page 2 of 2" in ran.stdout
    assert "ROUTE_MULTIMODAL: The question comes with files." in ran.stdout
    assert "You said: Which law governs?" in ran.stdout
    assert "FINISH_REASON_STOP" in ran.stdout


def test_grpc_tells_what_is_wrong(backend: FakeBackend, pdf: Path) -> None:
    ran = run("grpc_client.py", pdf, "?", "--address", backend.address, key="other")
    assert ran.returncode == 1
    assert ran.stderr == "invalid_api_key: The token is wrong.\n"
