"""The command `doctor`: what it prints, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.cli.__main__ import main
from tests.fakes.backend import FakeBackend
from tests.fakes.site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def backend(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBackend]:
    with FakeBackend() as fake:
        monkeypatch.setenv("BACKEND_ADDRESS", fake.address)
        monkeypatch.setenv("DATA_DIR", str(tmp_path))
        monkeypatch.setenv("PORT", str(site.port))
        yield fake


def test_all_is_well(backend: FakeBackend, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", check] for check in ("page", "backend", "upload", "memory", "speed")
    ]


def test_a_backend_that_is_down(backend: FakeBackend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.stop()
    assert main(["doctor", "--language", "zh"]) == 1
    out = capsys.readouterr().out
    assert f"FAIL  backend {backend.address} 没有后端应答。" in out
    assert "→" in out
    backend.start()


def test_as_json(backend: FakeBackend, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.answers["/_stcore/stream"] = (404, "text/plain", "")
    assert main(["doctor", "--json", "--url", f"http://127.0.0.1:{site.port}"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found[0]["name"] == "page_websocket"
    assert found[0]["grade"] == "bad"
    assert found[0]["values"] == {"status": 404}
    assert "Upgrade" in found[0]["remedy"]
    assert found[1]["remedy"] is None


def test_no_address(backend: FakeBackend, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--url", "desk.example"]) == 2
    assert "https://" in capsys.readouterr().err
